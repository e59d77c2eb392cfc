/** The MIKEY pseudo-random function (RFC 3830 §4.1.2; with HMAC-SHA-256 RFC 6043 §6.1). */

import { concat, wipe } from "../bytes.js";
import type { HashName, Primitives } from "../primitives.js";

/** inkey is cut into pieces of 256 bits, whichever the hash (RFC 6043 §6.1 changes only the 160). */
const PIECE = 32;

/**
 * `length` bytes of PRF output from `inkey` (1 byte or more) and `label`, built from HMACs alone.
 * It is the reference for `Primitives.prf`, which platforms without a faster one implement with it.
 * Throws a RangeError for an empty inkey.
 */
export function mikeyPrf(
  hmac: Primitives["hmac"],
  hash: HashName,
  inkey: Uint8Array,
  label: Uint8Array,
  length: number,
): Uint8Array {
  if (inkey.length === 0) throw new RangeError("inkey: expected at least 1 byte");
  const output = new Uint8Array(length);
  for (let start = 0; start < inkey.length; start += PIECE) {
    const piece = inkey.subarray(start, start + PIECE);
    // P(s, label, m) = HMAC(s, A_1 || label) || HMAC(s, A_2 || label) …, A_0 = label, A_i = HMAC(s, A_(i-1)).
    let a = label;
    for (let offset = 0; offset < length; ) {
      a = hmac(hash, piece, a);
      const block = hmac(hash, piece, concat(a, label));
      for (let i = 0; i < block.length && offset < length; i++) output[offset++] ^= block[i];
      wipe(block);
    }
  }
  return output;
}
