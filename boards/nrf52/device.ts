/** The nRF52840 as a board: the Device that the firmware asks for. */

import Flash from "flash";
import Modules from "modules";
import type { Device } from "../../firmware/device.js";
import { openGattLink } from "../../firmware/link/gatt.js";
import { oneLink } from "../../firmware/link/one-link.js";
import { steps } from "../../firmware/native/exchange/exchange.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { type Flash as FlashArea, FlashLog } from "../../firmware/storage/flash-log.js";
import { createClock } from "../moddable/clock.js";
import { BleGattServer } from "../moddable/gatt-server.js";
import { openLine } from "./line.js";

/** The SDK's module of that name (modules/sleep of its nRF52 port), which has no declarations. */
interface Sleep {
  /** System ON with RAM off for so many milliseconds, then a reset; a debug build returns. */
  deep(milliseconds: number): void;
  readonly resetReason: number;
}

/** RESETREAS, "SREQ": the SDK's sleep ends in a reset by software. */
const RESET_BY_SOFTWARE = 1 << 2;
/** Milliseconds: the RTC that wakes the chip has 24 bits at 1024 Hz. */
const LONGEST_SLEEP = Math.floor((1000 * (2 ** 24 - 1)) / 1024);

export function createDevice() {
  const clock = createClock();
  const line = openLine();
  const say = (text: string): void => (line === undefined ? trace(`${text}\n`) : line.trace(text));
  const onLost = (reason: string) => say(`a message is lost: ${reason}`);
  // One connection for the exchange and the readings: Bluetooth's server is there once.
  const { openLink, close } = oneLink((onDatagram) =>
    line === undefined
      ? openGattLink({ io: BleGattServer, clock, onLost }, onDatagram)
      : line.open(onDatagram),
  );
  const device: Device = {
    primitives,
    steps,
    random,
    clock,
    // Two sectors of the 64 KB below the SoftDevice's own storage (SDK: build/devices/nrf52/config/xsproj.ld).
    // Without an option that is not used here, its `read` gives an ArrayBuffer.
    storage: new FlashLog(new Flash("storage") as FlashArea),
    openLink,
    trace: say,
  };
  const chip = Modules.importNow("sleep") as Sleep;
  return {
    device,
    hasSlept: (chip.resetReason & RESET_BY_SOFTWARE) !== 0,
    sleep(milliseconds: number): void {
      close();
      chip.deep(Math.min(milliseconds, LONGEST_SLEEP));
    },
  };
}
