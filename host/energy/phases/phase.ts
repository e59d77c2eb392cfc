/** Phases as they were found in a trace. */

import type { Run } from "./runs.js";

/** One phase from its first sample to its last. Charge and energy are of the samples that are there. */
export interface Occurrence extends Omit<Run, "level" | "tail"> {
  readonly name: string;
  /** Seconds without samples at its beginning: it may have begun there. */
  readonly doubt: number;
  /** It began before the trace or ended behind it. */
  readonly cut: boolean;
}

/** Runs in, phases out. */
export interface PhaseReader {
  run(run: Run): void;
  /** The board starts: what was under way has no end, and what comes next no beginning. */
  restart(): void;
  /** After the last run. */
  end(): void;
  /** What is wrong with the marks, for people. */
  readonly notes: string[];
}

export type OnPhase = (occurrence: Occurrence) => void;

/** The phase of a run. */
export function occurrence(name: string, run: Run, doubt: number, cut: boolean): Occurrence {
  const { level: _, tail: __, ...rest } = run;
  return { name, ...rest, doubt, cut };
}

/** The part of a phase that has no samples, its possible beginning included. */
export function missingPart({ seconds, missing, doubt }: Occurrence): number {
  return seconds === 0 ? 0 : (missing + doubt) / seconds;
}

/** A phase with a larger part missing is unreliable. */
export const RELIABLE = 0.001;
