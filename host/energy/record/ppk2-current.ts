/**
 * From a PPK2's word to amperes. Bits 0 to 13 are the converter's value, 14 to 16 the range, 18 to 23 a counter that
 * shows what was lost, 24 to 31 the levels of D0 to D7.
 */

import { type Calibration, RANGES } from "./ppk2-protocol.js";

/** Volts a step: a reference of 1.8 V over 163,840. */
const STEP = 1.8 / 163_840;
/** The converter's values are quarters of that scale. */
const SCALE = 4;
const ALPHA = 0.18;
/** Of the largest range. */
const ALPHA_LARGEST = 0.06;
/** Samples that are replaced behind a change of range. */
const SPIKE = 3;

export const COUNTER = 64;

export interface Word {
  readonly adc: number;
  readonly range: number;
  readonly counter: number;
  readonly levels: number;
}

export function splitWord(word: number): Word {
  return {
    adc: word & 0x3fff,
    range: Math.min((word >>> 14) & 7, RANGES - 1),
    counter: (word >>> 18) & 0x3f,
    levels: word >>> 24,
  };
}

/** Amperes of one value, before the spike filter. */
export function amperesOf(
  { r, gs, gi, o, s, i, ug }: Calibration,
  range: number,
  adc: number,
  volts: number,
): number {
  const a = ((SCALE * adc - o[range]) * STEP) / r[range];
  return ug[range] * (a * (gs[range] * a + gi[range]) + s[range] * volts + i[range]);
}

/**
 * When the meter changes its range its first samples are spikes: they are replaced by a moving average, as the app
 * does. A real change that short is smoothed as well.
 */
export class SpikeFilter {
  #average: number | undefined;
  #averageLargest: number | undefined;
  #range: number | undefined;
  /** Samples that are still replaced, and how many of this range there were. */
  #left = 0;
  #inRange = 0;

  filter(amperes: number, range: number): number {
    const before = this.#average;
    const beforeLargest = this.#averageLargest;
    this.#average = before === undefined ? amperes : ALPHA * amperes + (1 - ALPHA) * before;
    this.#averageLargest =
      beforeLargest === undefined ? amperes : ALPHA_LARGEST * amperes + (1 - ALPHA_LARGEST) * beforeLargest;
    const changed = this.#range !== undefined && this.#range !== range;
    this.#range = range;
    if (!changed && this.#left === 0) return amperes;
    if (changed) {
      this.#left = SPIKE;
      this.#inRange = 0;
    } else this.#inRange++;
    this.#left--;
    if (range !== RANGES - 1) return this.#average;
    if (this.#inRange < 2) {
      this.#average = before;
      this.#averageLargest = beforeLargest;
    }
    return this.#averageLargest as number;
  }
}
