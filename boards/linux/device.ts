/** A Linux process as a board: the Device that the firmware asks for. */

import type { Clock, Device, Storage } from "../../firmware/device.js";
import type { LinkCounters } from "../../firmware/link/counters.js";
import { openUdpLink, type UdpSocketOptions } from "../../firmware/link/udp.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { clearTimer, now, setTimer } from "./modules/clock.js";
import { readFile, writeFile } from "./modules/files.js";
import { report } from "./modules/process.js";
import { UDP } from "./modules/udp.js";
import { steps } from "./steps.js";

export interface LinuxDeviceOptions {
  /** A folder for what must last; made when the first value is written. */
  readonly state: string;
  /** The IPv4 address that the socket is bound to. Default: 0.0.0.0, any. */
  readonly address?: string;
  /** What stands in the place of UDP and of standard error. */
  readonly attachment?: Attachment;
}

/** A link of another kind, with what counts its datagrams (link/counters.ts), and where the board's trace goes. */
export interface Attachment extends Pick<Device, "openLink" | "trace"> {
  readonly counters: LinkCounters;
}

export const clock: Clock = { now, set: setTimer, clear: (timer) => clearTimer(timer as number) };

/** One device, and the counters of its link. */
export function createDevice(options: LinuxDeviceOptions): { device: Device; counters: LinkCounters } {
  const { address = "0.0.0.0", attachment } = options;
  const { openLink, counters } = attachment ?? overUdp(address);
  const device: Device = {
    primitives,
    steps,
    random,
    clock,
    storage: folderStorage(options.state),
    openLink,
    trace: attachment?.trace ?? report,
  };
  return { device, counters };
}

function overUdp(address: string): { openLink: Device["openLink"]; counters: LinkCounters } {
  const counters: LinkCounters = { txDatagrams: 0, txBytes: 0, rxDatagrams: 0, rxBytes: 0 };
  const onLost = (peer: string, reason: string) => report(`udp: a datagram to ${peer} is lost: ${reason}`);
  const io = class extends UDP {
    constructor(options: UdpSocketOptions) {
      super(options, counters);
    }
  };
  return { openLink: (onDatagram) => openUdpLink({ io, address, onLost }, onDatagram), counters };
}

/** Values as files of a folder, each replaced in one step. */
function folderStorage(folder: string): Storage {
  return {
    read(name) {
      const contents = readFile(`${folder}/${checkName(name)}`);
      return contents && new Uint8Array(contents);
    },
    write(name, value) {
      writeFile(folder, checkName(name), value);
    },
  };
}

/** Names of values are the firmware's own, but no name may leave the folder. */
function checkName(name: string): string {
  if (name === "" || name.startsWith(".") || name.includes("/"))
    throw new RangeError(`storage: ${name} is no name for a value`);
  return name;
}
