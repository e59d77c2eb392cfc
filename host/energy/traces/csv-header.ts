/** Which meter a CSV comes from, and what its columns are, by its first line. */

import { open } from "node:fs/promises";
import type { Column, Layout } from "./csv-rows.js";
import {
  type CurrentUnit,
  currentUnits,
  type Meter,
  malformed,
  type TimeUnit,
  type TraceOptions,
  timeUnits,
} from "./trace.js";

/** A column by what it holds. */
export type Role = "time" | "current" | "voltage" | "power" | "level" | "levels" | "channel";

export interface Header {
  readonly meter: Meter;
  readonly layout: Layout;
  /** The columns that are numbers, in their order, with the names of the file. */
  readonly numbers: readonly { readonly role: Role; readonly name: string }[];
  /** Names of the channels that are levels already, at their bit. */
  readonly channels: readonly string[];
}

const HEAD = 1 << 16;
const MAX_CHANNELS = 8;

/** Reads the first lines. Throws a SyntaxError when they are no recording's, with what to do. */
export async function readHeader(file: string, options: TraceOptions = {}): Promise<Header> {
  const text = await headOf(file);
  const lines = text.split(/\r?\n/);
  const at = lines.findIndex((line) => line.trim() !== "");
  if (at < 0) throw malformed(file, "", "the file is empty");
  const first = lines[at].replace(/^\uFEFF/, "");
  const delimiter = first.includes(";") ? ";" : first.includes("\t") ? "\t" : ",";
  const names = first
    .replace(/^#\s*/, "")
    .split(delimiter)
    .map((name) => name.trim().replace(/^"(.*)"$/, "$1"));
  if (names.every((name) => /^[+-]?[\d.,]+(e[+-]?\d+)?$/i.test(name))) {
    return plain(
      file,
      ["time", "current", "voltage"].slice(0, names.length),
      { delimiter, headerLines: at },
      options,
    );
  }
  const place = { delimiter, headerLines: at + 1 } as const;
  const bare = names.map((name) => name.toLowerCase().replace(/\s/g, ""));
  if (bare.every((name) => /^(timestamp\(ms\)|current\(ua\)|d0-d7|d[0-7])$/.test(name))) {
    return nordic(file, bare, place, options);
  }
  if (bare.join() === "timestamp,value") {
    return {
      meter: "otii",
      layout: {
        ...place,
        columns: [
          { kind: "number", scale: 1 },
          { kind: "number", scale: 1 },
        ],
      },
      numbers: [
        { role: "time", name: "Timestamp" },
        { role: "channel", name: "Value" },
      ],
      channels: [],
    };
  }
  const joulescope = bare.slice(0, 6).join() === "time,current,voltage,power,charge,energy";
  return { ...plain(file, names, place, options), ...(joulescope && { meter: "joulescope" as const }) };
}

async function headOf(file: string): Promise<string> {
  const handle = await open(file);
  try {
    const buffer = Buffer.alloc(HEAD);
    const { bytesRead } = await handle.read(buffer, 0, HEAD, 0);
    if (buffer.subarray(0, bytesRead).includes(0)) {
      throw malformed(file, "", "no recording that is known here: neither .ppk2, .ppk nor text");
    }
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

type Place = Pick<Layout, "delimiter" | "headerLines">;

/** Nordic's app lets its user leave out any group of columns. */
function nordic(file: string, names: readonly string[], place: Place, options: TraceOptions): Header {
  if (!names.includes("current(ua)")) {
    throw malformed(file, "line 1", "the column Current(uA) is missing: export it too");
  }
  if (!names.includes("timestamp(ms)") && options.samplesPerSecond === undefined) {
    throw malformed(file, "line 1", "the column Timestamp(ms) is missing: say --rate, samples a second");
  }
  const separate = names.includes("d0");
  const columns = names.map((name): Column => {
    if (name === "timestamp(ms)") return { kind: "number", scale: 1e-3 };
    if (name === "current(ua)") return { kind: "number", scale: 1e-6 };
    if (name === "d0-d7") return separate ? undefined : { kind: "bits" };
    return { kind: "bit", bit: Number(name.slice(1)) };
  });
  const digital = separate || names.includes("d0-d7");
  return {
    meter: "ppk2",
    layout: { ...place, columns },
    numbers: names
      .filter((name) => name.endsWith(")"))
      .map((name) => ({ role: name === "current(ua)" ? "current" : "time", name })),
    channels: digital ? Array.from({ length: MAX_CHANNELS }, (_, i) => `D${i}`) : [],
  };
}

/** Any CSV with a time and a current. Units stand in the names: time(ms), current_mA, Current [uA]. */
function plain(file: string, names: readonly string[], place: Place, options: TraceOptions): Header {
  const roles = names.map((name): Role | undefined => {
    // An exported JLS file says whose signal it is: JS220-001122.current.
    const bare = name.toLowerCase().replace(/^.*\.(?=[a-z])/, "");
    if (options.channels?.includes(name)) return "channel";
    if (/^(time|timestamp|t|seconds|elapsed)\b|^time_/.test(bare)) return "time";
    if (/^(current|amps|amperes|i)\b|^current_/.test(bare)) return "current";
    if (/^(voltage|volts|u|v)\b|^voltage_/.test(bare)) return "voltage";
    if (/^power\b/.test(bare)) return "power";
    return /^(d|gpi|gpio|di|mark)\W?\d*\W?$/.test(bare) ? "channel" : undefined;
  });
  const time = roles.indexOf("time");
  // A column can be a current and, above a threshold, a channel too.
  const current =
    roles.indexOf("current") < 0 ? names.findIndex((n) => /current|amps/i.test(n)) : roles.indexOf("current");
  if (current < 0 || time < 0) {
    const what = time < 0 ? "time" : "current";
    throw malformed(
      file,
      "line 1",
      `no column is the ${what}: expected time,current[,voltage], got ${names.join()}`,
    );
  }
  roles[current] = "current";
  const once = roles.map((role, i) => (role === "channel" || roles.indexOf(role) === i ? role : undefined));
  const columns = once.map((role, i): Column => {
    if (role === undefined) return undefined;
    return { kind: "number", scale: scaleOf(file, names[i], role, options) };
  });
  return {
    meter: "csv",
    layout: { ...place, columns },
    numbers: once.flatMap((role, i) => (role === undefined ? [] : [{ role, name: names[i] }])),
    channels: [],
  };
}

function scaleOf(file: string, name: string, role: Role, options: TraceOptions): number {
  const unit = /[([_]\s*([a-zµμ]+)\s*[)\]]?$/i.exec(name)?.[1].replace(/[µμ]/, "u");
  if (role === "time") return unitOf(file, name, unit, timeUnits, options.timeUnit, "s");
  if (role === "current") return unitOf(file, name, unit, currentUnits, options.currentUnit, "A");
  if (role === "voltage" && unit?.toLowerCase() === "mv") return 1e-3;
  return 1;
}

function unitOf<Unit extends TimeUnit | CurrentUnit>(
  file: string,
  name: string,
  unit: string | undefined,
  units: Readonly<Record<Unit, number>>,
  given: Unit | undefined,
  usual: Unit,
): number {
  if (given !== undefined) return units[given];
  if (unit === undefined) return units[usual];
  const known = (Object.keys(units) as Unit[]).find((one) => one.toLowerCase() === unit.toLowerCase());
  if (known === undefined) {
    const all = Object.keys(units).join(", ");
    throw malformed(file, "line 1", `${name}: the unit ${unit} is none of ${all}`);
  }
  return units[known];
}
