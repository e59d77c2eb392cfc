/** The nRF52840 as a board: the Device that the firmware asks for. */

import Flash from "flash";
import type { Device } from "../../firmware/device.js";
import { openGattLink } from "../../firmware/link/gatt.js";
import { steps } from "../../firmware/native/exchange/exchange.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { type Flash as FlashArea, FlashLog } from "../../firmware/storage/flash-log.js";
import { createClock } from "../moddable/clock.js";
import { BleGattServer } from "../moddable/gatt-server.js";

export function createDevice(): Device {
  const clock = createClock();
  const say = (line: string): void => trace(`${line}\n`);
  return {
    primitives,
    steps,
    random,
    clock,
    // Two sectors of the 64 KB below the SoftDevice's own storage (SDK: build/devices/nrf52/config/xsproj.ld).
    // Without an option that is not used here, its `read` gives an ArrayBuffer.
    storage: new FlashLog(new Flash("storage") as FlashArea),
    openLink(onDatagram) {
      const onLost = (reason: string) => say(`a message is lost: ${reason}`);
      return openGattLink({ io: BleGattServer, clock, onLost }, onDatagram);
    },
    trace: say,
  };
}
