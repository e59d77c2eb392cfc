/**
 * The symmetric primitives and the random source of the host, over node:crypto.
 *
 * node:crypto answers in Buffers, some of them windows into a pool that other parts of the process share;
 * every result here is a Uint8Array that owns its bytes, so that wipe() and postMessage() mean what they say.
 */

import { createCipheriv, createDecipheriv, createHash, createHmac, randomFillSync } from "node:crypto";
import { mikeyPrf } from "../protocol/mikey/prf.js";
import type { HashName, Primitives, RandomSource } from "../protocol/primitives.js";

const hashNames = { "sha-1": "sha1", "sha-256": "sha256" } as const;

/** The nonce of AES-CCM with L = 2: 15 − L bytes (RFC 3610 §2). */
const CCM_NONCE = 13;
/** AES-128 keys and AES blocks. */
const AES_BLOCK = 16;
/**
 * No bytes, at an address. An empty array over an empty ArrayBuffer reaches OpenSSL as a null pointer, and
 * its CCM takes that for "announce the length": sealing then fails and, worse, opening skips the check of the
 * tag. A window into an array that has a byte does not.
 */
const NOTHING = new Uint8Array(1).subarray(0, 0);

function expectLength(name: string, bytes: Uint8Array, length: number): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name}: expected a Uint8Array`);
  if (bytes.length !== length) throw new RangeError(`${name}: expected ${length} bytes, got ${bytes.length}`);
}

function hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac(hashNames[hash], key).update(data).digest());
}

function expectCcm(key: Uint8Array, nonce: Uint8Array, tagLength: number): void {
  expectLength("key", key, AES_BLOCK);
  expectLength("nonce", nonce, CCM_NONCE);
  if (tagLength !== 8 && tagLength !== 16)
    throw new RangeError(`tag: expected 8 or 16 bytes, got ${tagLength}`);
}

/** What protocol/ asks of the host. Lengths that do not fit are RangeErrors that name the argument. */
export const primitives: Primitives = {
  sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),

  hmac,

  prf: (hash, inkey, label, length) => mikeyPrf(hmac, hash, inkey, label, length),

  ccmSeal(key, nonce, aad, plaintext, tagLength) {
    expectCcm(key, nonce, tagLength);
    const cipher = createCipheriv("aes-128-ccm", key, nonce, { authTagLength: tagLength });
    cipher.setAAD(aad, { plaintextLength: plaintext.length });
    const sealed = new Uint8Array(plaintext.length + tagLength);
    // In CCM mode one call of update gives the whole ciphertext; final only makes the tag.
    sealed.set(cipher.update(plaintext.length > 0 ? plaintext : NOTHING));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
    return sealed;
  },

  ccmOpen(key, nonce, aad, sealed, tagLength) {
    expectCcm(key, nonce, tagLength);
    const length = sealed.length - tagLength;
    if (length < 0) return undefined;
    const decipher = createDecipheriv("aes-128-ccm", key, nonce, { authTagLength: tagLength });
    decipher.setAuthTag(sealed.subarray(length));
    decipher.setAAD(aad, { plaintextLength: length });
    try {
      const plaintext = new Uint8Array(decipher.update(length > 0 ? sealed.subarray(0, length) : NOTHING));
      decipher.final();
      return plaintext;
    } catch {
      // All lengths were checked above: what OpenSSL refuses here is the tag, and the caller learns just that.
      return undefined;
    }
  },

  aesCtr(key, counter, data) {
    expectLength("key", key, AES_BLOCK);
    expectLength("counter", counter, AES_BLOCK);
    const cipher = createCipheriv("aes-128-ctr", key, counter);
    const output = new Uint8Array(cipher.update(data));
    cipher.final();
    return output;
  },
};

/** Bytes of the operating system's generator, by way of OpenSSL's. Throws when that fails. */
export const randomSource: RandomSource = (length) => {
  if (!Number.isInteger(length) || length < 0)
    throw new RangeError(`length: expected 0 or more, got ${length}`);
  return randomFillSync(new Uint8Array(length));
};
