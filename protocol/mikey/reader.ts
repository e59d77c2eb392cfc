/** Reading a message field by field, so that every error names the payload, the field and the offset. */

import { readUint } from "../bytes.js";

/** A message that can't be read. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  constructor(
    /** The payload in which reading stopped: "HDR", "KEMAC", … */
    readonly payload: string,
    /** Offset of the first byte that could not be read, from the start of the message. */
    readonly offset: number,
    detail: string,
  ) {
    super(`${payload} at byte ${offset}: ${detail}`);
  }
}

/** One field as it was read. `value` is a number, or a view of the message. */
export interface Field {
  readonly payload: string;
  readonly name: string;
  readonly offset: number;
  readonly value: number | Uint8Array;
  /** How many bytes it takes; 0 for a part of a byte that another field of the same offset counts. */
  readonly size: number;
}

export class Reader {
  /** The payload that is being read, for errors and fields. */
  payload = "HDR";
  offset = 0;

  constructor(
    private readonly bytes: Uint8Array,
    /** Hears each field once it is read, in the order of the bytes. */
    private readonly onField?: (field: Field) => void,
    /** Where `bytes` begins in the message, for offsets in errors and fields. */
    private readonly base = 0,
  ) {}

  get remaining(): number {
    return this.bytes.length - this.offset;
  }

  /** An unsigned big-endian integer of `size` bytes (1 to 4). */
  uint(name: string, size: number): number {
    this.need(name, size);
    const value = readUint(this.bytes, this.offset, size);
    this.onField?.({ payload: this.payload, name, offset: this.base + this.offset, value, size });
    this.offset += size;
    return value;
  }

  /** An integer of `size` bytes that holds two fields: the upper one, and `lowBits` bits of the lower one. */
  split(high: string, low: string, size: number, lowBits: number): [number, number] {
    this.need(high, size);
    const both = readUint(this.bytes, this.offset, size);
    const divisor = 2 ** lowBits;
    const values: [number, number] = [Math.floor(both / divisor), both % divisor];
    const offset = this.base + this.offset;
    this.onField?.({ payload: this.payload, name: high, offset, value: values[0], size });
    this.onField?.({ payload: this.payload, name: low, offset, value: values[1], size: 0 });
    this.offset += size;
    return values;
  }

  /** `length` bytes, as a view of the message. */
  take(name: string, length: number): Uint8Array {
    this.need(name, length);
    const value = this.bytes.subarray(this.offset, this.offset + length);
    this.onField?.({ payload: this.payload, name, offset: this.base + this.offset, value, size: length });
    this.offset += length;
    return value;
  }

  /** A length of `size` bytes, then as many bytes, as a view of the message. */
  prefixed(name: string, size: number): Uint8Array {
    const length = this.uint(`${name} length`, size);
    return this.take(name, length);
  }

  /** An error at the current place. */
  error(detail: string): DecodeError {
    return new DecodeError(this.payload, this.base + this.offset, detail);
  }

  private need(name: string, length: number): void {
    if (length > this.remaining) {
      throw this.error(`${name} takes ${length} byte${length === 1 ? "" : "s"}, ${this.remaining} left`);
    }
  }
}
