/** HKDF with SHA-256 (RFC 5869). */

import { concat, wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";

const HASH_LENGTH = 32;
const LONGEST = 255 * HASH_LENGTH;

/** `length` bytes (1 to 8160) of key material. An empty salt stands for 32 zero bytes (§2.2). */
export function hkdf(
  primitives: Primitives,
  salt: Uint8Array,
  inputKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  if (!Number.isInteger(length) || length < 1 || length > LONGEST) {
    throw new RangeError(`HKDF: expected 1 to ${LONGEST} bytes, got ${length}`);
  }
  const key = primitives.hmac("sha-256", salt.length > 0 ? salt : new Uint8Array(HASH_LENGTH), inputKey);
  const output = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let done = 0, i = 1; done < length; done += HASH_LENGTH, i++) {
    block = primitives.hmac("sha-256", key, concat(block, info, Uint8Array.of(i)));
    output.set(block.subarray(0, length - done), done);
  }
  wipe(key, block);
  return output;
}
