/** The figures of a report: for every phase and for the wake-ups that they make. */

import { MARK } from "../phases/pulses.js";
import { type Collection, type Piece, SLEEP, type TraceSummary } from "./collect.js";
import { type Summary, summarize } from "./statistics.js";

export interface Row {
  readonly name: string;
  readonly kind: "phase" | "wake-up";
  /** Repeats that are counted; those that lack samples; those that the trace cuts off. */
  readonly count: number;
  readonly unreliable: number;
  readonly cut: number;
  /** Of one repeat. Seconds, coulombs, joules. */
  readonly time: Summary;
  readonly charge: Summary;
  readonly energy?: Summary;
  /** Charge by time, and the largest of all, in amperes. */
  readonly current: number;
  readonly peak: number;
}

export interface Figures {
  readonly traces: readonly TraceSummary[];
  readonly rows: readonly Row[];
  /** Amperes that were taken off every figure but those of sleep. */
  readonly floor?: number;
  /** Mean current asleep, where the trace has such a phase. */
  readonly sleep?: number;
  readonly notes: readonly string[];
}

export interface FigureOptions {
  /** What is taken off: so many amperes, or the mean current asleep. */
  readonly floor?: number | "measured";
}

/** Throws an Error when a floor is wanted that nobody has measured. */
export function figuresOf(collection: Collection, options: FigureOptions = {}): Figures {
  const { traces, phases, wakeUps, notes } = collection;
  const sleep = sleepOf(phases);
  const floor = options.floor === "measured" ? sleep : options.floor;
  if (options.floor === "measured" && floor === undefined) {
    throw new Error("no idle floor was measured: the trace has no phase asleep; give --floor CURRENT");
  }
  const order: string[] = [];
  for (const { name } of phases) if (!order.includes(name)) order.push(name);
  const rows = [
    ...order.map((name) => rowOf(name, "phase", phases, SLEEP.includes(name) ? undefined : floor)),
    ...["exchange", "wake-up"]
      .filter((name) => wakeUps.some((piece) => piece.name === name))
      .map((name) => rowOf(name, "wake-up", wakeUps, floor)),
  ];
  return {
    traces,
    rows,
    ...(floor !== undefined && { floor }),
    ...(sleep !== undefined && { sleep }),
    notes: [...notes, ...rows.flatMap(remarks)],
  };
}

/** Mean current asleep. Where a sleep is cut off the board may have been starting: such a one counts only alone. */
function sleepOf(phases: readonly Piece[]): number | undefined {
  const all = phases.filter(({ name, reliable }) => SLEEP.includes(name) && reliable);
  const whole = all.filter(({ cut }) => !cut);
  const asleep = whole.length > 0 ? whole : all;
  const seconds = asleep.reduce((sum, piece) => sum + piece.seconds, 0);
  return seconds === 0 ? undefined : asleep.reduce((sum, piece) => sum + piece.coulombs, 0) / seconds;
}

function rowOf(name: string, kind: Row["kind"], all: readonly Piece[], floor: number | undefined): Row {
  const pieces = all.filter((piece) => piece.name === name);
  const whole = pieces.filter(({ cut }) => !cut);
  const unreliable = whole.filter(({ reliable }) => !reliable).length;
  const counted = whole.filter(({ reliable }) => reliable).map((piece) => above(piece, floor));
  const charge = summarize(counted.map(({ coulombs }) => coulombs));
  const time = summarize(counted.map(({ seconds }) => seconds));
  const known = counted.every(({ joules }) => joules !== undefined);
  return {
    ...{ name, kind, count: counted.length, unreliable, cut: pieces.length - whole.length, time, charge },
    ...(known && { energy: summarize(counted.map(({ joules }) => joules as number)) }),
    current: charge.total / time.total,
    peak: counted.reduce((peak, piece) => Math.max(peak, piece.peak), Number.NEGATIVE_INFINITY),
  };
}

/** Without what would have flowed anyway. */
function above(piece: Piece, floor: number | undefined): Piece {
  if (floor === undefined) return piece;
  const idle = floor * piece.seconds;
  const coulombs = piece.coulombs - idle;
  if (piece.joules === undefined) return { ...piece, coulombs };
  // At the voltage of this piece.
  return { ...piece, coulombs, joules: piece.joules - (idle * piece.joules) / piece.coulombs };
}

function remarks({ name, count, unreliable, cut }: Row): string[] {
  const remarks: string[] = [];
  if (unreliable > 0) {
    remarks.push(
      `${name}: UNRELIABLE: ${unreliable} of ${count + unreliable} lack more than 0.1 % of their samples and are not counted`,
    );
  }
  if (cut > 0 && !SLEEP.includes(name) && name !== MARK) {
    remarks.push(
      `${name}: ${cut} that the trace's beginning or end cuts off ${cut === 1 ? "is" : "are"} not counted`,
    );
  }
  return remarks;
}
