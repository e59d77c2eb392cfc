/** Options of the commands that talk with a board in enrolment mode, and how a person gives its code. */

import { createInterface } from "node:readline";
import { Writable } from "node:stream";
import { type Command, InvalidArgumentError, Option } from "commander";
import { codeFromDigits } from "../../protocol/enrolment/code.js";
import { BLE_PACKAGE } from "../border-router/ble.js";
import { emulatedCentral } from "../border-router/central.js";
import type { BoardPlace } from "../enrolment/board-link.js";
import { inFile, readText } from "../enrolment/files.js";
import type { GiveOptions } from "../enrolment/give.js";
import { seconds, wholeNumber } from "./arguments.js";

export interface BoardOptions {
  board?: string;
  serial?: string;
  ble?: true;
  gatt?: string;
  baud: number;
  code?: string;
  patience: number;
}

/** How often a person may mistype the code. */
const TRIES = 3;

/** Adds `--board` and what says where the board is. */
export function addBoardOptions(command: Command): Command {
  return command
    .option("--board <file>", "what is kept of the board: its code. Made here when there is none yet")
    .option("--serial <device>", "the board's line, such as /dev/ttyACM0, or udp:HOST:PORT of an emulator")
    .option("--ble", `the board over this machine's Bluetooth adapter; needs the package ${BLE_PACKAGE}`)
    .addOption(
      new Option("--gatt <udp:host:port>", "a board whose Bluetooth is emulated").argParser(gattPlace),
    )
    .addOption(
      new Option("--baud <bits>", "speed of the serial line")
        .argParser(wholeNumber(300, 4_000_000))
        .default(115_200),
    )
    .option(
      "--code <file>",
      "the board's code, where --board has none: a file with mode 0600, or - for stdin",
    )
    .option("--patience <seconds>", "how long the board may be silent", seconds, 120);
}

/** Whether one of them was given; exits with wrong use when they do not make sense together. */
export function givesBoard(options: BoardOptions, command: Command): boolean {
  const { board, serial, ble, gatt } = options;
  const places = [serial, ble, gatt].filter((place) => place !== undefined).length;
  if (board === undefined && places === 0 && options.code === undefined) return false;
  if (board === undefined)
    command.error("error: a board needs --board, the file for its code", { exitCode: 2 });
  if (places !== 1) command.error("error: give one of --serial, --ble and --gatt", { exitCode: 2 });
  return true;
}

export function giveOptions({ board, serial, gatt, baud, patience }: BoardOptions): GiveOptions {
  const place: BoardPlace =
    serial !== undefined
      ? { kind: "serial", device: serial, baud }
      : gatt !== undefined
        ? { kind: "gatt", place: gatt }
        : { kind: "ble" };
  return { file: board as string, place, patience: 1000 * patience, onProgress };
}

/** To standard error, a line each. */
export function onProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The board's code: of the file that was named, of its record, or from whoever sits at the terminal. */
export async function askCode({ code }: BoardOptions, recorded: Uint8Array | undefined): Promise<Uint8Array> {
  if (code === "-") return codeFromDigits(await readLine());
  if (code !== undefined) return inFile(code, () => codeFromDigits(readText(code, { secret: true })));
  if (recorded !== undefined) return recorded;
  if (!process.stdin.isTTY)
    throw new Error("the board's code is not known: give --code, or type it at a terminal");
  for (let i = 1; ; i++) {
    process.stderr.write("The board's code, 48 digits (not shown): ");
    try {
      return codeFromDigits(await readLine());
    } catch (error) {
      if (!(error instanceof SyntaxError) || i === TRIES) throw error;
      process.stderr.write(`${error.message}\n`);
    } finally {
      process.stderr.write("\n");
    }
  }
}

/** A line of standard input, without an echo on a terminal. */
function readLine(): Promise<string> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output, terminal: process.stdin.isTTY });
  return new Promise((resolve, reject) => {
    reader.once("line", (line) => {
      resolve(line);
      reader.close();
    });
    reader.once("close", () => reject(new Error("the board's code: standard input ended without it")));
    reader.once("SIGINT", () => reader.close());
  });
}

function gattPlace(place: string): string {
  try {
    emulatedCentral(place);
    return place;
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}
