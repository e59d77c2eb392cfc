/** Moddable's simulator on Linux as a board: the Device that the firmware asks for. */

import UDP from "embedded:io/socket/udp";
import type { Device, Storage } from "../../firmware/device.js";
import { openUdpLink, type UdpClass } from "../../firmware/link/udp.js";
import { steps } from "../../firmware/native/exchange/exchange.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { readFile, writeFile } from "../linux/modules/files.js";
import { createClock } from "../moddable/clock.js";

/** A device that keeps what must last as files of the folder `state`. */
export function createDevice(state: string): Device {
  return {
    primitives,
    steps,
    random,
    clock: createClock(),
    storage: fileStorage(state),
    openLink(onDatagram) {
      const onLost = (peer: string, reason: string) => say(`a datagram to ${peer} is lost: ${reason}`);
      // The SDK's declarations forget that it can be closed.
      return openUdpLink({ io: UDP as unknown as UdpClass, onLost }, onDatagram);
    },
    trace: say,
  };
}

/** A line on standard output, as all that a simulation traces. */
export function say(line: string): void {
  trace(`${line}\n`);
}

/** Each value a file. `preference` would do on Linux, but for hiding that it could not write. */
function fileStorage(folder: string): Storage {
  return {
    read(name) {
      const contents = readFile(`${folder}/${name}`);
      return contents && new Uint8Array(contents);
    },
    write(name, value) {
      writeFile(folder, name, value);
    },
  };
}
