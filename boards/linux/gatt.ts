/** The sensor as a Bluetooth peripheral: `--dir FOLDER --gatt ADDRESS:PORT` has CoAP over GATT to a border router. */

import { counted } from "../../firmware/link/counters.js";
import { openGattLink } from "../../firmware/link/gatt.js";
import { clock } from "./device.js";
import { emulatedGatt } from "./modules/gatt.js";
import { report } from "./modules/process.js";
import { exchangeOnly, type Program, runSensor } from "./sensor.js";

function readProgram([option, central, ...rest]: readonly string[]): Program | undefined {
  if (option !== "--gatt" || central === undefined || rest.length > 0) return undefined;
  const io = emulatedGatt(central);
  const onLost = (reason: string) => report(`gatt: a message is lost: ${reason}`);
  return {
    ...exchangeOnly,
    attachment: {
      ...counted((onDatagram) => openGattLink({ io, clock, onLost }, onDatagram)),
      trace: report,
    },
  };
}

runSensor(readProgram, "--dir FOLDER --gatt ADDRESS:PORT");
