/**
 * A trace that nobody has measured: the shape of exchanges on an nRF52840 by its data sheet's currents, for trying the
 * report and for learning to read it. Its charges are known, so that the report can be checked with it.
 */

import { type PhaseName, phaseCodes, selfTestSteps } from "../../protocol/marks.js";
import { Ppk2Writer } from "./traces/ppk2-writer.js";

const RATE = 100_000;
const MILLIVOLTS = 3000;
/** Seconds asleep between exchanges. */
const ASLEEP = 0.25;

/** One exchange: seconds and amperes of each phase (boards/nrf52/currents.json, phases as long as might be). */
const exchange: readonly (readonly [PhaseName, number, number])[] = [
  ["boot", 0.0021, 3.3e-3],
  ["sense", 0.0015, 3.3e-3],
  ["shares", 0.0068, 3.3e-3],
  ["build", 0.0042, 3.3e-3],
  ["transmit", 0.0032, 8.1e-3],
  ["listen", 0.021, 8.6e-3],
  ["verify", 0.0039, 3.3e-3],
];
const SLEEP = 3.16e-6;
/** The current swings by so much, evenly; exchanges differ by so much in length. */
const NOISE = 0.05;
const SPREAD = 0.03;

export interface Example {
  readonly exchanges: number;
  readonly samples: number;
  /** Coulombs of each phase, all exchanges together. */
  readonly coulombs: ReadonlyMap<PhaseName, number>;
}

/** Writes the file. The same numbers each time. */
export function writeExample(file: string, exchanges: number): Example {
  const writer = new Ppk2Writer(file, { samplesPerSecond: RATE, millivolts: MILLIVOLTS });
  const coulombs = new Map<PhaseName, number>();
  const random = generator();
  const phase = (name: PhaseName, seconds: number, amperes: number) => {
    const levels = levelsOf(name);
    let sum = 0;
    for (let i = Math.round(seconds * RATE); i > 0; i--) {
      const microamperes = Math.fround(1e6 * amperes * (1 + NOISE * (2 * random() - 1)));
      writer.add(microamperes, levels);
      sum += microamperes;
    }
    coulombs.set(name, (coulombs.get(name) ?? 0) + (sum * 1e-6) / RATE);
  };
  try {
    for (const { levels, milliseconds } of [{ levels: 0, milliseconds: 5 }, ...selfTestSteps(3)]) {
      for (let i = 0; i < (milliseconds * RATE) / 1000; i++) writer.add(3300, levels);
    }
    for (let i = 0; i < exchanges; i++) {
      phase("sleep", ASLEEP, SLEEP);
      for (const [name, seconds, amperes] of exchange) {
        phase(name, seconds * (1 + SPREAD * (2 * random() - 1)), amperes);
      }
    }
    phase("sleep", ASLEEP, SLEEP);
  } finally {
    writer.close();
  }
  return { exchanges, samples: writer.samples, coulombs };
}

function levelsOf(phase: PhaseName): number {
  return (phaseCodes.find(({ name }) => name === phase) as (typeof phaseCodes)[number]).three;
}

/** Numbers from 0 to 1 that look random and are always the same (Park and Miller, 1988). */
function generator(): () => number {
  let state = 1;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
