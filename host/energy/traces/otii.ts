/**
 * Otii's export: one CSV a channel, "Timestamp,Value" in seconds and SI units, named as "Main current - Arc.csv",
 * "Main voltage - Arc.csv", "GPI 1 - Arc.csv". Channels are sampled at rates of their own: a current sample takes the
 * last value of every other channel that is not later than itself.
 */

import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { readHeader } from "./csv-header.js";
import { type Rows, readRows } from "./csv-rows.js";
import { rhythm, Timing } from "./timing.js";
import { malformed, type Trace, type TraceOptions } from "./trace.js";

const HALF = 0.5;
const MAX_CHANNELS = 8;
/** Times are printed in decimals: a channel's sample may be this much of a period later than the current's. */
const JITTER = 1e-3;

/** "Main current" of "Main current - Arc.csv". */
export function otiiChannel(file: string): string {
  return basename(file).replace(/( - .*)?\.csv$/i, "");
}

/** Opens the files of one recording: a current, at most one voltage, and channels. */
export async function openOtii(files: readonly string[], options: TraceOptions): Promise<Trace> {
  const currents = files.filter((file) => /current/i.test(otiiChannel(file)));
  const voltages = files.filter(
    (file) => /voltage/i.test(otiiChannel(file)) && !/adc/i.test(otiiChannel(file)),
  );
  if (currents.length !== 1 || voltages.length > 1) {
    const names = files.map(otiiChannel).join(", ");
    throw malformed(files[0], "", `expected one current and at most one voltage of Otii, got ${names}`);
  }
  const [file] = currents;
  const voltage = voltages.at(0);
  const channels = channelFiles(files, file, voltage, options);
  const notes: string[] = [];
  let read = 0;
  const onRead = (bytes: number) => {
    read += bytes;
  };
  const rowsOf = async (one: string) => readRows(one, (await readHeader(one, options)).layout, notes, onRead);
  const source = await rowsOf(file);
  const { value: first } = await source.next();
  if (first === undefined || first.length < 2) throw malformed(file, "", "fewer than two samples");
  const { period, regular } = rhythm(first.numbers[0], first.length);
  if (!(period > 0)) throw malformed(file, `line ${first.lines[1]}`, "the time does not advance");
  const follow = async (one: string) =>
    new Follower(await rowsOf(one), JITTER * period, (time) =>
      notes.push(`${one}: it ends at ${time} s, before the current does: what is behind is not counted`),
    );
  const volts = voltage === undefined ? undefined : await follow(voltage);
  const bits = await Promise.all(channels.map(([, one]) => follow(one)));
  const timing = new Timing(file, period, { regular, plain: false, ends: false, volts: volts !== undefined });
  const threshold = options.threshold ?? HALF;
  let watts = new Float64Array(0);
  let levels = new Uint8Array(0);
  let held = 0;

  const block = async (rows: Rows) => {
    const { length, lines } = rows;
    const [times, amperes] = rows.numbers;
    if (watts.length < length) {
      watts = new Float64Array(amperes.length);
      levels = new Uint8Array(amperes.length);
    }
    levels.fill(0, 0, length);
    if (volts !== undefined) {
      await volts.each(times, length, (i, value) => {
        watts[i] = amperes[i] * value;
        if (Number.isNaN(value)) amperes[i] = value;
      });
    }
    for (const [bit, channel] of bits.entries()) {
      await channel.each(times, length, (i, value) => {
        if (value >= threshold) levels[i] |= 1 << bit;
        else if (Number.isNaN(value)) amperes[i] = value;
      });
    }
    for (let i = 0; i < length; i++) {
      // What a channel says of a sample that is not known holds.
      if (Number.isNaN(amperes[i])) levels[i] = held;
      else held = levels[i];
    }
    return timing.block({ length, lines, levels, times, amperes, ...(volts !== undefined && { watts }) });
  };

  const sizes = await Promise.all(files.map(async (one) => (await stat(one)).size));
  return {
    meter: "otii",
    file,
    samplesPerSecond: 1 / period,
    measuresVolts: volts !== undefined,
    channels: channels.map(([name]) => name),
    bytes: sizes.reduce((sum, size) => sum + size, 0),
    bytesRead: () => read,
    notes,
    async *blocks() {
      yield await block(first);
      for await (const rows of source) if (rows.length > 0) yield await block(rows);
      yield timing.end();
    },
  };
}

/** Channels by name, in the order of the marks. */
function channelFiles(
  files: readonly string[],
  current: string,
  voltage: string | undefined,
  { channels }: TraceOptions,
): [string, string][] {
  const others = files
    .filter((file) => file !== voltage && (file !== current || channels?.includes(otiiChannel(file))))
    .map((file): [string, string] => [otiiChannel(file), file])
    .sort(([a], [b]) => (a < b ? -1 : 1));
  if (channels === undefined) return others.slice(0, MAX_CHANNELS);
  return channels.map((name) => {
    const found = others.find(([one]) => one === name);
    if (found !== undefined) return found;
    const names = others.map(([one]) => one).join(", ") || "none";
    throw malformed(current, "", `no file of the channel ${name} was given; there are ${names}`);
  });
}

/** A channel beside the current: its value at given times, NaN behind its end. */
class Follower {
  readonly #rows: AsyncGenerator<Rows, void, void>;
  readonly #late: number;
  readonly #onEnd: (time: number) => void;
  #block: Rows | undefined;
  #at = 0;
  #value = Number.NaN;
  /** When its last value was taken, and how long that one lasts. */
  #time = 0;
  #period = 0;
  #ended = false;
  #told = false;

  constructor(rows: AsyncGenerator<Rows, void, void>, late: number, onEnd: (time: number) => void) {
    this.#rows = rows;
    this.#late = late;
    this.#onEnd = onEnd;
  }

  /** Calls with the value at each of the times, which must not go back. Before the first one it is the first one. */
  async each(times: Float64Array, length: number, give: (i: number, value: number) => void): Promise<void> {
    for (let i = 0; i < length; ) {
      if (this.#block === undefined && !this.#ended) await this.#next();
      const block = this.#block;
      for (; i < length; i++) {
        const time = times[i] + this.#late;
        while (block !== undefined && this.#at < block.length && block.numbers[0][this.#at] <= time) {
          this.#period = Math.max(block.numbers[0][this.#at] - this.#time, 0);
          this.#time = block.numbers[0][this.#at];
          this.#value = block.numbers[1][this.#at++];
        }
        if (block !== undefined && this.#at === block.length) break;
        give(i, this.#ended && time > this.#time + this.#period ? this.#end() : this.#value);
      }
      if (i < length) this.#block = undefined;
    }
  }

  #end(): number {
    if (!this.#told) this.#onEnd(this.#time);
    this.#told = true;
    return Number.NaN;
  }

  async #next(): Promise<void> {
    const { value, done } = await this.#rows.next();
    this.#ended = done === true;
    this.#block = value ?? undefined;
    this.#at = 0;
    if (Number.isNaN(this.#value) && value !== undefined && value.length > 0)
      [this.#value] = value.numbers[1];
  }
}
