/**
 * The sensor where there are files and a standard output: `--dir FOLDER` holds sensor.json, and state/ what must last. Runs one exchange;
 * events go to standard output, one JSON object a line.
 *
 * Exit codes: 0 agreed, 1 not agreed, 2 wrong use or an enrolment that can't be read.
 */

import type { Enrolment } from "../../firmware/enrolment.js";
import { enrolmentFromText } from "../../firmware/enrolment-text.js";
import type { LinkCounters } from "../../firmware/link/counters.js";
import { type BoardEvent, start } from "../../firmware/start.js";
import { createDevice } from "./device.js";
import { readText } from "./modules/files.js";
import {
  args,
  chunkBytes,
  computrons,
  exit,
  print,
  report,
  restartHeapPeaks,
  slotBytes,
} from "./modules/process.js";

/** What an exchange took of the board. */
interface Figures extends LinkCounters {
  /** XS's count, of the exchange alone. */
  readonly computrons: number;
  /** Peaks of the exchange. The engine's own objects, the bytecode and the enrolment are in them. */
  readonly heapPeakBytes: number;
  readonly slotBytes: number;
  readonly chunkBytes: number;
}

/** Runs the sensor with the arguments of the program, which it ends. */
export function runSensor(): void {
  const folder = readArguments();
  const enrolment = readEnrolment(`${folder}/sensor.json`);
  const { device, counters } = createDevice({ state: `${folder}/state` });
  let before = 0;
  const figures = (): Figures => ({
    computrons: computrons() - before,
    heapPeakBytes: slotBytes() + chunkBytes(),
    slotBytes: slotBytes(),
    chunkBytes: chunkBytes(),
    ...counters,
  });
  const measure = (): Enrolment => {
    // From here on: the known-answer tests are no part of the exchange.
    restartHeapPeaks();
    before = computrons();
    return enrolment;
  };
  start(device, measure, (event: BoardEvent) => {
    if (event.event !== "finished") return print(JSON.stringify(event));
    print(JSON.stringify({ ...event, device: figures() }));
    exit(event.agreed ? 0 : 1);
  });
}

function readArguments(): string {
  const [option, folder, ...rest] = args();
  if (option === "--dir" && folder !== undefined && rest.length === 0) return folder;
  report("usage: --dir FOLDER");
  return exit(2);
}

function readEnrolment(path: string): Enrolment {
  try {
    const text = readText(path);
    if (text === undefined) throw new Error("there is no such file");
    return enrolmentFromText(text);
  } catch (error) {
    const { message } = error as Error;
    report(message.startsWith(path) ? message : `${path}: ${message}`);
    return exit(2);
  }
}
