/** Phases by levels: two or three pins of the firmware's marks, or one channel that is high while something runs. */

import { phaseCodes, pinGroups, SETTLING } from "../../../protocol/marks.js";
import { type OnPhase, occurrence, type PhaseReader } from "./phase.js";
import { join, type Run } from "./runs.js";

/** Names of levels: what three pins say, what two do, and what one channel does. */
export const threePins: readonly string[] = Array.from(
  { length: phaseCodes.length },
  (_, level) => (phaseCodes.find(({ three }) => three === level) as (typeof phaseCodes)[number]).name,
);
export const twoPins: readonly string[] = pinGroups;
export const onePin: readonly string[] = ["idle", "marked"];

/** Rounds away what a sum of periods differs by. */
const EPSILON = 1e-9;

/** Seconds of all pins low, from which on they are sleep and not what separates two marks of equal levels. */
const SLEEP_LEAST = 1e-3;

/**
 * What lasts no longer than pins take to settle belongs to the change: its time is the next phase's. A level that comes
 * back at once has never been left. So does the low between two marks of equal levels: the second one begins there.
 */
export class LevelReader implements PhaseReader {
  readonly notes: string[] = [];
  readonly #names: readonly string[];
  readonly #onPhase: OnPhase;
  readonly #settling: number;
  /** Shorter lows may separate two marks. */
  readonly #separator: number;
  /** The phase that lasts, the edges behind it, and a short low: what it is the next run tells. */
  #phase: Run | undefined;
  #edges: Run | undefined;
  #low: Run | undefined;
  #doubt = 0;
  #cut = true;

  /** A meter that is too slow to see the edges has no settling. `pins` have separators; any other channel has not. */
  constructor(names: readonly string[], pins: boolean, samplesPerSecond: number, onPhase: OnPhase) {
    this.#names = names;
    this.#onPhase = onPhase;
    this.#settling = Math.round(SETTLING * 1e-6 * samplesPerSecond) / samplesPerSecond;
    this.#separator = pins ? SLEEP_LEAST - EPSILON : 0;
  }

  run(run: Run): void {
    const low = this.#low;
    if (low !== undefined) {
      if (run.seconds <= this.#settling + EPSILON) {
        this.#low = { ...join(low, run), level: 0 };
        return;
      }
      this.#low = undefined;
      if (run.level === this.#phase?.level) {
        this.#next(join(low, run));
        return;
      }
      // It was a short sleep.
      this.#next(low);
    }
    const phase = this.#phase;
    const edges = this.#edges;
    if (phase === undefined) {
      this.#phase = run;
    } else if (run.level === phase.level) {
      this.#phase = join(edges === undefined ? phase : join(phase, edges), run);
      this.#edges = undefined;
    } else if (run.seconds <= this.#settling + EPSILON) {
      this.#edges = edges === undefined ? run : join(edges, run);
    } else {
      const changed = edges === undefined ? run : join(edges, run);
      this.#edges = undefined;
      if (run.level === 0 && run.seconds < this.#separator) this.#low = changed;
      else this.#next(changed);
    }
  }

  restart(): void {
    this.end();
    this.#phase = undefined;
    this.#edges = undefined;
    this.#doubt = 0;
    this.#cut = true;
  }

  end(): void {
    if (this.#low !== undefined) this.#next(this.#low);
    this.#low = undefined;
    const phase = this.#phase;
    if (phase === undefined) return;
    const edges = this.#edges;
    this.#finish(edges === undefined ? phase : { ...join(phase, edges), level: phase.level }, true);
  }

  /** The phase is over; this is the next one. */
  #next(run: Run): void {
    const phase = this.#phase as Run;
    this.#finish(phase, false);
    this.#doubt = phase.tail;
    this.#phase = run;
  }

  #finish(phase: Run, last: boolean): void {
    this.#onPhase(occurrence(this.#names[phase.level], phase, this.#doubt, this.#cut || last));
    this.#cut = false;
  }
}
