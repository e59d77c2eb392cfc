/**
 * The sensor as a Linux process: `--dir FOLDER` holds sensor.json, and state/ what must last. Runs one exchange;
 * events go to standard output, one JSON object a line.
 *
 * Exit codes: 0 agreed, 1 not agreed, 2 wrong use or an enrolment that can't be read.
 */

import { type Enrolment, enrolmentFromJson } from "../../firmware/enrolment.js";
import { runExchange, type SensorEvent } from "../../firmware/main.js";
import { createDevice, type LinkCounters } from "./device.js";
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

function main(): void {
  const folder = readArguments();
  const enrolment = readEnrolment(`${folder}/sensor.json`);
  const { device, counters } = createDevice({ state: `${folder}/state` });
  restartHeapPeaks();
  const before = computrons();
  const figures = (): Figures => ({
    computrons: computrons() - before,
    heapPeakBytes: slotBytes() + chunkBytes(),
    slotBytes: slotBytes(),
    chunkBytes: chunkBytes(),
    ...counters,
  });
  const tell = (event: SensorEvent): void =>
    print(JSON.stringify(event.event === "finished" ? { ...event, device: figures() } : event));
  runExchange(device, enrolment, enrolment.responder, tell, ({ confirmed }) => exit(confirmed ? 0 : 1));
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
    return enrolmentFromJson(parse(text));
  } catch (error) {
    const { message } = error as Error;
    report(message.startsWith(path) ? message : `${path}: ${message}`);
    return exit(2);
  }
}

/** JSON.parse, with an error that quotes nothing of a file full of keys: XS tells the line, Node the position. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [place] = /^\d+(?=:)|position \d+/.exec((error as Error).message) ?? [];
    throw new SyntaxError(
      `malformed JSON${place === undefined ? "" : ` at ${place.replace(/^(?=\d)/, "line ")}`}`,
    );
  }
}

main();
