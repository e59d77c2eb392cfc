/** An ESP32 as a board: the Device that the firmware asks for. */

import UDP from "embedded:io/socket/udp";
import Preference from "preference";
import type { Device } from "../../firmware/device.js";
import { openUdpLink, type UdpClass } from "../../firmware/link/udp.js";
import { steps } from "../../firmware/native/exchange/exchange.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { TwoCopies } from "../../firmware/storage/two-copies.js";
import { createClock } from "../moddable/clock.js";

export function createDevice(): Device {
  const say = (line: string): void => trace(`${line}\n`);
  return {
    primitives,
    steps,
    random,
    clock: createClock(),
    storage: new TwoCopies(Preference, "symbolon"),
    openLink(onDatagram) {
      const onLost = (peer: string, reason: string) => say(`a datagram to ${peer} is lost: ${reason}`);
      // The SDK's declarations forget that it can be closed.
      return openUdpLink({ io: UDP as unknown as UdpClass, onLost }, onDatagram);
    },
    trace: say,
  };
}
