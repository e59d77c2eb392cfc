/**
 * An emulated GATT server in the shape of firmware/link/gatt.ts: what would go through the air travels in UDP
 * datagrams to an emulated central. Their first byte says what they are:
 *
 *   A  the board advertises            C  the central connects; the longest notification (2 bytes)
 *   N  a notification                  W  a value is written
 *   D  the connection is ended, by whichever end
 */

import type { GattServer, GattServerClass, GattServerOptions } from "../../../firmware/link/gatt.js";
import { concat, readUint } from "../../../protocol/bytes.js";
import { clearTimer, setTimer } from "./clock.js";
import { UDP } from "./udp.js";

const ADVERTISE = 0x41;
const CONNECT = 0x43;
const DISCONNECT = 0x44;
const NOTIFY = 0x4e;
const WRITE = 0x57;

/** Milliseconds between advertisements: Bluetooth's fast interval. */
const INTERVAL = 100;

/** The class of servers that a central at "address:port" finds. Throws a RangeError when that is no address. */
export function emulatedGatt(central: string): GattServerClass {
  const [, address, port] = /^([^:]+):(\d+)$/.exec(central) ?? [];
  if (address === undefined) throw new RangeError(`central: expected address:port, got ${central}`);

  return class implements GattServer {
    readonly #options: GattServerOptions;
    readonly #socket: UDP;
    #connected = false;
    #timer: number;

    constructor(options: GattServerOptions) {
      this.#options = options;
      this.#socket = new UDP({ onReadable: () => this.#receive(new Uint8Array(this.#socket.read() ?? [])) });
      this.#timer = setTimer(() => this.#advertise(), 0);
    }

    notify(value: Uint8Array): void {
      if (this.#connected) this.#send(NOTIFY, value);
    }

    disconnect(): void {
      if (!this.#connected) return;
      this.#send(DISCONNECT);
      this.#disconnected();
      this.#advertise();
    }

    close(): void {
      clearTimer(this.#timer);
      if (this.#connected) this.#send(DISCONNECT);
      this.#connected = false;
      this.#socket.close();
    }

    #advertise(): void {
      this.#send(ADVERTISE);
      this.#timer = setTimer(() => this.#advertise(), INTERVAL);
    }

    #receive(datagram: Uint8Array): void {
      const [kind] = datagram;
      if (kind === CONNECT && datagram.length === 3) {
        clearTimer(this.#timer);
        this.#disconnected();
        this.#connected = true;
        this.#options.onConnected(readUint(datagram, 1, 2));
      } else if (kind === WRITE && this.#connected) {
        this.#options.onWritten(datagram.subarray(1));
      } else if (kind === DISCONNECT && this.#connected) {
        this.#disconnected();
        this.#advertise();
      }
    }

    #disconnected(): void {
      if (!this.#connected) return;
      this.#connected = false;
      this.#options.onDisconnected();
    }

    #send(kind: number, value: Uint8Array = new Uint8Array(0)): void {
      this.#socket.write(concat(Uint8Array.of(kind), value), address, Number(port));
    }
  };
}
