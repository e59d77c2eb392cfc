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
  private readonly end: number;

  constructor(
    private readonly bytes: Uint8Array,
    /** Hears each field once it is read, in the order of the bytes. */
    private readonly onField?: (field: Field) => void,
    /** Where `bytes` begins in the message, for offsets in errors and fields. */
    private readonly base = 0,
  ) {
    this.end = bytes.length;
  }

  get remaining(): number {
    return this.end - this.offset;
  }

  /** An unsigned big-endian integer of `size` bytes (1 to 4). */
  uint(name: string, size: number): number {
    const { offset } = this;
    if (offset + size > this.end) throw this.missing(name, size);
    const value = size === 1 ? this.bytes[offset] : readUint(this.bytes, offset, size);
    if (this.onField !== undefined) this.tell(name, offset, value, size);
    this.offset = offset + size;
    return value;
  }

  /** An integer of `size` bytes that holds two fields: the upper one, and `lowBits` bits of the lower one. */
  split(high: string, low: string, size: number, lowBits: number): [number, number] {
    const { offset } = this;
    if (offset + size > this.end) throw this.missing(high, size);
    const both = readUint(this.bytes, offset, size);
    const upper = both >>> lowBits;
    const lower = both - upper * 2 ** lowBits;
    this.tell(high, offset, upper, size);
    this.tell(low, offset, lower, 0);
    this.offset = offset + size;
    return [upper, lower];
  }

  /** `length` bytes, as a view of the message. */
  take(name: string, length: number): Uint8Array {
    const { offset } = this;
    if (offset + length > this.end) throw this.missing(name, length);
    const value = this.bytes.subarray(offset, offset + length);
    if (this.onField !== undefined) this.tell(name, offset, value, length);
    this.offset = offset + length;
    return value;
  }

  /** A length of `size` bytes, then as many bytes, as a view of the message. */
  prefixed(name: string, size: number): Uint8Array {
    const { offset } = this;
    if (offset + size > this.end) throw this.missing(`${name} length`, size);
    const length = size === 1 ? this.bytes[offset] : readUint(this.bytes, offset, size);
    if (this.onField !== undefined) this.tell(`${name} length`, offset, length, size);
    this.offset = offset + size;
    return this.take(name, length);
  }

  /** An error at the current place. */
  error(detail: string): DecodeError {
    return new DecodeError(this.payload, this.base + this.offset, detail);
  }

  private missing(name: string, length: number): DecodeError {
    return this.error(`${name} takes ${length} byte${length === 1 ? "" : "s"}, ${this.remaining} left`);
  }

  private tell(name: string, offset: number, value: number | Uint8Array, size: number): void {
    this.onField?.({ payload: this.payload, name, offset: this.base + offset, value, size });
  }
}
