/** Marks on pins: what is played is what a reader of the trace finds again. */

import fc from "fast-check";
import { pinMark, selfTestWave } from "../../firmware/waves.js";
import { readUint, toHex } from "../../protocol/bytes.js";
import { type Phase, PULSES, phaseCodes, SEPARATOR, UNIT } from "../../protocol/marks.js";
import { deepEqual, equal, throws } from "../support/assert.js";

/** Levels as a meter sees them: the microsecond of each change. */
class Trace {
  readonly changes: { readonly at: number; readonly levels: number }[] = [];
  #now = 0;
  #levels = 0;

  readonly play = (wave: Uint8Array): void => {
    for (let i = 0; i < wave.length; i += 3) {
      if (wave[i] !== this.#levels) this.changes.push({ at: this.#now, levels: wave[i] });
      this.#levels = wave[i];
      this.#now += readUint(wave, i + 1, 2);
    }
  };

  /** The phase lasts. */
  wait(microseconds: number): void {
    this.#now += microseconds;
  }
}

/** Reads marks of one pin: nine rising edges each, and the longest low between two of them. */
function readPulses({ changes }: Trace): Phase[] {
  const rising = changes.filter(({ levels }) => levels === 1).map(({ at }) => at);
  const phases: Phase[] = [];
  for (let i = 0; i + PULSES <= rising.length; i += PULSES) {
    const gaps = rising.slice(i, i + PULSES - 1).map((at, j) => rising[i + j + 1] - at);
    const paused = gaps.filter((gap) => gap > 4 * UNIT);
    equal(paused.length, 1);
    phases.push(gaps.indexOf(paused[0]) as Phase);
  }
  return phases;
}

const phase = fc.integer({ min: 0, max: phaseCodes.length - 1 }) as fc.Arbitrary<Phase>;
const steps = fc.array(fc.record({ phase, lasts: fc.integer({ min: 2000, max: 60000 }) }), {
  minLength: 1,
  maxLength: 30,
});

describe("marks on pins", () => {
  it("say every phase on one pin, in marks of one length", () => {
    fc.assert(
      fc.property(steps, (steps) => {
        const trace = new Trace();
        const mark = pinMark(1, trace.play);
        for (const { phase, lasts } of steps) {
          mark(phase);
          trace.wait(lasts);
        }
        deepEqual(
          readPulses(trace),
          steps.map(({ phase }) => phase),
        );
      }),
    );
  });

  for (const pins of [2, 3]) {
    it(`have an edge for each phase on ${pins} pins, but for sleep after sleep`, () => {
      fc.assert(
        fc.property(steps, (steps) => {
          const trace = new Trace();
          const mark = pinMark(pins, trace.play);
          for (const { phase, lasts } of steps) {
            mark(phase);
            trace.wait(lasts);
          }
          // What a reader does: a low that is shorter than a millisecond parts two marks.
          const ends = trace.changes.map(({ at }, i) => trace.changes[i + 1]?.at ?? at + 2000);
          const read = trace.changes
            .filter(({ at, levels }, i) => levels !== 0 || ends[i] - at > 1000)
            .map(({ levels }) => levels);
          const codes = steps.map(({ phase }) => phaseCodes[phase][pins === 3 ? "three" : "two"]);
          deepEqual(
            read,
            codes.filter((code, i) => code !== 0 || (i > 0 && codes[i - 1] !== 0)),
          );
        }),
      );
    });
  }

  it("cost no waiting on two or three pins, but between marks of equal levels", () => {
    const waves: string[] = [];
    const mark = pinMark(3, (wave) => waves.push(toHex(wave)));
    for (const next of [1, 4, 4] as const) mark(next);
    deepEqual(waves, ["010000", "060000", `0000${SEPARATOR.toString(16)}060000`]);
  });

  it("begin with a self-test of known length", () => {
    deepEqual(
      [1, 2, 3].map((pins) => {
        const wave = selfTestWave(pins);
        let sum = 0;
        for (let i = 0; i < wave.length; i += 3) sum += readUint(wave, i + 1, 2);
        return sum;
      }),
      [7000, 10000, 14000],
    );
  });

  it("need one to three pins", () => {
    for (const pins of [0, 4, Number.NaN]) throws(() => pinMark(pins, () => undefined), RangeError);
  });
});
