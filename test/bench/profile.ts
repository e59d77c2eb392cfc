/** Where the instructions of a run go: the calls that the profiling image records, added up by function and by phase. */

import { execFileSync } from "node:child_process";

/** One record of boards/cortex-m4/engine/profile.c: code's address (0: a return), frame, counter. */
const RECORD = 12;

/** A phase is what its functions do, but for what another phase in them does. */
export interface Phase {
  readonly name: string;
  readonly functions: readonly string[];
}

/** The exchange as the firmware goes through it; the first phase is what no other one has. */
export const phases: readonly Phase[] = [
  { name: "the rest", functions: [] },
  { name: "T and PSKs, stored", functions: ["nextStep"] },
  { name: "session, RAND", functions: ["createSession"] },
  { name: "I_TP, all", functions: ["createShareMessages"] },
  { name: "CoAP, requests", functions: ["request"] },
  { name: "CoAP, receiving", functions: ["receive"] },
  { name: "TP_I, verified", functions: ["consumeShareVerification"] },
  { name: "R_I, verified", functions: ["consumeConfirmation"] },
  { name: "keys of the channel", functions: ["channelKeys", "fingerprint"] },
  {
    name: "events, for people",
    functions: ["identityToText", "print", "xs_print", "stringify", "fx_JSON_stringify"],
  },
];

export interface FunctionFigures {
  readonly name: string;
  calls: number;
  /** Without what it called. */
  own: number;
  /** With what it called. */
  all: number;
}

export interface Profile {
  readonly instructions: number;
  readonly phases: { readonly name: string; readonly calls: number; readonly instructions: number }[];
  /** Most own instructions first. */
  readonly functions: readonly FunctionFigures[];
}

/** Collects what the image tells, then adds up. */
export class Profiler {
  readonly #names = new Map<number, string>();
  readonly #chunks: Buffer[] = [];

  /** `image` is the ELF file: its symbols name the functions in C. */
  constructor(image: string) {
    const symbols = execFileSync("arm-none-eabi-nm", [image], { encoding: "utf8", timeout: 10_000 });
    for (const [, address, name] of symbols.matchAll(/^([0-9a-f]+) [tT] (\S+)$/gm)) {
      this.#names.set(Number.parseInt(address, 16), name);
    }
  }

  readonly onName = (code: number, name: string): void => {
    this.#names.set(code, name);
  };

  readonly onRecords = (records: Buffer): void => {
    this.#chunks.push(records);
  };

  profile(): Profile {
    const records = Buffer.concat(this.#chunks);
    const functions = new Map<string, FunctionFigures>();
    const phaseOf = new Map(
      phases.flatMap(({ functions }, i) => functions.map((name) => [name, i] as const)),
    );
    const totals = phases.map(({ name }) => ({ name, calls: 0, instructions: 0 }));
    const open: { name: string; frame: number; at: number; phase: number; nested: boolean }[] = [];
    let last = records.readUInt32LE(8);
    const first = last;
    for (let i = 0; i < records.length; i += RECORD) {
      const code = records.readUInt32LE(i);
      const frame = records.readUInt32LE(i + 4);
      const at = records.readUInt32LE(i + 8);
      const top = open.at(-1);
      if (top !== undefined) figuresOf(functions, top.name).own += at - last;
      totals[top?.phase ?? 0].instructions += at - last;
      last = at;
      if (code !== 0) {
        const name = this.#nameOf(code);
        const phase = phaseOf.get(name) ?? top?.phase ?? 0;
        if (phase !== top?.phase) totals[phase].calls++;
        figuresOf(functions, name).calls++;
        open.push({ name, frame, at, phase, nested: open.some((other) => other.name === name) });
        continue;
      }
      // An exception leaves frames without a return.
      let depth = open.length - 1;
      while (depth >= 0 && open[depth].frame !== frame) depth--;
      if (depth < 0) continue;
      for (const call of open.splice(depth)) {
        if (!call.nested) figuresOf(functions, call.name).all += at - call.at;
      }
    }
    return {
      instructions: last - first,
      phases: totals,
      functions: [...functions.values()].sort((a, b) => b.own - a.own),
    };
  }

  /** Functions in C bear the Thumb bit in their address. */
  #nameOf(code: number): string {
    return this.#names.get(code) ?? this.#names.get(code & ~1) ?? `0x${code.toString(16)}`;
  }
}

function figuresOf(functions: Map<string, FunctionFigures>, name: string): FunctionFigures {
  let figures = functions.get(name);
  if (figures === undefined) {
    figures = { name, calls: 0, own: 0, all: 0 };
    functions.set(name, figures);
  }
  return figures;
}
