/** Drives a PPK2 and writes what it measures as `.ppk2`. */

import type { OpenPort, Port } from "../../border-router/port.js";
import { PPK2_RATE } from "../traces/ppk2.js";
import { Ppk2Writer } from "../traces/ppk2-writer.js";
import {
  Commands,
  METADATA_END,
  type MeterMode,
  modeCommand,
  type Ppk2Information,
  parseMetadata,
  regulatorCommand,
} from "./ppk2-protocol.js";
import { Ppk2Stream } from "./ppk2-stream.js";

export interface RecordOptions {
  readonly openPort: OpenPort;
  /** What is written; it must not be there yet. */
  readonly file: string;
  readonly mode: MeterMode;
  /** That the meter makes, or in ampere mode what somebody else makes. */
  readonly millivolts: number;
  readonly spikeFilter: boolean;
  /** The device under test gets power before, and loses it after. */
  readonly power: boolean;
  /** Seconds; without it until `signal`. */
  readonly seconds?: number;
  readonly signal: AbortSignal;
  onStart?(information: Ppk2Information): void;
  onProgress?(samples: number, lost: number): void;
}

export interface Recording {
  readonly samples: number;
  readonly lost: number;
  /** Why it ended before its time; undefined: it did not. */
  readonly broken?: string;
  readonly notes: readonly string[];
}

const METADATA_MS = 3_000;
/** A meter that another program has left running falls silent. */
const SILENCE_MS = 100;
/** A meter that says nothing for so long is gone. */
const STALLED_MS = 2_000;
const POLL_MS = 50;
const MAX_METADATA = 1 << 16;
/** Time may run this much ahead of the samples before more is missing than the counter says. */
const TOLERANCE = 0.01;
const LATENCY_S = 0.5;

/** Records. What was recorded until the meter disappeared stays in the file. Throws an Error when it does not begin. */
export async function record(options: RecordOptions): Promise<Recording> {
  const { openPort, file, mode, millivolts, spikeFilter, power, seconds, signal } = options;
  const regulator = regulatorCommand(millivolts);
  let onData: (chunk: Buffer) => void = () => {};
  let gone: string | undefined;
  const port = await openPort({
    onData: (bytes) => onData(Buffer.from(bytes)),
    onGone: (reason) => {
      gone = reason;
    },
  });
  try {
    const information = await introduce(
      port,
      (listener) => {
        onData = listener;
      },
      () => gone,
    );
    options.onStart?.(information);
    // Before anything has power: the file may be there already.
    const writer = new Ppk2Writer(file, {
      samplesPerSecond: PPK2_RATE,
      startSystemTime: Date.now(),
      millivolts,
    });
    send(port, modeCommand(mode));
    send(port, regulator);
    send(port, Uint8Array.of(spikeFilter ? Commands.spikeFilterOn : Commands.spikeFilterOff));
    if (power) send(port, Uint8Array.of(Commands.power, 1));
    const most = seconds === undefined ? Number.POSITIVE_INFINITY : Math.round(seconds * PPK2_RATE);
    let last = performance.now();
    let silent = 0;
    const stream = new Ppk2Stream({
      ...{ calibration: information.calibration, volts: millivolts / 1000, spikeFilter },
      onSample: (amperes, levels) => {
        if (writer.samples < most) writer.add(amperes * 1e6, levels);
      },
      onLost: (samples, levels) => writer.lose(Math.min(samples, most - writer.samples), levels),
    });
    onData = (chunk) => {
      last = performance.now();
      silent = 0;
      stream.push(chunk);
    };
    const began = performance.now();
    send(port, Uint8Array.of(Commands.start));
    let stalled = false;
    while (writer.samples < most && !signal.aborted && gone === undefined && !stalled) {
      await sleep(POLL_MS);
      writer.flush();
      // In turns of this program: on a busy machine it is not the meter that is late.
      stalled = ++silent * POLL_MS > STALLED_MS;
      options.onProgress?.(writer.samples, writer.lost);
    }
    const elapsed = (last - began) / 1000;
    onData = () => {};
    if (gone === undefined) {
      send(port, Uint8Array.of(Commands.stop));
      if (power) send(port, Uint8Array.of(Commands.power, 0));
    }
    stream.end();
    writer.close();
    const broken = gone ?? (stalled ? `it has said nothing for ${STALLED_MS / 1000} s` : undefined);
    return {
      samples: writer.samples,
      lost: writer.lost,
      ...(broken !== undefined && { broken }),
      notes: notesOf(information, stream, writer, elapsed, most),
    };
  } finally {
    // Commands that are on their way get there.
    await sleep(POLL_MS);
    port.close();
  }
}

function notesOf(
  { calibrated }: Ppk2Information,
  { shifts }: Ppk2Stream,
  { samples, lost }: Ppk2Writer,
  elapsed: number,
  most: number,
): string[] {
  const notes: string[] = [];
  if (!calibrated) notes.push("the meter says that it is not calibrated");
  if (lost > 0) notes.push(`${lost} samples are lost (${((100 * lost) / samples).toFixed(3)} %) and marked`);
  if (shifts > 0)
    notes.push(`bytes were lost ${shifts} times: more samples may be missing than are marked there`);
  const missing = elapsed - samples / PPK2_RATE;
  if (samples < most && missing > TOLERANCE * elapsed + LATENCY_S) {
    notes.push(
      `${missing.toFixed(2)} s are missing that the counter does not show: the time of this trace is wrong`,
    );
  }
  return notes;
}

/** Stops what another program has left running, and asks for the calibration. */
async function introduce(
  port: Port,
  listen: (listener: (chunk: Buffer) => void) => void,
  gone: () => string | undefined,
): Promise<Ppk2Information> {
  send(port, Uint8Array.of(Commands.stop));
  await sleep(SILENCE_MS);
  let text = "";
  listen((chunk) => {
    text = (text + chunk.toString("latin1")).slice(-MAX_METADATA);
  });
  send(port, Uint8Array.of(Commands.metadata));
  for (const until = performance.now() + METADATA_MS; !text.includes(METADATA_END); ) {
    const reason = gone();
    if (reason !== undefined) throw new Error(`${port.at}: ${reason}`);
    if (performance.now() > until) {
      throw new Error(
        `${port.at}: no answer to the request for its calibration: is it a PPK2, and its first port?`,
      );
    }
    await sleep(POLL_MS);
  }
  listen(() => {});
  return parseMetadata(text);
}

function send(port: Port, command: Uint8Array): void {
  if (!port.write(command)) throw new Error(`${port.at}: it takes no commands`);
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
