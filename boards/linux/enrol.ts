/**
 * The board with its button pressed: `--dir FOLDER --enrol --slipmux PORT` or `--enrol --gatt ADDRESS:PORT` waits to be
 * enrolled over that link. Its code is the one that came with the enrolment before, or else that of FOLDER/code, which
 * stands for what was flashed.
 *
 * Exit code: 0 enrolled (or wiped), 1 not, 2 wrong use or no code.
 */

import { awaitEnrolment } from "../../firmware/enrolment-mode.js";
import { counted } from "../../firmware/link/counters.js";
import { openGattLink } from "../../firmware/link/gatt.js";
import { SlipmuxLine } from "../../firmware/link/slipmux.js";
import { storedCode } from "../../firmware/stored-enrolment.js";
import { codeFromDigits } from "../../protocol/enrolment/code.js";
import { type Attachment, clock, createDevice } from "./device.js";
import { readText } from "./modules/files.js";
import { emulatedGatt } from "./modules/gatt.js";
import { args, exit, report, tell } from "./modules/process.js";
import { Serial } from "./modules/serial.js";

function wrong(complaint: string): never {
  report(complaint);
  return exit(2);
}

function attachmentOf(option: string | undefined, place: string): Attachment | undefined {
  if (option === "--slipmux") {
    const line = new SlipmuxLine({ io: Serial, port: place });
    return { ...counted((onDatagram) => line.open(onDatagram)), trace: (text) => line.trace(text) };
  }
  if (option !== "--gatt") return undefined;
  const io = emulatedGatt(place);
  const onLost = (reason: string): void => report(`gatt: a message is lost: ${reason}`);
  return { ...counted((onDatagram) => openGattLink({ io, clock, onLost }, onDatagram)), trace: report };
}

function flashedCode(folder: string): Uint8Array {
  const path = `${folder}/code`;
  const digits = readText(path);
  if (digits === undefined) return wrong(`${path}: there is no such file, and the board was never enrolled`);
  try {
    return codeFromDigits(digits);
  } catch (error) {
    return wrong(`${path}: ${(error as Error).message}`);
  }
}

const [dir, folder, enrol, option, place, ...rest] = args();
const attachment =
  dir === "--dir" && enrol === "--enrol" && place !== undefined && rest.length === 0
    ? attachmentOf(option, place)
    : undefined;
if (attachment === undefined) {
  wrong("usage: --dir FOLDER --enrol --slipmux pty:LINK|ADDRESS:PORT, or --enrol --gatt ADDRESS:PORT");
} else {
  const { device } = createDevice({ state: `${folder}/state`, attachment });
  const code = storedCode(device.storage) ?? flashedCode(folder);
  awaitEnrolment(device, code, tell, (enrolled) => {
    // What says so may still be on its way.
    clock.set(() => exit(enrolled ? 0 : 1), 100);
  });
}
