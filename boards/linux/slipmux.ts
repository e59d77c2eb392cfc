/**
 * The sensor without IP: `--dir FOLDER --slipmux PORT` (pty:LINK, ADDRESS:PORT) has CoAP on a serial line to a border router, and the
 * events once more as the line's diagnostic frames, as on a board without a standard output.
 */

import { SlipmuxLine } from "../../firmware/link/slipmux.js";
import { Serial } from "./modules/serial.js";
import { overLine } from "./over-line.js";
import { type Program, runSensor } from "./sensor.js";

function readProgram([option, port, ...rest]: readonly string[]): Program | undefined {
  if (option !== "--slipmux" || port === undefined || rest.length > 0) return undefined;
  return overLine(new SlipmuxLine({ io: Serial, port }));
}

runSensor(readProgram, "--dir FOLDER --slipmux pty:LINK|ADDRESS:PORT");
