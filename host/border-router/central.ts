/** Bluetooth centrals on the host: what the border router asks of them, and an emulated one. */

import { createSocket, type RemoteInfo } from "node:dgram";
import { formatAddress } from "../coap/address.js";

/** A board that is connected. */
export interface Peripheral {
  /** Its address, for the log. */
  readonly name: string;
  /** The longest value that may be written, in bytes. */
  readonly longest: number;
  /** Writes a value; it may be lost. */
  write(value: Uint8Array): void;
  disconnect(): void;
}

/** Hears of one connection. */
export interface PeripheralHandlers {
  onValue(value: Uint8Array): void;
  onDisconnected(reason: string): void;
}

export interface Central {
  /** What a person may look for it by. */
  readonly at: string;
  close(): void;
}

/**
 * Begins to connect to whatever has the service of protocol/gatt/service.ts; `connected` is called for each
 * connection. Rejects with a reason for people.
 */
export type OpenCentral = (connected: (peripheral: Peripheral) => PeripheralHandlers) => Promise<Central>;

/** Boards at a time. */
export const MAX_PERIPHERALS = 16;

const ADVERTISE = 0x41;
const CONNECT = 0x43;
const DISCONNECT = 0x44;
const NOTIFY = 0x4e;
const WRITE = 0x57;
/** With the ATT MTU of 247 that fills one packet of Bluetooth's longer data length. */
const LONGEST = 244;

/**
 * An emulated central: what would go through the air travels in UDP datagrams, as boards/linux/modules/gatt.ts has
 * them. `place`: "udp:HOST:PORT". Throws a SyntaxError for another.
 */
export function emulatedCentral(place: string): OpenCentral {
  const [, host, port] = /^udp:(.+):(\d+)$/.exec(place) ?? [];
  if (host === undefined) throw new SyntaxError(`expected udp:HOST:PORT, got ${place}`);
  return async (connected) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    const boards = new Map<string, PeripheralHandlers>();
    const send = (to: RemoteInfo, kind: number, value: Uint8Array = new Uint8Array(0)): void => {
      socket.send(Buffer.concat([Uint8Array.of(kind), value]), to.port, to.address, () => {});
    };
    const drop = (name: string, reason: string): void => {
      const handlers = boards.get(name);
      boards.delete(name);
      handlers?.onDisconnected(reason);
    };
    const connect = (from: RemoteInfo, name: string): void => {
      // A board that advertises has no connection any more, whatever we think.
      drop(name, "the board advertises again");
      const [oldest] = boards.keys();
      if (boards.size >= MAX_PERIPHERALS) drop(oldest, "another board takes its place");
      send(from, CONNECT, Uint8Array.of(LONGEST >> 8, LONGEST & 0xff));
      const write = (value: Uint8Array): void => send(from, WRITE, value);
      const disconnect = (): void => {
        send(from, DISCONNECT);
        drop(name, "ended here");
      };
      boards.set(name, connected({ name, longest: LONGEST, write, disconnect }));
    };
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(Number(port), host, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    socket.on("message", (datagram, from) => {
      const name = formatAddress({ host: from.address, port: from.port });
      const [kind] = datagram;
      if (kind === ADVERTISE) connect(from, name);
      else if (kind === NOTIFY) boards.get(name)?.onValue(Uint8Array.from(datagram.subarray(1)));
      else if (kind === DISCONNECT) drop(name, "ended by the board");
    });
    const bound = socket.address();
    return {
      at: `udp:${formatAddress({ host: bound.address, port: bound.port })}`,
      close: () => socket.close(),
    };
  };
}
