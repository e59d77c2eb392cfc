/**
 * The sensor where there are files and a standard output: `--dir FOLDER` holds sensor.json, and state/ what must last.
 * Runs one exchange; events go to standard output, one JSON object a line.
 *
 * Exit codes: 0 agreed, 1 not agreed, 2 wrong use or an enrolment that can't be read.
 */

import type { Storage } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { enrolmentFromText, withoutPsks } from "../../firmware/enrolment-text.js";
import type { LinkCounters } from "../../firmware/link/counters.js";
import { type BoardEvent, start } from "../../firmware/start.js";
import { enrolmentInForce } from "../../firmware/stored-enrolment.js";
import { type Attachment, createDevice } from "./device.js";
import { readFile, readText, writeFile } from "./modules/files.js";
import {
  args,
  chunkBytes,
  computrons,
  exit,
  report,
  restartHeapPeaks,
  slotBytes,
  tell,
} from "./modules/process.js";

const ENROLMENT = "sensor.json";

/** What an exchange took of the board. */
interface Figures extends LinkCounters {
  /** XS's count, of the exchange alone. */
  readonly computrons: number;
  /** Peaks of the exchange. The engine's own objects, the bytecode and the enrolment are in them. */
  readonly heapPeakBytes: number;
  readonly slotBytes: number;
  readonly chunkBytes: number;
}

/** What a sensor does. */
export interface Program {
  /** firmware/start.ts's start, or what does more than it. */
  readonly begin: typeof start;
  /** Its link, where that is not UDP. */
  readonly attachment?: Attachment;
  /** The exchange is over, and its event told. */
  ended(agreed: boolean): void;
}

export const exchangeOnly: Program = { begin: start, ended: (agreed) => exit(agreed ? 0 : 1) };

/**
 * Runs the sensor with the arguments of the program, which it ends. `readProgram` makes a program of those behind the
 * folder, and gives undefined for wrong use.
 */
export function runSensor(
  readProgram = (rest: readonly string[]): Program | undefined =>
    rest.length === 0 ? exchangeOnly : undefined,
  usage = "--dir FOLDER",
): void {
  const { folder, program } = readArguments(readProgram, usage);
  const { device, counters } = createDevice({
    state: `${folder}/state`,
    ...(program.attachment !== undefined && { attachment: program.attachment }),
  });
  const enrolment = readEnrolment(device.storage, folder);
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
  program.begin(device, measure, (event: BoardEvent) => {
    if (event.event !== "finished") return tell(event);
    tell({ ...event, device: figures() });
    program.ended(event.agreed);
  });
}

function readArguments(readProgram: (rest: readonly string[]) => Program | undefined, usage: string) {
  const [option, folder, ...rest] = args();
  const program = option === "--dir" && folder !== undefined ? readProgram(rest) : undefined;
  if (program !== undefined) return { folder, program };
  report(`usage: ${usage}`);
  return exit(2);
}

/** Whoever reads the file later learns no PSK that was. The disk may still have it where the file was before. */
function forgetPsks(folder: string): void {
  const file = readFile(`${folder}/${ENROLMENT}`);
  if (file !== undefined) writeFile(folder, ENROLMENT, withoutPsks(new Uint8Array(file)));
}

/** What the board was given over a link, or else its file. */
function readEnrolment(storage: Storage, folder: string): Enrolment {
  const path = `${folder}/${ENROLMENT}`;
  let where = "";
  try {
    return enrolmentInForce(storage, () => {
      where = `${path}: `;
      const text = readText(path);
      if (text === undefined) throw new Error("there is no such file");
      return { ...enrolmentFromText(text), taken: () => forgetPsks(folder) };
    });
  } catch (error) {
    const { message } = error as Error;
    report(message.startsWith(where) ? message : `${where}${message}`);
    return exit(2);
  }
}
