/**
 * An emulated serial port in the shape of ECMA-419: its bytes travel in UDP datagrams, as of QEMU's `-serial udp:`,
 * no faster than its speed allows.
 */

import type { SerialOptions, SerialPort } from "../../../firmware/link/slipmux.js";
import { clearTimer, setTimer } from "./clock.js";
import { UDP } from "./udp.js";

/** What the port takes at once, in bytes: the size of a UART's buffer in Moddable's SDK. */
const BUFFER = 256;
/** 8 data bits, a start and a stop bit. */
const BITS_PER_BYTE = 10;

export class Serial implements SerialPort {
  readonly #socket: UDP;
  readonly #address: string;
  readonly #port: number;
  readonly #options: SerialOptions;
  #timer: number;

  /** `port`: where the other end is, "address:port". Throws when that is no address. */
  constructor(options: SerialOptions) {
    const [, address, port] = /^([^:]+):(\d+)$/.exec(`${options.port}`) ?? [];
    if (address === undefined) throw new RangeError(`port: expected address:port, got ${options.port}`);
    this.#address = address;
    this.#port = Number(port);
    this.#options = options;
    this.#socket = new UDP({ onReadable: (count) => options.onReadable(count) });
    this.#timer = setTimer(() => options.onWritable(BUFFER), 0);
  }

  /** Of one datagram; onReadable is called for each. */
  read(): ArrayBuffer | undefined {
    return this.#socket.read();
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER) throw new RangeError(`bytes: expected at most ${BUFFER}, got ${bytes.length}`);
    this.#socket.write(bytes, this.#address, this.#port);
    const { baud, onWritable } = this.#options;
    clearTimer(this.#timer);
    this.#timer = setTimer(() => onWritable(BUFFER), (1000 * BITS_PER_BYTE * bytes.length) / baud);
  }

  close(): void {
    clearTimer(this.#timer);
    this.#socket.close();
  }
}
