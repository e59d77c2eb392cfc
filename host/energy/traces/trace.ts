/**
 * What every power meter's file comes down to: samples in the order of time, in blocks, so that half an hour at
 * 100,000 samples a second passes through a few megabytes.
 *
 * A sample stands for a piece of time, of which its current is the mean. What a meter has lost is a sample whose
 * current is NaN: its time counts, its charge is not known.
 */

/** Which meter wrote a trace. */
export type Meter = "ppk2" | "otii" | "joulescope" | "csv";

/** Samples that follow each other. Valid until the next block is asked for. */
export interface Block {
  readonly length: number;
  /** Amperes; NaN where the meter has nothing. */
  readonly amperes: Float64Array;
  /** Watts, where the meter measures volts too. */
  readonly watts?: Float64Array;
  /** Levels of up to eight digital channels, the first in bit 0; what is not known holds its last level. */
  readonly levels: Uint8Array;
  /** How long each sample lasts, where that differs; otherwise 1 / samplesPerSecond. */
  readonly seconds?: Float64Array;
}

/** A trace that is open. Its blocks can be read once. */
export interface Trace {
  readonly meter: Meter;
  readonly file: string;
  readonly samplesPerSecond: number;
  /** The supply, where the file says it. */
  readonly volts?: number;
  /** Its blocks have watts. */
  readonly measuresVolts: boolean;
  /** Names of the digital channels, at their bit's position. */
  readonly channels: readonly string[];
  /** Bytes on disk, all files together. */
  readonly bytes: number;
  blocks(): AsyncGenerator<Block, void, void>;
  /** Bytes on disk that have been read up to now. */
  bytesRead(): number;
  /** What a reader of the figures must know: what was cut off or left out. Complete after the last block. */
  readonly notes: string[];
}

/** What the person knows and the file does not say. */
export interface TraceOptions {
  /** Of a CSV without a time column. */
  readonly samplesPerSecond?: number;
  /** Of a CSV whose header names no unit. */
  readonly timeUnit?: TimeUnit;
  readonly currentUnit?: CurrentUnit;
  /** Columns to be read as digital channels, the first in bit 0. Without them D0 to D7, or GPI 1, GPI 2 and so on. */
  readonly channels?: readonly string[];
  /** At and above this value a channel is high. */
  readonly threshold?: number;
}

export const timeUnits = { s: 1, ms: 1e-3, us: 1e-6, ns: 1e-9 } as const;
export const currentUnits = { A: 1, mA: 1e-3, uA: 1e-6, nA: 1e-9 } as const;
export type TimeUnit = keyof typeof timeUnits;
export type CurrentUnit = keyof typeof currentUnits;

/** No meter that is read here measures more: a larger current has another unit than was thought. */
export const MOST_AMPERES = 100;

/** A file that is not what it should be. The place is a line, an offset or an entry of it. */
export function malformed(file: string, place: string, reason: string, cause?: unknown): SyntaxError {
  const message = `${file}: ${place === "" ? "" : `${place}: `}${reason}`;
  return new SyntaxError(message, cause === undefined ? undefined : { cause });
}
