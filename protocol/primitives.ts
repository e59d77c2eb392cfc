/**
 * The symmetric cryptography that a party lends to the protocol.
 *
 * protocol/ holds no cipher of its own: on the host these calls end in node:crypto, on a board in C or in
 * the chip's own hardware. All arguments and results are plain byte arrays; no call keeps a reference to
 * what it was given.
 */
export interface Primitives {
  /** SHA-256 (FIPS 180-4): 32 bytes. */
  sha256(data: Uint8Array): Uint8Array;
  /** HMAC (RFC 2104): 32 bytes with SHA-256, 20 bytes with SHA-1. */
  hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array;
  /**
   * A whole MIKEY PRF output in one call (RFC 3830 §4.1.2): `length` bytes. One call, since on a board the
   * loop over HMACs belongs in C. `mikeyPrf` in mikey/prf.ts is the reference, built from `hmac`.
   */
  prf(hash: HashName, inkey: Uint8Array, label: Uint8Array, length: number): Uint8Array;
  /** AES-CCM (RFC 3610), 16-byte key, 13-byte nonce (L = 2): ciphertext followed by the tag. */
  ccmSeal(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
    tagLength: 8 | 16,
  ): Uint8Array;
  /** The inverse of ccmSeal: the plaintext, or undefined when the tag does not hold. */
  ccmOpen(
    key: Uint8Array,
    nonce: Uint8Array,
    aad: Uint8Array,
    sealed: Uint8Array,
    tagLength: 8 | 16,
  ): Uint8Array | undefined;
  /** AES-128 in counter mode from a 16-byte initial counter block, big-endian increment (SP 800-38A). */
  aesCtr(key: Uint8Array, counter: Uint8Array, data: Uint8Array): Uint8Array;
}

export type HashName = "sha-1" | "sha-256";

/** `length` bytes from the platform's random generator. Throws when the generator fails: no entropy, no exchange. */
export type RandomSource = (length: number) => Uint8Array;
