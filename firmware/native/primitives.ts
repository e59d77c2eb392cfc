/** The protocol's primitives and random source on a board: arrays are made here, the work is done in C. */

import type { HashName, Primitives, RandomSource } from "../../protocol/primitives.js";
import { aesCtr, ccmOpen, ccmSeal } from "./aead/aead.js";
import { hmacSha1, hmacSha256, prfSha1, prfSha256, sha256 } from "./digest/digest.js";
import { fill } from "./entropy/entropy.js";

export const primitives: Primitives = {
  sha256(data) {
    const digest = new Uint8Array(32);
    sha256(data, digest);
    return digest;
  },

  hmac(hash, key, data) {
    const mac = new Uint8Array(isSha256(hash) ? 32 : 20);
    if (isSha256(hash)) hmacSha256(key, data, mac);
    else hmacSha1(key, data, mac);
    return mac;
  },

  prf(hash, inkey, label, length) {
    const out = new Uint8Array(length);
    if (isSha256(hash)) prfSha256(inkey, label, out);
    else prfSha1(inkey, label, out);
    return out;
  },

  ccmSeal(key, nonce, aad, plaintext, tagLength) {
    const sealed = new Uint8Array(plaintext.length + tagLength);
    ccmSeal(key, nonce, aad, plaintext, sealed);
    return sealed;
  },

  ccmOpen(key, nonce, aad, sealed, tagLength) {
    // Too short for a tag is a message that does not hold, as any other.
    if (sealed.length < tagLength) return undefined;
    const text = new Uint8Array(sealed.length - tagLength);
    return ccmOpen(key, nonce, aad, sealed, text) ? text : undefined;
  },

  aesCtr(key, counter, data) {
    const out = new Uint8Array(data.length);
    aesCtr(key, counter, data, out);
    return out;
  },
};

export const random: RandomSource = (length) => {
  const bytes = new Uint8Array(length);
  fill(bytes);
  return bytes;
};

function isSha256(hash: HashName): boolean {
  if (hash !== "sha-1" && hash !== "sha-256")
    throw new RangeError(`hash: expected sha-1 or sha-256, got ${hash}`);
  return hash === "sha-256";
}
