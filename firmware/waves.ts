/** Marks as waves on pins: what protocol/marks.ts says, in the bytes that firmware/native/marks plays. */

import { concat, uint } from "../protocol/bytes.js";
import { type Mark, PAUSE, PULSES, phaseCodes, SEPARATOR, selfTestSteps, UNIT } from "../protocol/marks.js";

/** A mark that plays each phase on so many pins. Made once: the waves of all phases are kept. */
export function pinMark(pins: number, play: (wave: Uint8Array) => void): Mark {
  if (!(pins >= 1 && pins <= 3)) throw new RangeError(`marks: expected 1 to 3 pins, got ${pins}`);
  if (pins === 1) {
    const trains = phaseCodes.map((_, i) => train(i));
    return (phase) => play(trains[phase]);
  }
  const levels = phaseCodes.map(({ three, two }) => (pins === 3 ? three : two));
  const steps = levels.map((level) => step(level, 0));
  const separated = levels.map((level) => concat(step(0, SEPARATOR), step(level, 0)));
  let last = 0;
  return (phase) => {
    const level = levels[phase];
    play((level === last && level !== 0 ? separated : steps)[phase]);
    last = level;
  };
}

/** The wave of the self-test on so many pins. */
export function selfTestWave(pins: number): Uint8Array {
  const steps = selfTestSteps(pins).map(({ levels, milliseconds }) => step(levels, 1000 * milliseconds));
  return concat(...steps);
}

/** The pulses of the phase at position `i`. */
function train(i: number): Uint8Array {
  const steps: Uint8Array[] = [];
  for (let pulse = 0; pulse < PULSES; pulse++) {
    steps.push(step(1, UNIT), step(0, (pulse === i ? 1 + PAUSE : 1) * UNIT));
  }
  return concat(...steps);
}

function step(levels: number, microseconds: number): Uint8Array {
  return concat(uint(levels, 1), uint(microseconds, 2));
}
