/** The sensor on the emulated Cortex-M4 with its UART as the link; see main.ts. */

import { SlipmuxLine } from "../../firmware/link/slipmux.js";
import { overLine } from "../linux/over-line.js";
import { type Program, runSensor } from "../linux/sensor.js";
import { Uart } from "./uart.js";

function readProgram(options: readonly string[]): Program | undefined {
  return options.length === 0 ? overLine(new SlipmuxLine({ io: Uart })) : undefined;
}

Object.assign(globalThis, { start: () => runSensor(readProgram) });
