/**
 * CoAP over a serial line, and the board's trace beside it (draft-bormann-t2trg-slipmux). The port's class is
 * handed in as `io`, in the way of ECMA-419 ("Serial"): Moddable's `embedded:io/serial`, or what a board has in its
 * place.
 *
 * One border router is at the other end. It is a forward-proxy (RFC 7252 §5.7.2): requests say in options where they
 * are to go, and all answers come from it.
 */

import { proxyOptions } from "../../protocol/coap/proxy.js";
import {
  courtesyReset,
  encodeCoapFrame,
  encodeDiagnosticFrame,
  MAX_FRAME,
  readFrame,
} from "../../protocol/slipmux/frames.js";
import { SlipDecoder } from "../../protocol/slipmux/slip.js";
import { lineTransmission } from "../../protocol/slipmux/transmission.js";
import type { Link } from "../device.js";

/** What an ECMA-419 serial port does, with its format "buffer". */
export interface SerialPort {
  /** All bytes that have arrived since the last call; undefined when there are none. */
  read(): ArrayBuffer | undefined;
  /** Takes no more than `onWritable` has told of. */
  write(bytes: Uint8Array): void;
  close(): void;
}

export type SerialClass = new (options: SerialOptions) => SerialPort;

export interface SerialOptions extends SerialPins {
  readonly baud: number;
  readonly format: "buffer";
  /** Tells how many bytes wait. */
  onReadable(count: number): void;
  /** Tells for how many bytes there is room. Not called before the constructor has returned. */
  onWritable(count: number): void;
}

/** Which port it is: by pins or by name, as the board has it. */
export interface SerialPins {
  readonly receive?: number;
  readonly transmit?: number;
  readonly port?: number | string;
}

export interface SlipmuxOptions extends SerialPins {
  readonly io: SerialClass;
  /** Default: 115200, as the draft has it. */
  readonly baud?: number;
}

const DEFAULT_BAUD = 115_200;
/** What may wait for the port, in bytes: the longest frame, every byte of it escaped. */
const MAX_WAITING = 2 * MAX_FRAME + 2;
/** All messages come from and go to the border router. */
const ROUTER = "line";

/** The line, from the board's start on: for the trace always, for CoAP while a link is open. */
export class SlipmuxLine {
  readonly #port: SerialPort;
  /** Frames and what is left of the first. */
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #room = 0;
  #onDatagram: ((peer: string, datagram: Uint8Array) => void) | undefined;

  /** Throws when the port can't be had. */
  constructor(options: SlipmuxOptions) {
    const { io, baud = DEFAULT_BAUD, ...pins } = options;
    const decoder = new SlipDecoder(MAX_FRAME, { onFrame: (frame) => this.#receive(frame) });
    this.#port = new io({
      ...pins,
      baud,
      format: "buffer",
      onReadable: () => {
        const bytes = this.#port.read();
        if (bytes !== undefined) decoder.push(new Uint8Array(bytes));
      },
      onWritable: (count) => {
        this.#room = count;
        this.#write();
      },
    });
  }

  /** The link for CoAP. What is sent while the port is too busy is lost, as on any link; CoAP repeats it. */
  open(onDatagram: (peer: string, datagram: Uint8Array) => void): Link {
    this.#onDatagram = onDatagram;
    return {
      transmission: lineTransmission,
      neighbour: ROUTER,
      route: (address) => ({ peer: ROUTER, options: proxyOptions(address) }),
      send: (_, datagram) => this.#send(encodeCoapFrame(datagram)),
      close: () => {
        if (this.#onDatagram === onDatagram) this.#onDatagram = undefined;
      },
    };
  }

  /** A line for people, as a diagnostic frame. */
  trace(line: string): void {
    this.#send(encodeDiagnosticFrame(line));
  }

  #receive(bytes: Uint8Array): void {
    const frame = readFrame(bytes);
    if (frame.kind !== "coap") return;
    if (this.#onDatagram !== undefined) {
      // The decoder's buffer takes the next frame; who is told may keep this one.
      this.#onDatagram(ROUTER, frame.message.slice());
      return;
    }
    const reset = courtesyReset(frame.message);
    if (reset !== undefined) this.#send(encodeCoapFrame(reset));
  }

  #send(frame: Uint8Array): void {
    if (this.#waitingBytes + frame.length > MAX_WAITING) return;
    this.#waiting.push(frame);
    this.#waitingBytes += frame.length;
    this.#write();
  }

  #write(): void {
    while (this.#room > 0 && this.#waiting.length > 0) {
      const [frame] = this.#waiting;
      const part = frame.subarray(0, this.#room);
      if (part.length === frame.length) this.#waiting.shift();
      else this.#waiting[0] = frame.subarray(part.length);
      this.#room -= part.length;
      this.#waitingBytes -= part.length;
      this.#port.write(part);
    }
  }
}
