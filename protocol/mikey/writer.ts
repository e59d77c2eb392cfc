/** Writing a message field by field into a buffer that grows. */

import { writeUint } from "../bytes.js";

export class Writer {
  private buffer: Uint8Array;
  offset = 0;

  /** `capacity` is a guess at the whole length, in bytes. */
  constructor(capacity = 160) {
    this.buffer = new Uint8Array(capacity);
  }

  /** An unsigned big-endian integer of `size` bytes. Throws a RangeError when the value does not fit. */
  uint(name: string, size: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value >= 256 ** size) {
      throw new RangeError(`${name}: ${value} does not fit ${size} byte${size === 1 ? "" : "s"}`);
    }
    this.reserve(size);
    writeUint(this.buffer, this.offset, size, value);
    this.offset += size;
  }

  /** Two fields in one integer of `size` bytes: the lower one has `lowBits` bits. */
  split(high: string, low: string, size: number, lowBits: number, values: [number, number]): void {
    const [upper, lower] = values;
    if (lower < 0 || lower >= 2 ** lowBits)
      throw new RangeError(`${low}: ${lower} does not fit ${lowBits} bits`);
    if (upper < 0 || upper >= 2 ** (8 * size - lowBits)) {
      throw new RangeError(`${high}: ${upper} does not fit ${8 * size - lowBits} bits`);
    }
    this.uint(high, size, upper * 2 ** lowBits + lower);
  }

  put(value: Uint8Array): void {
    this.reserve(value.length);
    this.buffer.set(value, this.offset);
    this.offset += value.length;
  }

  /** A length of `size` bytes, then the bytes. Throws a RangeError when there are too many. */
  prefixed(name: string, size: number, value: Uint8Array): void {
    this.uint(`${name} length`, size, value.length);
    this.put(value);
  }

  /** What was written, as an array of its own. */
  finish(): Uint8Array {
    return this.buffer.slice(0, this.offset);
  }

  private reserve(length: number): void {
    if (this.offset + length <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.offset + length));
    larger.set(this.buffer.subarray(0, this.offset));
    this.buffer = larger;
  }
}
