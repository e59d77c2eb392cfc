/**
 * The sensor without IP: `--dir FOLDER --slipmux ADDRESS:PORT` has CoAP on a serial line to a border router, and the
 * events once more as the line's diagnostic frames, as on a board without a standard output.
 */

import { SlipmuxLine } from "../../firmware/link/slipmux.js";
import { start } from "../../firmware/start.js";
import { Serial } from "./modules/serial.js";
import { exchangeOnly, type Program, runSensor } from "./sensor.js";

function readProgram([option, port, ...rest]: readonly string[]): Program | undefined {
  if (option !== "--slipmux" || port === undefined || rest.length > 0) return undefined;
  const line = new SlipmuxLine({ io: Serial, port });
  return {
    ...exchangeOnly,
    attachment: { openLink: (onDatagram) => line.open(onDatagram), trace: (text) => line.trace(text) },
    begin(device, enrol, onEvent) {
      start(device, enrol, (event) => {
        device.trace(JSON.stringify(event));
        onEvent(event);
      });
    },
  };
}

runSensor(readProgram, "--dir FOLDER --slipmux ADDRESS:PORT");
