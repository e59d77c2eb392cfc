/**
 * How long each row of a recording lasts, by the times that stand before them. A row lasts until the next one; where
 * the meter writes the end of the time that a row is about, since the one before. A pause in rows that are otherwise
 * regular is a gap: samples are missing there.
 */

import { type Block, MOST_AMPERES, malformed } from "./trace.js";

export interface TimedRows {
  readonly length: number;
  readonly times: Float64Array;
  readonly amperes: Float64Array;
  readonly watts?: Float64Array;
  readonly levels: Uint8Array;
  readonly lines: Uint32Array;
}

/** Pauses longer than so many periods are gaps. */
const GAP = 1.5;
/** A plain CSV may be written by a program that is late now and then. */
const PLAIN_GAP = 2.5;
/** Rows are regular when so many of the first ones are as far apart as their median, ± the tolerance. */
const REGULAR = 0.9;
const TOLERANCE = 0.25;

/** The median of the first rows' distances, and whether the others are like it. */
export function rhythm(times: Float64Array, length: number): { period: number; regular: boolean } {
  const gaps = Float64Array.from({ length: Math.min(length - 1, 10_000) }, (_, i) => times[i + 1] - times[i]);
  gaps.sort();
  const period = gaps[gaps.length >> 1];
  const like = gaps.filter((gap) => Math.abs(gap - period) <= TOLERANCE * period).length;
  return { period, regular: like >= REGULAR * gaps.length };
}

/** Rows in, blocks with durations out. */
export class Timing {
  readonly #file: string;
  readonly #period: number;
  readonly #gap: number;
  readonly #ends: boolean;
  readonly #volts: boolean;
  #seconds = new Float64Array(0);
  #amperes = new Float64Array(0);
  #watts = new Float64Array(0);
  #levels = new Uint8Array(0);
  #length = 0;
  /** The row that waits for the next one's time. */
  #held: { time: number; amperes: number; watts: number; levels: number } | undefined;
  #last = Number.NEGATIVE_INFINITY;
  #lastLevels = 0;

  /** @param ends times are the ends of what their rows are about */
  constructor(
    file: string,
    period: number,
    options: { regular: boolean; plain: boolean; ends: boolean; volts: boolean },
  ) {
    this.#file = file;
    this.#period = period;
    this.#gap = options.regular ? period * (options.plain ? PLAIN_GAP : GAP) : Number.POSITIVE_INFINITY;
    this.#ends = options.ends;
    this.#volts = options.volts;
  }

  block(rows: TimedRows): Block {
    const most = 2 * rows.length + 2;
    if (this.#seconds.length < most) {
      this.#seconds = new Float64Array(most);
      this.#amperes = new Float64Array(most);
      this.#watts = new Float64Array(most);
      this.#levels = new Uint8Array(most);
    }
    this.#length = 0;
    for (let i = 0; i < rows.length; i++) {
      const time = rows.times[i];
      const amperes = rows.amperes[i];
      if (!(time > this.#last)) throw this.#wrongTime(rows, i);
      if (amperes > MOST_AMPERES || amperes < -MOST_AMPERES) throw this.#tooMuch(rows, i);
      const watts = rows.watts === undefined ? 0 : rows.watts[i];
      const levels = rows.levels[i];
      if (this.#ends) {
        const since = this.#last === Number.NEGATIVE_INFINITY ? this.#period : time - this.#last;
        const missing = since > this.#gap ? since - this.#period : 0;
        if (missing > 0) this.#sample(missing, Number.NaN, 0, this.#lastLevels);
        this.#sample(since - missing, amperes, watts, levels);
        this.#lastLevels = levels;
      } else {
        const held = this.#held;
        if (held !== undefined) this.#emit(held, time - held.time);
        this.#held = { time, amperes, watts, levels };
      }
      this.#last = time;
    }
    return this.#block();
  }

  /** The last row lasts as long as most do. */
  end(): Block {
    this.#length = 0;
    if (this.#held !== undefined) this.#emit(this.#held, this.#period);
    this.#held = undefined;
    return this.#block();
  }

  #emit(held: { amperes: number; watts: number; levels: number }, lasts: number): void {
    const missing = lasts > this.#gap ? lasts - this.#period : 0;
    this.#sample(lasts - missing, held.amperes, held.watts, held.levels);
    if (missing > 0) this.#sample(missing, Number.NaN, 0, held.levels);
  }

  #sample(seconds: number, amperes: number, watts: number, levels: number): void {
    const at = this.#length++;
    this.#seconds[at] = seconds;
    this.#amperes[at] = amperes;
    this.#watts[at] = watts;
    this.#levels[at] = levels;
  }

  #block(): Block {
    return {
      length: this.#length,
      seconds: this.#seconds,
      amperes: this.#amperes,
      levels: this.#levels,
      ...(this.#volts && { watts: this.#watts }),
    };
  }

  #wrongTime(rows: TimedRows, i: number): SyntaxError {
    const time = rows.times[i];
    const reason = Number.isNaN(time)
      ? "the time is missing"
      : `the time goes back from ${this.#last} s to ${time} s: two recordings in one file?`;
    return malformed(this.#file, `line ${rows.lines[i]}`, reason);
  }

  #tooMuch(rows: TimedRows, i: number): SyntaxError {
    const reason = `${rows.amperes[i]} A is more than any meter here measures: say --current-unit`;
    return malformed(this.#file, `line ${rows.lines[i]}`, reason);
  }
}
