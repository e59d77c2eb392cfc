/**
 * Integrates a trace over runs: samples that follow each other with the same level of the marking channels. A run
 * begins and ends between two samples, so charge and time belong to it to the sample.
 */

import type { Block } from "../traces/trace.js";

/** Samples of one level, with what was measured in them. */
export interface Run {
  level: number;
  /** The first sample, and how many there are. Rows of a CSV: a gap is a sample. */
  first: number;
  samples: number;
  /** Seconds since the trace's beginning, and how long it lasts, gaps included. */
  start: number;
  seconds: number;
  /** Seconds of it without a current, and how many of them are its last ones. */
  missing: number;
  tail: number;
  /** Of the samples that are there. */
  coulombs: number;
  joules: number;
  /** The largest current, in amperes; -Infinity without any. */
  peak: number;
}

/** An empty run. */
export function emptyRun(level: number, first: number, start: number): Run {
  const none = { samples: 0, seconds: 0, missing: 0, tail: 0, coulombs: 0, joules: 0 };
  return { level, first, start, ...none, peak: Number.NEGATIVE_INFINITY };
}

/** Adds what follows a run to it; the level is that of what follows. */
export function join(run: Run, next: Run): Run {
  const tail = next.tail === next.seconds ? run.tail + next.tail : next.tail;
  return {
    level: next.level,
    first: run.first,
    start: run.start,
    samples: run.samples + next.samples,
    seconds: run.seconds + next.seconds,
    missing: run.missing + next.missing,
    tail,
    coulombs: run.coulombs + next.coulombs,
    joules: run.joules + next.joules,
    peak: Math.max(run.peak, next.peak),
  };
}

/** Blocks in, whole runs out. */
export class RunReader {
  readonly #levels: Uint8Array;
  readonly #period: number;
  readonly #onRun: (run: Run) => void;
  #run: Run | undefined;
  #samples = 0;
  #seconds = 0;

  /**
   * @param channels positions of the channels that make a run's level, the first in its bit 0
   * @param period seconds of a sample, where blocks have no durations
   */
  constructor(channels: readonly number[], period: number, onRun: (run: Run) => void) {
    this.#levels = Uint8Array.from({ length: 256 }, (_, all) =>
      channels.reduce((level, channel, bit) => level | (((all >> channel) & 1) << bit), 0),
    );
    this.#period = period;
    this.#onRun = onRun;
  }

  /** Samples and seconds up to now. */
  get samples(): number {
    return this.#samples;
  }
  get seconds(): number {
    return this.#seconds;
  }

  read(block: Block): void {
    const { length, levels } = block;
    const map = this.#levels;
    for (let from = 0; from < length; ) {
      const level = map[levels[from]];
      let to = from + 1;
      while (to < length && map[levels[to]] === level) to++;
      let run = this.#run;
      if (run === undefined || run.level !== level) {
        if (run !== undefined) this.#onRun(run);
        run = emptyRun(level, this.#samples, this.#seconds);
        this.#run = run;
      }
      if (block.seconds === undefined) this.#uniform(run, block, from, to);
      else this.#timed(run, block, block.seconds, from, to);
      this.#samples += to - from;
      // Not summed up sample by sample: 180 million small errors would add up.
      if (block.seconds === undefined) this.#seconds = this.#samples * this.#period;
      from = to;
    }
  }

  /** The last run. */
  end(): void {
    if (this.#run !== undefined) this.#onRun(this.#run);
    this.#run = undefined;
  }

  #uniform(run: Run, { amperes, watts }: Block, from: number, to: number): void {
    let charge = 0;
    let missing = 0;
    let tail = 0;
    let peak = run.peak;
    for (let i = from; i < to; i++) {
      const current = amperes[i];
      if (!Number.isNaN(current)) {
        charge += current;
        if (current > peak) peak = current;
        tail = 0;
      } else {
        missing++;
        tail++;
      }
    }
    let energy = 0;
    if (watts !== undefined) {
      for (let i = from; i < to; i++) if (!Number.isNaN(amperes[i])) energy += watts[i];
    }
    const period = this.#period;
    run.tail = tail === to - from ? run.tail + tail * period : tail * period;
    run.samples += to - from;
    run.seconds = run.samples * period;
    run.missing += missing * period;
    run.coulombs += charge * period;
    run.joules += energy * period;
    run.peak = peak;
  }

  #timed(run: Run, { amperes, watts }: Block, seconds: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const current = amperes[i];
      const lasts = seconds[i];
      const power = watts === undefined ? 0 : watts[i];
      run.seconds += lasts;
      this.#seconds += lasts;
      if (!Number.isNaN(current) && !Number.isNaN(power)) {
        run.coulombs += current * lasts;
        run.joules += power * lasts;
        if (current > run.peak) run.peak = current;
        run.tail = 0;
      } else {
        run.missing += lasts;
        run.tail += lasts;
      }
    }
    run.samples += to - from;
  }
}
