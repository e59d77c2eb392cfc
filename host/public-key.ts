/**
 * RSA of the public-key mode, over node:crypto: the envelope of PKE under RSA-OAEP with SHA-256, as RFC 3830
 * §4.2.5 recommends, and SIGN as RSA-PSS with SHA-256 and a salt of 32 bytes (RFC 8017 §7.1, §8.1).
 *
 * What does not open or hold gives undefined or false, whatever the cause: nobody can ask this end about a
 * ciphertext.
 */

import {
  constants,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign as signWith,
  verify as verifyWith,
  X509Certificate,
} from "node:crypto";

const OAEP = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" } as const;
const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } as const;

/** A public key, or the certificate (DER) that it stands in. */
export type PublicKeySource = KeyObject | Uint8Array;

/** The envelope key under the receiver's public key: as many bytes as its modulus. */
export function wrapEnvelopeKey(receiver: PublicKeySource, envelopeKey: Uint8Array): Uint8Array {
  return new Uint8Array(publicEncrypt({ key: publicKeyOf(receiver), ...OAEP }, envelopeKey));
}

/** The inverse of wrapEnvelopeKey, or undefined when `wrapped` does not open. */
export function unwrapEnvelopeKey(privateKey: KeyObject, wrapped: Uint8Array): Uint8Array | undefined {
  expectRsa(privateKey, "private");
  try {
    return new Uint8Array(privateDecrypt({ key: privateKey, ...OAEP }, wrapped));
  } catch {
    // OpenSSL's reasons differ with the plaintext (Manger's attack on OAEP): they end here.
    return undefined;
  }
}

/** A signature over `data`, signatureLength() bytes. */
export function sign(privateKey: KeyObject, data: Uint8Array): Uint8Array {
  expectRsa(privateKey, "private");
  return new Uint8Array(signWith("sha256", data, { key: privateKey, ...PSS }));
}

/** Whether `signature` over `data` was made with the signer's private key. */
export function verify(signer: PublicKeySource, data: Uint8Array, signature: Uint8Array): boolean {
  return verifyWith("sha256", data, { key: publicKeyOf(signer), ...PSS }, signature);
}

/** Bytes of a signature, and of a wrapped key: the modulus. */
export function signatureLength(key: KeyObject): number {
  expectRsa(key, key.type);
  return (key.asymmetricKeyDetails?.modulusLength as number) / 8;
}

function publicKeyOf(source: PublicKeySource): KeyObject {
  const key = source instanceof Uint8Array ? new X509Certificate(source).publicKey : source;
  expectRsa(key, "public");
  return key;
}

function expectRsa(key: KeyObject, type: string): void {
  if (key.type !== type || key.asymmetricKeyType !== "rsa") {
    throw new TypeError(
      `key: expected a ${type} RSA key, got a ${key.type} ${key.asymmetricKeyType ?? "secret"} key`,
    );
  }
}
