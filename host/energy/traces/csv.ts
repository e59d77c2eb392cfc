/** A recording in one CSV file: Nordic's export, Joulescope's statistics, or any time,current[,voltage]. */

import { stat } from "node:fs/promises";
import { type Header, type Role, readHeader } from "./csv-header.js";
import { type Rows, readRows } from "./csv-rows.js";
import { rhythm, Timing } from "./timing.js";
import { type Block, MOST_AMPERES, malformed, type Trace, type TraceOptions } from "./trace.js";

/** At and above half, a channel of 0 and 1 is high. */
const HALF = 0.5;
const MAX_CHANNELS = 8;

/** Opens a recording. Throws a SyntaxError that says what is wrong with it and what to do. */
export async function openCsv(file: string, options: TraceOptions, header?: Header): Promise<Trace> {
  const { meter, layout, numbers, channels } = header ?? (await readHeader(file, options));
  const column = (role: Role) => numbers.findIndex((one) => one.role === role);
  const [time, current, voltage, power] = [
    column("time"),
    column("current"),
    column("voltage"),
    column("power"),
  ];
  const analog = channels.length > 0 ? [] : analogChannels(file, numbers, options);
  const threshold = options.threshold ?? HALF;
  const notes: string[] = [];
  let read = 0;
  const source = readRows(file, layout, notes, (bytes) => (read += bytes));
  // The first rows say how often was sampled.
  const { value: first } = await source.next();
  if (first === undefined || first.length === 0) throw malformed(file, "", "a header without samples");
  if (time >= 0 && first.length < 2)
    throw malformed(file, "", "one sample only: how long it lasts can't be told");
  const { period, regular } =
    time < 0
      ? { period: 1 / (options.samplesPerSecond as number), regular: true }
      : rhythm(first.numbers[time], first.length);
  if (!(period > 0)) throw malformed(file, `line ${first.lines[1]}`, "the time does not advance");
  if (!regular) notes.push(`${file}: samples are not regular: what is missing between them can't be told`);
  const measuresVolts = voltage >= 0 || power >= 0;
  const timing = new Timing(file, period, {
    regular,
    plain: meter === "csv",
    ends: meter === "joulescope",
    volts: measuresVolts,
  });
  let watts = new Float64Array(0);
  /** Levels of the sample before. */
  let held = 0;

  const block = (rows: Rows): Block => {
    const { length, lines, levels } = rows;
    const amperes = rows.numbers[current];
    analog.forEach((channel, bit) => {
      const values = rows.numbers[channel];
      for (let i = 0; i < length; i++) {
        // A value that is missing holds the level before it.
        const level = Number.isNaN(values[i]) ? held & (1 << bit) : values[i] >= threshold ? 1 << bit : 0;
        levels[i] = bit === 0 ? level : levels[i] | level;
        if (bit === analog.length - 1) held = levels[i];
      }
    });
    if (time < 0) {
      const wrong = amperes.subarray(0, length).findIndex((a) => Math.abs(a) > MOST_AMPERES);
      if (wrong >= 0)
        throw malformed(file, `line ${lines[wrong]}`, `${amperes[wrong]} A: say --current-unit`);
      return { length, amperes, levels };
    }
    const timed = { length, lines, levels, amperes, times: rows.numbers[time] };
    if (!measuresVolts) return timing.block(timed);
    if (watts.length < length) watts = new Float64Array(amperes.length);
    if (power >= 0) watts.set(rows.numbers[power].subarray(0, length));
    else for (let i = 0; i < length; i++) watts[i] = amperes[i] * rows.numbers[voltage][i];
    return timing.block({ ...timed, watts });
  };

  return {
    meter,
    file,
    samplesPerSecond: 1 / period,
    measuresVolts,
    channels: channels.length > 0 ? channels : analog.map((i) => numbers[i].name),
    bytes: (await stat(file)).size,
    bytesRead: () => read,
    notes,
    async *blocks() {
      yield block(first);
      for await (const rows of source) if (rows.length > 0) yield block(rows);
      if (time >= 0) yield timing.end();
    },
  };
}

/** Positions of the columns that are read as digital channels. */
function analogChannels(file: string, numbers: Header["numbers"], { channels }: TraceOptions): number[] {
  const positions =
    channels === undefined
      ? numbers.flatMap(({ role }, i) => (role === "channel" ? [i] : []))
      : channels.map((name) => {
          const at = numbers.findIndex((one) => one.name === name || one.role === name);
          if (at >= 0) return at;
          const names = numbers.map((one) => one.name).join(", ");
          throw malformed(file, "line 1", `no column is named ${name}; there are ${names}`);
        });
  return positions.slice(0, MAX_CHANNELS);
}
