/**
 * Phases by pulses on one pin (protocol/marks.ts): the pin rests low, and a mark of nine pulses tells by its long pause
 * which phase begins. A mark's own time and charge are neither phase's: they are what marking costs.
 */

import { PAUSE, PULSES, phaseCodes, UNIT } from "../../../protocol/marks.js";
import { type Occurrence, type OnPhase, occurrence, type PhaseReader } from "./phase.js";
import { join, type Run } from "./runs.js";

/** Names of what is no phase. */
export const MARK = "mark";
export const UNKNOWN = "unknown";

const unit = UNIT * 1e-6;
/** A pause from here on is a long one: halfway between 1 unit and 1 + PAUSE. */
const LONG = unit * (1 + PAUSE / 2);
/** No mark has a pulse or a pause as long as this. */
const BROKEN = 25 * unit;
const EPSILON = 1e-9;
const MAX_NOTES = 10;
/** Samples a second below which pulses can't be counted: two samples a unit. */
export const LEAST_RATE = 2 / unit;

/** A mark under way. */
interface Mark {
  readonly time: Run;
  readonly pulses: number;
  /** Pulses that have a long pause behind them, from 0. */
  readonly long: readonly number[];
}

export class PulseReader implements PhaseReader {
  readonly notes: string[] = [];
  readonly #onPhase: OnPhase;
  /** What the last mark said. */
  #name = UNKNOWN;
  /** The phase that lasts, as far as it is known. */
  #phase: Occurrence | undefined;
  #mark: Mark | undefined;
  #began = false;
  #damaged = 0;

  constructor(onPhase: OnPhase) {
    this.#onPhase = onPhase;
  }

  run(run: Run): void {
    if (run.level === 1) this.#pulse(run);
    else this.#rest(run);
    this.#began = true;
  }

  restart(): void {
    this.#close();
    this.#mark = undefined;
    this.#phase = undefined;
    this.#name = UNKNOWN;
    this.#began = false;
  }

  end(): void {
    this.#close();
    if (this.#damaged > MAX_NOTES) this.notes.push(`${this.#damaged} marks are damaged in all`);
  }

  #close(): void {
    if (this.#mark !== undefined) this.#onPhase(occurrence(MARK, this.#mark.time, 0, true));
    if (this.#phase !== undefined) this.#onPhase({ ...this.#phase, cut: true });
  }

  #pulse(run: Run): void {
    if (this.#phase !== undefined) this.#onPhase(this.#phase);
    this.#phase = undefined;
    if (run.seconds > BROKEN) {
      this.#damage(run, `has a pulse of ${(1000 * run.seconds).toFixed(2)} ms`);
      return;
    }
    const { time, pulses, long } = this.#mark ?? { time: undefined, pulses: 0, long: [] };
    const whole = time === undefined ? run : join(time, run);
    if (pulses + 1 < PULSES) {
      this.#mark = { time: whole, pulses: pulses + 1, long };
    } else if (long.length !== 1) {
      this.#damage(whole, `has ${long.length} long pauses`);
    } else if (whole.missing > 0) {
      this.#damage(whole, "lacks samples");
    } else {
      this.#name = phaseCodes[long[0]].name;
      this.#end(whole);
    }
  }

  #rest(run: Run): void {
    const mark = this.#mark;
    if (mark !== undefined && run.seconds <= BROKEN) {
      const long = run.seconds >= LONG - EPSILON ? [...mark.long, mark.pulses - 1] : mark.long;
      this.#mark = { time: join(mark.time, run), pulses: mark.pulses, long };
      return;
    }
    if (mark !== undefined) this.#damage(mark.time, `has ${mark.pulses} of ${PULSES} pulses`);
    // A phase's whole time: the pin rests until the next mark.
    this.#phase = occurrence(this.#name, run, 0, !this.#began);
  }

  #damage(mark: Run, reason: string): void {
    this.#name = UNKNOWN;
    this.#damaged++;
    if (this.#damaged <= MAX_NOTES) {
      this.notes.push(`at ${mark.start.toFixed(6)} s a mark ${reason}: the phase behind it is unknown`);
    }
    this.#end(mark);
  }

  #end(mark: Run): void {
    this.#onPhase(occurrence(MARK, mark, 0, mark.first === 0));
    this.#mark = undefined;
  }
}
