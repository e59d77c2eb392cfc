/** SHA-1, SHA-256, HMAC and the MIKEY PRF in C. Each writes its result into the last argument. */

export function sha1(this: void, data: Uint8Array, digest: Uint8Array): void {
  native("xs_sha1").call(this, data, digest);
}

export function sha256(this: void, data: Uint8Array, digest: Uint8Array): void {
  native("xs_sha256").call(this, data, digest);
}

export function hmacSha1(this: void, key: Uint8Array, data: Uint8Array, mac: Uint8Array): void {
  native("xs_hmac_sha1").call(this, key, data, mac);
}

export function hmacSha256(this: void, key: Uint8Array, data: Uint8Array, mac: Uint8Array): void {
  native("xs_hmac_sha256").call(this, key, data, mac);
}

export function prfSha1(this: void, inkey: Uint8Array, label: Uint8Array, out: Uint8Array): void {
  native("xs_prf_sha1").call(this, inkey, label, out);
}

export function prfSha256(this: void, inkey: Uint8Array, label: Uint8Array, out: Uint8Array): void {
  native("xs_prf_sha256").call(this, inkey, label, out);
}
