/** The marks of a trace: which of its channels say the phase, and how. */

import { type Block, malformed, type Trace } from "../traces/trace.js";
import { LevelReader, onePin, threePins, twoPins } from "./levels.js";
import type { OnPhase, PhaseReader } from "./phase.js";
import { LEAST_RATE, PulseReader } from "./pulses.js";
import { type Run, RunReader } from "./runs.js";
import { SelfTest } from "./self-test.js";

/** How phases stand on the channels: as levels of two or three pins, as pulses on one, or high while something runs. */
export type Coding = "pins" | "pulses" | "level";

export interface MarkOptions {
  /** Names of channels, the first pin first. Without them the first `pins` channels of the trace. */
  readonly channels?: readonly string[];
  /** 1, 2 or 3. Without it as many as channels are named, or 3. */
  readonly pins?: number;
  readonly coding?: Coding;
}

/** The name of the one phase of a trace without marks. */
export const WHOLE = "trace";
const MAX_PINS = 3;

/** Reads a whole trace; each phase goes to `onPhase`. Returns samples, seconds and what is to be told. */
export async function readPhases(
  trace: Trace,
  options: MarkOptions,
  onPhase: OnPhase,
  onBlock: (block: Block) => void = () => {},
): Promise<{ samples: number; seconds: number; notes: string[] }> {
  const { file, samplesPerSecond } = trace;
  const channels = channelsOf(trace, options);
  let high = 0;
  let reader: PhaseReader;
  let selfTest: SelfTest | undefined;
  let onRun: (run: Run) => void;
  if (channels.length === 0) {
    reader = new LevelReader([WHOLE], false, samplesPerSecond, (phase) => onPhase({ ...phase, cut: false }));
    onRun = (run) => reader.run(run);
  } else {
    const names = channels.map((channel) => trace.channels[channel]);
    reader = readerOf(trace, channels.length, options, onPhase);
    const test = new SelfTest(
      names,
      samplesPerSecond,
      (run) => reader.run(run),
      () => reader.restart(),
    );
    selfTest = reader instanceof LevelReader && channels.length === 1 ? undefined : test;
    onRun = (run) => {
      high |= run.level;
      if (selfTest === undefined) reader.run(run);
      else selfTest.run(run);
    };
  }
  const runs = new RunReader(channels, 1 / samplesPerSecond, onRun);
  for await (const block of trace.blocks()) {
    runs.read(block);
    onBlock(block);
  }
  runs.end();
  selfTest?.end();
  reader.end();
  if (selfTest?.wrong !== undefined) throw malformed(file, "marks", selfTest.wrong);
  if (runs.samples === 0) throw malformed(file, "", "it holds no sample");
  checkLevels(trace, channels, high, options);
  const notes = [...(selfTest?.notes ?? []), ...reader.notes].map((note) => `${file}: ${note}`);
  return { samples: runs.samples, seconds: runs.seconds, notes: [...trace.notes, ...notes] };
}

/** Positions of the marking channels; none: the trace has no channels at all. */
function channelsOf({ file, channels }: Trace, options: MarkOptions): number[] {
  const { channels: named, pins = named?.length ?? Math.min(MAX_PINS, channels.length) } = options;
  if (named !== undefined) {
    return named.slice(0, pins).map((name) => {
      const at = channels.indexOf(name);
      if (at >= 0) return at;
      throw malformed(
        file,
        "marks",
        `no channel is named ${name}; there are ${channels.join(", ") || "none"}`,
      );
    });
  }
  if (options.pins !== undefined && options.pins > channels.length) {
    const there = channels.length === 0 ? "none: export the digital channels too" : channels.join(", ");
    throw malformed(file, "marks", `${options.pins} pins, but the channels are ${there}`);
  }
  return Array.from({ length: pins }, (_, i) => i);
}

function readerOf({ file, samplesPerSecond }: Trace, pins: number, options: MarkOptions, onPhase: OnPhase) {
  const coding = options.coding ?? (pins === 1 ? "pulses" : "pins");
  if (pins > 1) return new LevelReader(pins === 2 ? twoPins : threePins, true, samplesPerSecond, onPhase);
  if (coding === "level") return new LevelReader(onePin, false, samplesPerSecond, onPhase);
  // Half a per mille of a rate's rounding does not make a meter too slow.
  if (samplesPerSecond < LEAST_RATE * 0.9995) {
    const rate = Math.round(samplesPerSecond);
    throw malformed(
      file,
      "marks",
      `${rate} samples a second can't tell pulses of one pin: mark on two or three pins, or give --coding level`,
    );
  }
  return new PulseReader(onPhase);
}

/** Channels that say nothing: wrong phases would be told, or none. */
function checkLevels(
  { file, channels }: Trace,
  marks: readonly number[],
  high: number,
  options: MarkOptions,
): void {
  const name = (bit: number) => channels[marks[bit]];
  const all = marks.map((_, bit) => name(bit)).join(", ");
  if (marks.length > 0 && high === 0) {
    throw malformed(
      file,
      "marks",
      `no mark: ${all} never ${marks.length === 1 ? "goes" : "go"} high. Check the wires, or give --no-marks for the whole trace`,
    );
  }
  if (options.pins !== undefined || options.channels !== undefined) return;
  const silent = marks.findIndex((_, bit) => ((high >> bit) & 1) === 0);
  if (silent > 0) {
    const pins = silent;
    throw malformed(
      file,
      "marks",
      `${name(silent)} never goes high: if the board marks on ${pins === 1 ? "one pin" : `${pins} pins`}, give --pins ${pins}; if not, check the wire or give --pins ${marks.length}`,
    );
  }
}
