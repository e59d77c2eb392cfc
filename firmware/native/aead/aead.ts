/** AES-128 in CCM and counter mode, in C. Each writes its result into the last argument. */

/** AES-CCM: `sealed` is as long as `text` and a tag of 8 or 16 bytes together. */
export function ccmSeal(
  this: void,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
  sealed: Uint8Array,
): void {
  native("xs_ccm_seal").call(this, key, nonce, aad, text, sealed);
}

/** The inverse: whether the tag holds. If not, `text` is all zeros. */
export function ccmOpen(
  this: void,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
  text: Uint8Array,
): boolean {
  return native("xs_ccm_open").call(this, key, nonce, aad, sealed, text);
}

/** AES-CTR from a 16-byte counter block; `out` is as long as `data`. */
export function aesCtr(
  this: void,
  key: Uint8Array,
  counter: Uint8Array,
  data: Uint8Array,
  out: Uint8Array,
): void {
  native("xs_aes_ctr").call(this, key, counter, data, out);
}
