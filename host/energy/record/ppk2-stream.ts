/** A PPK2's samples out of its bytes: what was lost is counted by the counter, and a shifted stream finds its words again. */

import { amperesOf, COUNTER, SpikeFilter, splitWord, type Word } from "./ppk2-current.js";
import type { Calibration } from "./ppk2-protocol.js";

export interface StreamOptions {
  readonly calibration: Calibration;
  readonly volts: number;
  readonly spikeFilter: boolean;
  onSample(amperes: number, levels: number): void;
  /** So many samples are missing here. More than 63 at once look like fewer. */
  onLost(samples: number, levels: number): void;
}

const WORD = 4;
/** So many words one after the other that do not follow each other are no loss: bytes are missing. */
const SHIFTED = 6;

export class Ppk2Stream {
  readonly #options: StreamOptions;
  readonly #filter = new SpikeFilter();
  #rest: Buffer = Buffer.alloc(0);
  #expected: number | undefined;
  #levels = 0;
  /** Words whose counter did not follow: believed when the next one follows them. */
  #doubtful: Word[] = [];
  /** How often the words had to be found again. */
  shifts = 0;

  constructor(options: StreamOptions) {
    this.#options = options;
  }

  push(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (at + WORD <= bytes.length) {
      const word = splitWord(bytes.readUInt32LE(at));
      at += WORD;
      // A word begins somewhere else: one byte further on it is tried again.
      if (!this.#word(word)) at += 1;
    }
    this.#rest = Buffer.from(bytes.subarray(Math.min(at, bytes.length)));
  }

  /** What is still doubtful is believed: nothing comes any more. */
  end(): void {
    this.#believe();
  }

  /** False: these are no words. */
  #word(word: Word): boolean {
    const last = this.#doubtful.at(-1);
    if (last === undefined) {
      if (this.#expected === undefined || word.counter === this.#expected) {
        this.#sample(word);
        return true;
      }
    } else if (word.counter === (last.counter + 1) % COUNTER) {
      this.#believe();
      this.#sample(word);
      return true;
    }
    this.#doubtful.push(word);
    if (this.#doubtful.length < SHIFTED) return true;
    this.#doubtful = [];
    this.shifts++;
    return false;
  }

  #believe(): void {
    const doubtful = this.#doubtful;
    this.#doubtful = [];
    for (const word of doubtful) this.#sample(word);
  }

  #sample(word: Word): void {
    const { calibration, volts, spikeFilter, onSample, onLost } = this.#options;
    const { adc, range, counter, levels } = word;
    const lost = this.#expected === undefined ? 0 : (counter - this.#expected + COUNTER) % COUNTER;
    if (lost > 0) onLost(lost, this.#levels);
    this.#expected = (counter + 1) % COUNTER;
    this.#levels = levels;
    const amperes = amperesOf(calibration, range, adc, volts);
    onSample(spikeFilter ? this.#filter.filter(amperes, range) : amperes, levels);
  }
}
