/**
 * Frames of the Power Profiler app for Nordic's PPK2: current as a little-endian float32 in microamperes, then eight
 * pairs of bits in a big-endian uint16, D0 in the lowest: 01 low, 10 high, 11 both within the sample, 00 not known.
 */

import type { Block } from "./trace.js";

export const FRAME = 6;

/** Levels and known channels of four pairs, by the byte. */
const LEVELS = new Uint8Array(256);
const KNOWN = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  for (let pair = 0; pair < 4; pair++) {
    const state = (byte >> (2 * pair)) & 3;
    if (state === 2) LEVELS[byte] |= 1 << pair;
    if (state === 1 || state === 2) KNOWN[byte] |= 1 << pair;
  }
}

const word = new Int32Array(1);
const float = new Float32Array(word.buffer);

/** Frames in, blocks out; what is cut off at a chunk's end waits for the next one. */
export class FrameReader {
  #rest = Buffer.alloc(0);
  #levels = 0;
  #amperes = new Float64Array(0);
  #out = new Uint8Array(0);

  /** Bytes of a frame that has not come yet as a whole. */
  get left(): number {
    return this.#rest.length;
  }

  read(chunk: Buffer): Block {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const length = Math.floor(bytes.length / FRAME);
    // The chunk's memory may be used again.
    this.#rest = Buffer.from(bytes.subarray(length * FRAME));
    if (this.#amperes.length < length) {
      this.#amperes = new Float64Array(length);
      this.#out = new Uint8Array(length);
    }
    const amperes = this.#amperes;
    const out = this.#out;
    let held = this.#levels;
    for (let i = 0, at = 0; i < length; i++, at += FRAME) {
      word[0] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
      const current = float[0];
      amperes[i] = current * 1e-6;
      // The app writes a lost sample as NaN with all channels low: its levels are not known.
      if (!Number.isNaN(current)) {
        const high = bytes[at + 4];
        const low = bytes[at + 5];
        const known = (KNOWN[high] << 4) | KNOWN[low];
        held = (held & ~known) | (((LEVELS[high] << 4) | LEVELS[low]) & known);
      }
      out[i] = held;
    }
    this.#levels = held;
    return { length, amperes, levels: out };
  }
}

/** Pairs of bits of definite levels. */
export function bitPairs(levels: number): number {
  let pairs = 0;
  for (let channel = 0; channel < 8; channel++) {
    pairs |= (((levels >> channel) & 1) + 1) << (2 * channel);
  }
  return pairs;
}
