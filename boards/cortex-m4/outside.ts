/** What is around the emulated board: this machine's time, network, files and randomness. */

import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import type { Image } from "./build.js";
import { type Datagram, type Ending, MAX_UART, type Surroundings, type Wake } from "./emulator.js";
import { EventLines, ramBytes } from "./events.js";
import { readStored, writeStored } from "./storage.js";

/** An event on standard output. */
export function say(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

export class Outside implements Surroundings {
  readonly #events = new EventLines();
  readonly #datagrams: Datagram[] = [];
  #serial: Buffer = Buffer.alloc(0);
  readonly #sockets = new Map<number, Socket>();
  /** To the border router at the other end of the UART. */
  #line: Socket | undefined;
  /** Executed until the board's last word. */
  #instructions = 0;
  /** Ends the board's sleep. */
  #rouse: (() => void) | undefined;

  /** `random` gives the board's randomness. */
  constructor(
    readonly args: readonly string[],
    readonly random: (length: number) => Uint8Array = randomBytes,
  ) {}

  read(path: string): Uint8Array | undefined {
    return readStored(path);
  }

  write(folder: string, name: string, contents: Uint8Array): void {
    writeStored(folder, name, contents);
  }

  async open(address: string, port: number, number: number): Promise<void> {
    const socket = await openSocket(address, port, (datagram) =>
      this.arrived({ ...datagram, socket: number }),
    );
    this.#sockets.set(number, socket);
  }

  send(address: string, port: number, datagram: Uint8Array, socket: number): void {
    this.#sockets.get(socket)?.send(datagram, port, address, () => {});
  }

  close(socket: number): void {
    this.#sockets.get(socket)?.close();
    this.#sockets.delete(socket);
  }

  /** Connects the UART: its bytes go to this address in UDP datagrams, and come from there. */
  async attachLine(address: string, port: number): Promise<void> {
    const line = await openSocket("127.0.0.1", 0, ({ bytes }) => {
      this.#serial = Buffer.concat([this.#serial, bytes]);
      this.#rouse?.();
    });
    line.connect(port, address);
    this.#line = line;
  }

  onSerial(bytes: Uint8Array): void {
    this.#line?.send(bytes, () => {});
  }

  async sleep(delay: number | undefined): Promise<Wake> {
    if (this.#datagrams.length === 0 && this.#serial.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = delay === undefined ? undefined : setTimeout(resolve, delay);
        this.#rouse = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#rouse = undefined;
    }
    const now = performance.now();
    if (this.#serial.length > 0) {
      const serial = this.#serial.subarray(0, MAX_UART);
      this.#serial = this.#serial.subarray(serial.length);
      return { now, serial };
    }
    const datagram = this.#datagrams.shift();
    return datagram === undefined ? { now } : { now, datagram };
  }

  onFrame(_: string, instructions: number): void {
    this.#instructions = instructions;
  }

  output(text: string): void {
    for (const event of this.#events.take(text)) {
      const isMark = (event as { event?: unknown }).event === "mark";
      say(isMark ? { ...event, instructions: this.#instructions } : event);
    }
  }

  complain(text: string): void {
    process.stderr.write(text);
  }

  /** The last event waits for the figures of the whole run. */
  finish({ figures }: Ending, { flashBytes }: Image): void {
    this.#line?.close();
    const { finished } = this.#events;
    if (finished === undefined) return;
    const { instructions } = figures;
    // This image does not count computrons.
    const { computrons, ...counted } = finished.device;
    const device = { ...counted, instructions, ramBytes: ramBytes(figures), flashBytes };
    say({ ...finished, device });
  }

  /** A datagram is there for the board. */
  protected arrived(datagram: Datagram): void {
    this.#datagrams.push(datagram);
    this.#rouse?.();
  }
}

async function openSocket(
  address: string,
  port: number,
  onDatagram: (datagram: Datagram) => void,
): Promise<Socket> {
  const socket = createSocket("udp4", (bytes, from) => {
    onDatagram({ address: from.address, port: from.port, bytes });
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(port, address, resolve);
  });
  // What goes wrong with a datagram is a datagram lost.
  socket.removeAllListeners("error").on("error", () => {});
  return socket;
}
