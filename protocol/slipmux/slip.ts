/** SLIP (RFC 1055): frames on a line of bytes; and the abort of slipmux (draft-bormann-t2trg-slipmux). */

export const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/** A frame as it goes over the line, with END before it and behind. */
export function encodeSlip(frame: Uint8Array): Uint8Array {
  let length = frame.length + 2;
  for (const byte of frame) if (byte === END || byte === ESC) length++;
  const line = new Uint8Array(length);
  let offset = 0;
  line[offset++] = END;
  for (const byte of frame) {
    if (byte === END || byte === ESC) {
      line[offset++] = ESC;
      line[offset++] = byte === END ? ESC_END : ESC_ESC;
    } else {
      line[offset++] = byte;
    }
  }
  line[offset] = END;
  return line;
}

/** Why bytes of the line make no frame. */
export type SlipFault =
  /** The sender took the frame back: ESC END. */
  | "aborted"
  /** It is longer than the receiver's buffer. */
  | "too long";

export interface SlipHandlers {
  /** Hears each frame; it is a view of the decoder's buffer, good until this returns. */
  onFrame(frame: Uint8Array): void;
  /** Hears of each that was dropped. */
  onFault?(fault: SlipFault): void;
}

/** The receiver: any bytes in any portions go in, whole frames come out. Its buffer is all the memory it takes. */
export class SlipDecoder {
  readonly #buffer: Uint8Array;
  readonly #handlers: SlipHandlers;
  #length = 0;
  #escaped = false;
  /** The rest of a frame that is too long goes by. */
  #overflow = false;

  /** `capacity`: the longest frame, in bytes. */
  constructor(capacity: number, handlers: SlipHandlers) {
    this.#buffer = new Uint8Array(capacity);
    this.#handlers = handlers;
  }

  push(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte);
  }

  /** Forgets what was received of a frame, as after the line was cut. */
  reset(): void {
    this.#length = 0;
    this.#escaped = false;
    this.#overflow = false;
  }

  #take(byte: number): void {
    if (byte === END) {
      this.#end();
    } else if (this.#escaped) {
      this.#escaped = false;
      // Anything else is a protocol violation; RFC 1055's receiver stores the byte as it is.
      this.#store(byte === ESC_END ? END : byte === ESC_ESC ? ESC : byte);
    } else if (byte === ESC) {
      this.#escaped = true;
    } else {
      this.#store(byte);
    }
  }

  #store(byte: number): void {
    if (this.#length === this.#buffer.length) this.#overflow = true;
    else this.#buffer[this.#length++] = byte;
  }

  #end(): void {
    const { onFrame, onFault } = this.#handlers;
    const frame = this.#buffer.subarray(0, this.#length);
    const fault = this.#escaped ? "aborted" : this.#overflow ? "too long" : undefined;
    this.reset();
    if (fault !== undefined) onFault?.(fault);
    else if (frame.length > 0) onFrame(frame);
  }
}
