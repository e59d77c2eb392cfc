/**
 * Serial ports in the shape of ECMA-419, no faster than their speed allows: a pseudo-terminal that others open as they
 * open a board's, or an emulated line whose bytes travel in UDP datagrams, as of QEMU's `-serial udp:`.
 */

import type { SerialOptions, SerialPort } from "../../../firmware/link/slipmux.js";
import { clearTimer, setTimer } from "./clock.js";
import { openPty } from "./pty.js";
import { UDP } from "./udp.js";

/** What the port takes at once, in bytes: the size of a UART's buffer in Moddable's SDK. */
const BUFFER = 256;
/** 8 data bits, a start and a stop bit. */
const BITS_PER_BYTE = 10;

/** Where the bytes go. */
interface Wire {
  write(bytes: Uint8Array): void;
  close(): void;
}

export class Serial implements SerialPort {
  readonly #wire: Wire;
  readonly #waiting: ArrayBuffer[] = [];
  readonly #options: SerialOptions;
  #timer: number;

  /** `port`: "pty:LINK", or where the other end is, "address:port". Throws when that is neither. */
  constructor(options: SerialOptions) {
    this.#options = options;
    this.#wire = openWire(`${options.port}`, (bytes) => {
      this.#waiting.push(bytes);
      options.onReadable(bytes.byteLength);
    });
    this.#timer = setTimer(() => options.onWritable(BUFFER), 0);
  }

  /** What arrived at once; onReadable is called for each. */
  read(): ArrayBuffer | undefined {
    return this.#waiting.shift();
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER) throw new RangeError(`bytes: expected at most ${BUFFER}, got ${bytes.length}`);
    this.#wire.write(bytes);
    const { baud, onWritable } = this.#options;
    clearTimer(this.#timer);
    this.#timer = setTimer(() => onWritable(BUFFER), (1000 * BITS_PER_BYTE * bytes.length) / baud);
  }

  close(): void {
    clearTimer(this.#timer);
    this.#wire.close();
  }
}

function openWire(port: string, onBytes: (bytes: ArrayBuffer) => void): Wire {
  const [, link] = /^pty:(.+)$/.exec(port) ?? [];
  if (link !== undefined) return openPty(link, onBytes);
  const [, address, number] = /^([^:]+):(\d+)$/.exec(port) ?? [];
  if (address === undefined) throw new RangeError(`port: expected pty:LINK or address:port, got ${port}`);
  const socket = new UDP({
    onReadable() {
      const datagram = socket.read();
      if (datagram !== undefined) onBytes(datagram);
    },
  });
  return {
    write: (bytes) => socket.write(bytes, address, Number(number)),
    close: () => socket.close(),
  };
}
