/**
 * Loaded before the fuzzer: counts in every module of ours which branches run (Istanbul's counters), so that an
 * input that reaches new code can be told from one that does not.
 */

import { readFileSync } from "node:fs";
import { register } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { createInstrumenter } from "istanbul-lib-instrument";

const VARIABLE = "__symbolonCoverage";
const instrumented = /\/dist\/(protocol|firmware|host)\/.*\.js$/;

if (isMainThread) register(import.meta.url);

interface Loaded {
  readonly format: string;
  readonly source: string | ArrayBuffer;
  readonly shortCircuit?: boolean;
}

/** A hook of Node's module loader, on its own thread. */
export async function load(
  url: string,
  context: object,
  next: (url: string, context: object) => Promise<Loaded>,
): Promise<Loaded> {
  if (!instrumented.test(url)) return next(url, context);
  const file = fileURLToPath(url);
  const instrumenter = createInstrumenter({ esModules: true, coverageVariable: VARIABLE });
  const source = instrumenter.instrumentSync(readFileSync(file, "utf8"), file);
  return { format: "module", source, shortCircuit: true };
}

interface FileCounters {
  readonly b: Record<string, number[]>;
  readonly f: Record<number, number>;
}

interface Counter {
  readonly counts: { readonly [id: number]: number };
  readonly id: number;
}

/** How many branches and functions have ever run; grows when an input reaches new code. */
export class Reached {
  /** What is still to be reached, function by function and branch by branch. */
  readonly #open: Counter[] = [];
  #files = 0;
  count = 0;

  /** Whether code has run, since the last call, that never had before. */
  isNew(): boolean {
    this.#takeFiles();
    const before = this.count;
    for (let i = this.#open.length - 1; i >= 0; i--) {
      const { counts, id } = this.#open[i];
      if (counts[id] === 0) continue;
      this.count++;
      const last = this.#open.pop() as Counter;
      if (i < this.#open.length) this.#open[i] = last;
    }
    return this.count > before;
  }

  /** Counters of modules that were loaded since. */
  #takeFiles(): void {
    const loaded = (globalThis as unknown as Record<string, Record<string, FileCounters> | undefined>)[
      VARIABLE
    ];
    const files = Object.values(loaded ?? {});
    for (const { b, f } of files.slice(this.#files)) {
      for (const id in f) this.#open.push({ counts: f, id: Number(id) });
      for (const id in b) {
        for (let branch = 0; branch < b[id].length; branch++) this.#open.push({ counts: b[id], id: branch });
      }
    }
    this.#files = files.length;
  }
}
