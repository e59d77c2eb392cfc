/** All phases of all traces, and the wake-ups that they make. */

import { type MarkOptions, readPhases } from "../phases/marks.js";
import { missingPart, type Occurrence, RELIABLE } from "../phases/phase.js";
import { MARK, UNKNOWN } from "../phases/pulses.js";
import type { TraceFile } from "../traces/open.js";
import type { Block, Trace } from "../traces/trace.js";

/** A phase or a wake-up with its figures. */
export interface Piece {
  readonly name: string;
  /** Position of its trace, and seconds since that one's beginning. */
  readonly trace: number;
  readonly start: number;
  readonly seconds: number;
  /** Of what is missing, the mean is taken. */
  readonly coulombs: number;
  /** Undefined: nobody knows the voltage. */
  readonly joules?: number;
  readonly peak: number;
  readonly first: number;
  readonly samples: number;
  /** Part of its time without samples, from 0. */
  readonly missing: number;
  readonly reliable: boolean;
  /** It began before the trace or ended behind it. */
  readonly cut: boolean;
}

export interface TraceSummary {
  readonly file: string;
  readonly meter: string;
  readonly samples: number;
  readonly seconds: number;
  readonly samplesPerSecond: number;
  readonly channels: readonly string[];
  /** What the energy was reckoned with; "measured" where the meter takes both. */
  readonly volts?: number | "measured";
}

export interface Collection {
  readonly traces: readonly TraceSummary[];
  readonly phases: readonly Piece[];
  /** Sums of phases between two sleeps: an exchange where shares were made, else a wake-up. */
  readonly wakeUps: readonly Piece[];
  /** What a reader of the figures must know. */
  readonly notes: readonly string[];
}

export interface CollectOptions extends MarkOptions {
  /** Of the supply, where the trace does not say it. */
  readonly volts?: number;
  /** Hears how far it is, of 0 to 1. */
  onProgress?(file: string, part: number): void;
  onBlock?(trace: number, block: Block): void;
  onTrace?(trace: Trace): void;
}

export const SLEEP: readonly string[] = ["sleep", "idle"];
/** Nobody repeats so often: a channel carries something else, or nothing at all. */
const MOST_PHASES = 500_000;

/** Reads all traces, one after the other. Throws a SyntaxError that names what is wrong with one. */
export async function collect(files: readonly TraceFile[], options: CollectOptions): Promise<Collection> {
  const traces: TraceSummary[] = [];
  const phases: Piece[] = [];
  const notes: string[] = [];
  for (const [i, file] of files.entries()) {
    const trace = await file.open();
    options.onTrace?.(trace);
    const volts = options.volts ?? trace.volts;
    const onPhase = (phase: Occurrence) => {
      if (phases.length >= MOST_PHASES) {
        const reason = `more than ${MOST_PHASES} phases: the marking channels carry noise or another signal`;
        throw new SyntaxError(`${file.file}: marks: ${reason}`);
      }
      phases.push(pieceOf(phase, i, trace.measuresVolts, volts));
    };
    const { samples, seconds, ...read } = await readPhases(trace, options, onPhase, (block) => {
      options.onProgress?.(file.file, trace.bytes === 0 ? 1 : trace.bytesRead() / trace.bytes);
      options.onBlock?.(i, block);
    });
    notes.push(...read.notes);
    const { meter, samplesPerSecond, channels, measuresVolts } = trace;
    const supply = measuresVolts ? "measured" : volts;
    traces.push({
      ...{ file: file.file, meter, samples, seconds, samplesPerSecond, channels },
      ...(supply !== undefined && { volts: supply }),
    });
  }
  return { traces, phases, wakeUps: wakeUpsOf(phases), notes };
}

function pieceOf(phase: Occurrence, trace: number, measures: boolean, volts: number | undefined): Piece {
  const { name, start, seconds, missing, peak, first, samples, cut } = phase;
  const there = seconds - missing;
  const scale = there > 0 ? seconds / there : Number.NaN;
  const coulombs = phase.coulombs * scale;
  const joules = measures ? phase.joules * scale : volts === undefined ? undefined : coulombs * volts;
  const part = missingPart(phase);
  return {
    ...{ name, trace, start, seconds, coulombs, peak, first, samples, cut },
    ...(joules !== undefined && { joules }),
    missing: part,
    reliable: part <= RELIABLE && name !== UNKNOWN,
  };
}

/** What lies between two sleeps. What marks cost is not counted; a trace without sleep has no wake-ups. */
function wakeUpsOf(phases: readonly Piece[]): Piece[] {
  const all: Piece[] = [];
  let awake: Piece[] = [];
  const end = (cut: boolean) => {
    const parts = awake.filter(({ name }) => name !== MARK);
    awake = [];
    if (parts.length === 0) return;
    const sum = (of: (piece: Piece) => number) => parts.reduce((total, piece) => total + of(piece), 0);
    const [first] = parts;
    const seconds = sum((piece) => piece.seconds);
    all.push({
      name: parts.some(({ name }) => name === "shares") ? "exchange" : "wake-up",
      ...{ trace: first.trace, start: first.start, first: first.first, seconds },
      samples: sum((piece) => piece.samples),
      coulombs: sum((piece) => piece.coulombs),
      ...(first.joules !== undefined && { joules: sum((piece) => piece.joules as number) }),
      peak: parts.reduce((peak, piece) => Math.max(peak, piece.peak), Number.NEGATIVE_INFINITY),
      missing: sum((piece) => piece.missing * piece.seconds) / seconds,
      reliable: parts.every(({ reliable }) => reliable),
      cut: cut || parts.some((piece) => piece.cut),
    });
  };
  for (const [i, piece] of phases.entries()) {
    const other = i > 0 && phases[i - 1].trace !== piece.trace;
    if (other) end(true);
    if (piece.name === "sleep") end(false);
    else if (piece.name !== "idle" && piece.name !== "marked" && piece.name !== "trace") awake.push(piece);
  }
  end(true);
  return all;
}
