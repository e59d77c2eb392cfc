/** The nRF52840 as a board: the Device that the firmware asks for. */

import Flash from "flash";
import type { Device } from "../../firmware/device.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { type Flash as FlashArea, FlashLog } from "../../firmware/storage/flash-log.js";
import { createClock } from "../moddable/clock.js";

export function createDevice(): Device {
  return {
    primitives,
    random,
    clock: createClock(),
    // Two sectors of the 64 KB below the SoftDevice's own storage (SDK: build/devices/nrf52/config/xsproj.ld).
    // Without an option that is not used here, its `read` gives an ArrayBuffer.
    storage: new FlashLog(new Flash("storage") as FlashArea),
    openLink() {
      throw new Error("link: this board has none yet");
    },
    trace: (line) => trace(`${line}\n`),
  };
}
