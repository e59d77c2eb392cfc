/** A sensor on a serial line: one exchange, and the events once more as the line's diagnostic frames. */

import { counted } from "../../firmware/link/counters.js";
import type { SlipmuxLine } from "../../firmware/link/slipmux.js";
import { start } from "../../firmware/start.js";
import { exchangeOnly, type Program } from "./sensor.js";

export function overLine(line: SlipmuxLine): Program {
  return {
    ...exchangeOnly,
    attachment: { ...counted((onDatagram) => line.open(onDatagram)), trace: (text) => line.trace(text) },
    begin(device, enrol, onEvent) {
      start(device, enrol, (event) => {
        device.trace(JSON.stringify(event));
        onEvent(event);
      });
    },
  };
}
