/** A trace as a picture needs it: least, mean and largest current of at most 65,536 pieces, whatever its length. */

import type { Block } from "../traces/trace.js";

const MOST = 1 << 16;

export interface Picture {
  /** Seconds at which each piece begins, and one more: the end. */
  readonly times: Float64Array;
  /** Amperes; NaN where all samples are missing. */
  readonly least: Float32Array;
  readonly mean: Float32Array;
  readonly most: Float32Array;
}

export class Overview {
  readonly #period: number;
  readonly #times = new Float64Array(MOST + 1);
  readonly #least = new Float64Array(MOST);
  readonly #most = new Float64Array(MOST);
  /** Charge, and the seconds that have one. */
  readonly #charge = new Float64Array(MOST);
  readonly #seconds = new Float64Array(MOST);
  #pieces = 0;
  /** Samples of a piece, and of the last one. */
  #fold = 1;
  #last = 0;
  #time = 0;

  constructor(samplesPerSecond: number) {
    this.#period = 1 / samplesPerSecond;
  }

  add({ length, amperes, seconds }: Block): void {
    for (let i = 0; i < length; i++) {
      if (this.#last === 0) this.#begin();
      const at = this.#pieces - 1;
      const current = amperes[i];
      const lasts = seconds === undefined ? this.#period : seconds[i];
      if (!Number.isNaN(current)) {
        this.#charge[at] += current * lasts;
        this.#seconds[at] += lasts;
        if (current < this.#least[at]) this.#least[at] = current;
        if (current > this.#most[at]) this.#most[at] = current;
      }
      this.#time += lasts;
      this.#last = this.#last + 1 === this.#fold ? 0 : this.#last + 1;
    }
  }

  picture(): Picture {
    const n = this.#pieces;
    const times = this.#times.slice(0, n + 1);
    times[n] = this.#time;
    const known = (values: Float64Array) =>
      Float32Array.from(values.subarray(0, n), (value) => (Number.isFinite(value) ? value : Number.NaN));
    const mean = this.#charge.subarray(0, n).map((charge, i) => charge / this.#seconds[i]);
    return { times, least: known(this.#least), mean: known(mean), most: known(this.#most) };
  }

  #begin(): void {
    if (this.#pieces === MOST) this.#halve();
    const at = this.#pieces++;
    this.#times[at] = this.#time;
    this.#least[at] = Number.POSITIVE_INFINITY;
    this.#most[at] = Number.NEGATIVE_INFINITY;
    this.#charge[at] = 0;
    this.#seconds[at] = 0;
  }

  /** Two pieces become one. */
  #halve(): void {
    for (let i = 0; i < MOST / 2; i++) {
      const [a, b] = [2 * i, 2 * i + 1];
      this.#times[i] = this.#times[a];
      this.#least[i] = Math.min(this.#least[a], this.#least[b]);
      this.#most[i] = Math.max(this.#most[a], this.#most[b]);
      this.#charge[i] = this.#charge[a] + this.#charge[b];
      this.#seconds[i] = this.#seconds[a] + this.#seconds[b];
    }
    this.#pieces = MOST / 2;
    this.#fold *= 2;
  }
}
