/** The board's UART in the shape of ECMA-419, over C (engine/uart.c). */
/// <reference path="../../firmware/native/native.d.ts" />

import type { SerialOptions, SerialPort } from "../../firmware/link/slipmux.js";
import { clearTimer, setTimer } from "../linux/modules/clock.js";

/** What the port takes at once, in bytes: the size of a UART's buffer in Moddable's SDK. */
const BUFFER = 256;
/** 8 data bits, a start and a stop bit. */
const BITS_PER_BYTE = 10;

/** The only port. The emulated UART sends at once, so its speed is kept here. */
export class Uart implements SerialPort {
  readonly #options: SerialOptions;
  #waiting: ArrayBuffer | undefined;
  #timer: number;

  /** Throws an Error when the port is taken. */
  constructor(options: SerialOptions) {
    this.#options = options;
    open((bytes) => {
      this.#waiting = bytes;
      options.onReadable(bytes.byteLength);
    });
    this.#timer = setTimer(() => options.onWritable(BUFFER), 0);
  }

  /** Of one arrival; onReadable is called for each. */
  read(): ArrayBuffer | undefined {
    const bytes = this.#waiting;
    this.#waiting = undefined;
    return bytes;
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > BUFFER) throw new RangeError(`bytes: expected at most ${BUFFER}, got ${bytes.length}`);
    write(bytes);
    const { baud, onWritable } = this.#options;
    clearTimer(this.#timer);
    this.#timer = setTimer(() => onWritable(BUFFER), (1000 * BITS_PER_BYTE * bytes.length) / baud);
  }

  close(): void {
    clearTimer(this.#timer);
    close();
  }
}

/** The callback gets what has arrived. */
function open(this: void, onBytes: (bytes: ArrayBuffer) => void): void {
  native("xs_uart_open").call(this, onBytes);
}

function write(this: void, bytes: Uint8Array): void {
  native("xs_uart_write").call(this, bytes);
}

function close(this: void): void {
  native("xs_uart_close").call(this);
}
