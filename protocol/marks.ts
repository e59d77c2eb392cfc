/**
 * Marks: what a board is doing, said on one, two or three of its pins to whoever measures its current.
 *
 * Three pins hold the phase's Gray code (first pin: lowest bit), so that phases that follow one another in a wake-up
 * differ in one pin. Two pins hold what the chip as a whole does, in four groups, which a slow meter can follow too.
 * Both are levels: what lasts less than `SETTLING` is the edges of a change. A mark whose levels are those already there
 * (a second message that is built) has all pins low for `SEPARATOR` before it, so that each mark has an edge; low for
 * less than a millisecond between equal levels is that, and no sleep. One pin rests low and says each phase in
 * a mark of `PULSES` pulses, each one unit high and one low, and a pause of `PAUSE` units more behind the pulse whose
 * number is the phase's position plus 1. An interrupt can lengthen a pulse or a pause, never add or lose a pulse; a
 * mark with two long pauses is damaged. Its first rising edge ends a phase, its last falling edge begins the next one:
 * the mark itself is of neither.
 *
 * All pins are low while a board sleeps, is off or starts.
 */

/** Phases in the order of a wake-up, as positions in `phaseCodes`. */
export const Phases = {
  sleep: 0,
  /** From the first line of the firmware on: self-test, what is stored, the link. */
  boot: 1,
  /** A reading is taken. */
  sense: 2,
  /** T is stored; TGK, session, shares, check value. */
  shares: 3,
  /** A message is made, or a reading protected: once for each. */
  build: 4,
  /** A datagram is handed to the link. */
  transmit: 5,
  /** Nothing is left to do but to wait for an answer. */
  listen: 6,
  /** What came is read and checked. */
  verify: 7,
} as const;

export type PhaseName = keyof typeof Phases;
export type Phase = (typeof Phases)[PhaseName];

/** Hears each change of phase; whoever has no pins for it has no such function. */
export type Mark = (phase: Phase) => void;

/** The levels of each phase on three pins and on two; bit 0 is the first pin. */
export const phaseCodes: readonly {
  readonly name: PhaseName;
  readonly three: number;
  readonly two: number;
}[] = [
  { name: "sleep", three: 0b000, two: 0b00 },
  { name: "boot", three: 0b001, two: 0b01 },
  { name: "sense", three: 0b011, two: 0b01 },
  { name: "shares", three: 0b010, two: 0b01 },
  { name: "build", three: 0b110, two: 0b01 },
  { name: "transmit", three: 0b111, two: 0b11 },
  { name: "listen", three: 0b101, two: 0b10 },
  { name: "verify", three: 0b100, two: 0b01 },
];

/** What the levels of two pins mean, by their value. */
export const pinGroups = ["sleep", "compute", "listen", "transmit"] as const;

/** Microseconds: shorter levels on two or three pins are no phase. */
export const SETTLING = 10;

/** Microseconds of all pins low between two marks of equal levels; an interrupt may lengthen it. */
export const SEPARATOR = 30;

/** On one pin: pulses of a mark, microseconds of a unit, and units of the pause that tells the phase. */
export const PULSES = 9;
export const UNIT = 20;
export const PAUSE = 4;

/** Levels that are held for so many milliseconds. */
export interface SelfTestStep {
  readonly levels: number;
  readonly milliseconds: number;
}

/**
 * The self-test of so many pins, at the start after power was off: each pin alone, the first for 1 ms, the next for
 * 2 ms and so on, then all for 4 ms, each followed by 1 ms of low. A swapped or missing wire shows in the widths, a
 * wrong time base in their sum.
 */
export function selfTestSteps(pins: number): SelfTestStep[] {
  const steps: SelfTestStep[] = [];
  const low = { levels: 0, milliseconds: 1 };
  for (let pin = 0; pin < pins; pin++) steps.push({ levels: 1 << pin, milliseconds: pin + 1 }, low);
  steps.push({ levels: (1 << pins) - 1, milliseconds: 4 }, low);
  return steps;
}
