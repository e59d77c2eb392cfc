/** Traces of known charge, in the format of every meter. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { type CollectOptions, collect } from "../../../host/energy/report/collect.js";
import { findTraces } from "../../../host/energy/traces/open.js";
import { bitPairs, FRAME } from "../../../host/energy/traces/ppk2-frames.js";
import { Ppk2Writer } from "../../../host/energy/traces/ppk2-writer.js";
import type { TraceOptions } from "../../../host/energy/traces/trace.js";
import { type PhaseName, phaseCodes } from "../../../protocol/marks.js";

/** A phase: its currents in nanoamperes, whole numbers, so that every format can say them. */
export interface Part {
  readonly phase: PhaseName;
  readonly nanoamperes: readonly number[];
}

export const MILLIVOLTS = 3000;

/** Levels of three pins. */
export function levelsOf(phase: PhaseName): number {
  return (phaseCodes.find(({ name }) => name === phase) as (typeof phaseCodes)[number]).three;
}

/** Coulombs of a part at a rate. */
export function chargeOf({ nanoamperes }: Part, rate: number): number {
  return nanoamperes.reduce((sum, value) => sum + value, 0) / 1e9 / rate;
}

export interface Sample {
  readonly nanoamperes: number;
  readonly levels: number;
}

export function samplesOf(parts: readonly Part[]): Sample[] {
  return parts.flatMap(({ phase, nanoamperes }) =>
    nanoamperes.map((value) => ({ nanoamperes: value, levels: levelsOf(phase) })),
  );
}

/** A format: writes a trace into a folder; returns what to read, and how. */
export interface Format {
  readonly name: string;
  readonly rate: number;
  write(folder: string, samples: readonly Sample[]): string[];
  readonly trace?: TraceOptions;
  readonly collect?: CollectOptions;
}

const bits = (levels: number) => Array.from({ length: 8 }, (_, i) => `${(levels >> i) & 1}`);
const save = (folder: string, name: string, content: string | Buffer): string => {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
};
const microamperes = ({ nanoamperes }: Sample) => (nanoamperes / 1000).toFixed(3);
const ms = (i: number) => `${(i * 10) / 1000}`;

function nordic(
  name: string,
  header: string,
  row: (sample: Sample, i: number) => string,
  trace?: TraceOptions,
): Format {
  return {
    name: `PPK2 CSV, ${name}`,
    rate: 100_000,
    write: (folder, samples) => [save(folder, "a.csv", `${header}\n${samples.map(row).join("\n")}\n`)],
    ...(trace && { trace }),
    collect: { volts: MILLIVOLTS / 1000 },
  };
}

export function bsonOf(values: Readonly<Record<string, number>>): Buffer {
  const elements = Object.entries(values).map(([name, value]) => {
    const number = Buffer.alloc(8);
    number.writeDoubleLE(value);
    return Buffer.concat([Buffer.from([1]), Buffer.from(`${name}\0`), number]);
  });
  return document(elements);
}

function document(elements: readonly Buffer[]): Buffer {
  const body = Buffer.concat([...elements, Buffer.from([0])]);
  const length = Buffer.alloc(4);
  length.writeInt32LE(body.length + 4);
  return Buffer.concat([length, body]);
}

/** An old `.ppk`, as the app's version 3 wrote it: BSON { version, options: { samplesPerSecond } }, then the data. */
export function ppkOf(samples: readonly Sample[], rate: number): Buffer {
  const options = bsonOf({ samplesPerSecond: rate });
  const metadata = document([
    Buffer.concat([Buffer.from([0x10]), Buffer.from("version\0"), Buffer.from([2, 0, 0, 0])]),
    Buffer.concat([
      Buffer.from([0x02]),
      Buffer.from("app\0"),
      Buffer.from([4, 0, 0, 0]),
      Buffer.from("ppk\0"),
    ]),
    Buffer.concat([Buffer.from([0x03]), Buffer.from("options\0"), options]),
  ]);
  const currents = Buffer.alloc(4 + 4 * samples.length);
  const pairs = Buffer.alloc(4 + 2 * samples.length);
  currents.writeUInt32LE(4 * samples.length);
  pairs.writeUInt32LE(2 * samples.length);
  samples.forEach(({ nanoamperes, levels }, i) => {
    currents.writeFloatLE(nanoamperes / 1000, 4 + 4 * i);
    pairs.writeUInt16LE(bitPairs(levels), 4 + 2 * i);
  });
  return deflateRawSync(Buffer.concat([metadata, currents, pairs]));
}

/** Otii samples each channel at a rate of its own: here the voltage at half, the pins at twice the current's. */
function otii(folder: string, samples: readonly Sample[]): string[] {
  const table = (rows: readonly string[]) => `Timestamp,Value\n${rows.join("\n")}\n`;
  const at = (i: number, rate: number) => (i / rate).toFixed(7);
  const pin = (bit: number) =>
    table(
      samples.flatMap(({ levels }, i) => [0, 1].map((j) => `${at(2 * i + j, 8000)},${(levels >> bit) & 1}`)),
    );
  return [
    save(
      folder,
      "Main current - Arc.csv",
      table(samples.map((s, i) => `${at(i, 4000)},${s.nanoamperes / 1e9}`)),
    ),
    save(
      folder,
      "Main voltage - Arc.csv",
      table(samples.filter((_, i) => i % 2 === 0).map((_, i) => `${at(i, 2000)},${MILLIVOLTS / 1000}`)),
    ),
    ...[0, 1, 2].map((bit) => save(folder, `GPI ${bit + 1} - Arc.csv`, pin(bit))),
  ];
}

/** The phase stands in a column of its own; Joulescope's times are the ends of what its rows are about. */
function joulescope(folder: string, samples: readonly Sample[]): string[] {
  let charge = 0;
  const rows = samples.map(({ nanoamperes, levels }, i) => {
    const amperes = nanoamperes / 1e9;
    charge += amperes / 1000;
    const watts = (amperes * MILLIVOLTS) / 1000;
    const values = [(i / 1000).toFixed(3), amperes, MILLIVOLTS / 1000, watts, charge, charge * 3];
    return [...values, ...bits(levels).slice(0, 3)].join();
  });
  return [save(folder, "j.csv", `#time,current,voltage,power,charge,energy,m0,m1,m2\n${rows.join("\n")}\n`)];
}

export const formats: readonly Format[] = [
  {
    name: ".ppk2",
    rate: 100_000,
    write(folder, samples) {
      const file = join(folder, "a.ppk2");
      const writer = new Ppk2Writer(file, { samplesPerSecond: 100_000, millivolts: MILLIVOLTS });
      for (const { nanoamperes, levels } of samples) writer.add(nanoamperes / 1000, levels);
      writer.close();
      return [file];
    },
  },
  {
    name: ".ppk",
    rate: 100_000,
    write: (folder, samples) => [save(folder, "a.ppk", ppkOf(samples, 100_000))],
    collect: { volts: MILLIVOLTS / 1000 },
  },
  nordic(
    "all columns",
    "Timestamp(ms),Current(uA),D0-D7,D0,D1,D2,D3,D4,D5,D6,D7",
    (s, i) => `${ms(i)},${microamperes(s)},${bits(s.levels).join("")},${bits(s.levels).join()}`,
  ),
  nordic(
    "D0-D7 in one",
    "Timestamp(ms),Current(uA),D0-D7",
    (s, i) => `${ms(i)},${microamperes(s)},${bits(s.levels).join("")}`,
  ),
  nordic(
    "D0 to D7 apart",
    "Timestamp(ms),Current(uA),D0,D1,D2,D3,D4,D5,D6,D7",
    (s, i) => `${ms(i)},${microamperes(s)},${bits(s.levels).join()}`,
  ),
  nordic("no times", "Current(uA),D0-D7", (s) => `${microamperes(s)},${bits(s.levels).join("")}`, {
    samplesPerSecond: 100_000,
  }),
  { name: "Otii", rate: 4000, write: otii },
  {
    name: "Joulescope statistics",
    rate: 1000,
    write: joulescope,
    trace: { channels: ["m0", "m1", "m2"] },
    collect: { channels: ["m0", "m1", "m2"] },
  },
  {
    name: "plain CSV",
    rate: 5000,
    write: (folder, samples) => [
      save(
        folder,
        "p.csv",
        `time_us;current [mA];voltage;D0;D1;D2\r\n${samples
          .map(
            (s, i) =>
              `${i * 200};${`${s.nanoamperes / 1e6}`.replace(".", ",")};3,0;${bits(s.levels).slice(0, 3).join(";")}\r\n`,
          )
          .join("")}`,
      ),
    ],
  },
];

/** Runs with a folder that is gone afterwards. */
export async function withFolder<Result>(run: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "symbolon-energy-"));
  try {
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Reads what a format wrote. */
export async function read(format: Pick<Format, "trace" | "collect">, files: readonly string[]) {
  return collect(await findTraces(files, format.trace ?? {}), format.collect ?? {});
}

export { FRAME };
