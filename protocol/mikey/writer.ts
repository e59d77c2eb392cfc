/** Writing a message field by field into a buffer that grows. */

import { concat, writeUint } from "../bytes.js";

export class Writer {
  private buffer: Uint8Array;
  private capacity: number;
  offset = 0;

  /** `capacity` is a guess at the whole length, in bytes. */
  constructor(capacity = 160) {
    this.buffer = new Uint8Array(capacity);
    this.capacity = capacity;
  }

  /** An unsigned big-endian integer of `size` bytes. Throws a RangeError when the value does not fit. */
  uint(name: string, size: number, value: number): void {
    // What >>> 0 leaves alone is an integer of 32 bits; the upper bits of a shorter field must be 0.
    if (value >>> 0 !== value || (size < 4 && value >>> (8 * size) !== 0)) {
      throw new RangeError(`${name}: ${value} does not fit ${size} byte${size === 1 ? "" : "s"}`);
    }
    const { offset } = this;
    if (offset + size > this.capacity) this.grow(offset + size);
    if (size === 1) this.buffer[offset] = value;
    else writeUint(this.buffer, offset, size, value);
    this.offset = offset + size;
  }

  /** Two fields in one integer of `size` bytes: the lower one has `lowBits` bits. */
  split(high: string, low: string, size: number, lowBits: number, values: [number, number]): void {
    const upper = values[0];
    const lower = values[1];
    if (lower >>> 0 !== lower || lower >>> lowBits !== 0)
      throw new RangeError(`${low}: ${lower} does not fit ${lowBits} bits`);
    if (upper >>> 0 !== upper || upper >>> (8 * size - lowBits) !== 0) {
      throw new RangeError(`${high}: ${upper} does not fit ${8 * size - lowBits} bits`);
    }
    this.uint(high, size, (upper << lowBits) + lower);
  }

  put(value: Uint8Array): void {
    const { offset } = this;
    const end = offset + value.length;
    if (end > this.capacity) this.grow(end);
    this.buffer.set(value, offset);
    this.offset = end;
  }

  /** A length of `size` bytes, then the bytes. Throws a RangeError when there are too many. */
  prefixed(name: string, size: number, value: Uint8Array): void {
    this.uint(`${name} length`, size, value.length);
    this.put(value);
  }

  /** What was written, as an array of its own. */
  finish(): Uint8Array {
    return concat(this.buffer.subarray(0, this.offset));
  }

  /** Makes room for `end` bytes at least. */
  private grow(end: number): void {
    this.capacity = Math.max(2 * this.capacity, end);
    const larger = new Uint8Array(this.capacity);
    larger.set(this.buffer.subarray(0, this.offset));
    this.buffer = larger;
  }
}
