/** A Linux process as a board: the Device that the firmware asks for. */

import type { Device, Link, Storage } from "../../firmware/device.js";
import { primitives, random } from "../../firmware/native/primitives.js";
import { clearTimer, now, setTimer } from "./modules/clock.js";
import { readFile, writeFile } from "./modules/files.js";
import { report } from "./modules/process.js";
import { close, open, send } from "./modules/udp.js";

/** What went over the link so far: datagrams and their payload bytes. */
export interface LinkCounters {
  txDatagrams: number;
  txBytes: number;
  rxDatagrams: number;
  rxBytes: number;
}

export interface LinuxDeviceOptions {
  /** A folder for what must last; made when the first value is written. */
  readonly state: string;
  /** The IPv4 address that the socket is bound to. Default: 0.0.0.0, any. */
  readonly address?: string;
}

/** One device, and the counters of its link. */
export function createDevice(options: LinuxDeviceOptions): { device: Device; counters: LinkCounters } {
  const counters: LinkCounters = { txDatagrams: 0, txBytes: 0, rxDatagrams: 0, rxBytes: 0 };
  const device: Device = {
    primitives,
    random,
    clock: { now, set: setTimer, clear: (timer) => clearTimer(timer as number) },
    storage: folderStorage(options.state),
    openLink: (onDatagram) => udpLink(options.address ?? "0.0.0.0", onDatagram, counters),
    trace: report,
  };
  return { device, counters };
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
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(name))
    throw new RangeError(`storage: ${name} is no name for a value`);
  return name;
}

/** UDP; a peer is "address:port". */
function udpLink(
  address: string,
  onDatagram: (peer: string, datagram: Uint8Array) => void,
  counters: LinkCounters,
): Link {
  const socket = open(address, 0, (from, port, datagram) => {
    counters.rxDatagrams++;
    counters.rxBytes += datagram.byteLength;
    onDatagram(`${from}:${port}`, new Uint8Array(datagram));
  });
  return {
    send(peer, datagram) {
      const colon = peer.lastIndexOf(":");
      const port = Number(peer.slice(colon + 1));
      if (colon < 1 || !(port > 0)) throw new RangeError(`peer: expected address:port, got ${peer}`);
      send(socket, peer.slice(0, colon), port, datagram);
      counters.txDatagrams++;
      counters.txBytes += datagram.length;
    },
    close: () => close(socket),
  };
}
