/** Public-key mode (RFC 3830 §3.2). RSA itself is lent by the caller. */

import type { Primitives } from "../primitives.js";
import type { Header } from "./header.js";
import type { Identity } from "./identity.js";
import { openKemac, sealKemac } from "./kemac.js";
import { type KemacContents, type KeyData, readKemacContents, writeKemacContents } from "./key-data.js";
import type { LabelContext } from "./keys.js";
import { type DecodedMessage, encodeMessage, Refusal, refuseTrailing, requiredPayload } from "./message.js";
import { EnvelopeCaching, ErrorNumbers, HashFunctions, PayloadTypes } from "./numbers.js";
import type { CertificateHash, Payload, Sign } from "./payloads.js";
import { labelContext } from "./pre-shared-key.js";
import type { Suite } from "./suites.js";
import type { Timestamp } from "./timestamps.js";

const EMPTY = new Uint8Array(0);

/** What a public-key I_MESSAGE says. */
export interface PublicKeyDraft {
  readonly header: Header;
  /** T, RAND, identities, certificates, policies and extensions, in the order in which they are sent. */
  readonly payloads: readonly Payload[];
  readonly suite: Suite;
  readonly timestamp: Timestamp;
  readonly rand: Uint8Array;
  /** The Initiator, who stands inside the KEMAC beside the keys (§3.2). */
  readonly initiator: Identity;
  readonly keys: readonly KeyData[];
  /** A fresh key, and the same under the Responder's public key (§4.2.2). */
  readonly envelopeKey: Uint8Array;
  readonly wrappedKey: Uint8Array;
  /** SHA-256 of the certificate that `wrappedKey` was made with. */
  readonly certificateHash: Uint8Array;
}

/** How the Initiator signs: the S type, the bytes of a signature, and the signing. */
export interface Signer {
  readonly algorithm: number;
  readonly length: number;
  sign(data: Uint8Array): Uint8Array;
}

/** Encodes the I_MESSAGE: `payloads`, KEMAC, CHASH, PKE, SIGN. */
export function createPublicKeyMessage(
  primitives: Primitives,
  draft: PublicKeyDraft,
  signer: Signer,
): Uint8Array {
  const { header, suite, timestamp, envelopeKey } = draft;
  const context: LabelContext = { hash: suite.hash, csbId: header.csbId, rand: draft.rand };
  const contents = writeKemacContents({ identity: draft.initiator, keys: draft.keys });
  const protection = { key: envelopeKey, context, timestamp, cover: EMPTY };
  const kemac = sealKemac(primitives, protection, suite.encryption, suite.mac, contents);
  const chash: CertificateHash = {
    type: PayloadTypes.CHASH,
    hash: HashFunctions.sha256,
    value: draft.certificateHash,
  };
  const sign: Sign = {
    type: PayloadTypes.SIGN,
    algorithm: signer.algorithm,
    signature: new Uint8Array(signer.length),
  };
  const bytes = encodeMessage({
    header,
    payloads: [
      ...draft.payloads,
      kemac,
      chash,
      { type: PayloadTypes.PKE, caching: EnvelopeCaching.none, data: draft.wrappedKey },
      sign,
    ],
  });
  // SIGN covers its own header, so its length stands before the signature is made (§5.2).
  const signed = bytes.subarray(0, bytes.length - signer.length);
  const signature = signer.sign(signed);
  if (signature.length !== signer.length) {
    throw new RangeError(`signature: expected ${signer.length} bytes, got ${signature.length}`);
  }
  bytes.set(signature, signed.length);
  return bytes;
}

/**
 * Throws a Refusal unless the message ends in a SIGN of the given S type for which `verify` says yes.
 * To be called before anything is decrypted.
 */
export function checkSignature(
  message: DecodedMessage,
  algorithm: number,
  verify: (data: Uint8Array, signature: Uint8Array) => boolean,
): void {
  refuseTrailing(message, ErrorNumbers.authentication);
  const { algorithm: used, signature } = requiredPayload(
    message,
    PayloadTypes.SIGN,
    ErrorNumbers.authentication,
  );
  if (used !== algorithm) throw new Refusal(ErrorNumbers.authentication, `S type ${used} is not accepted`);
  const signed = message.bytes.subarray(0, message.bytes.length - signature.length);
  if (!verify(signed, signature))
    throw new Refusal(ErrorNumbers.authentication, "the signature does not hold");
}

/**
 * Opens the KEMAC of a public-key I_MESSAGE whose signature holds. `unwrap` gives the envelope key, or
 * undefined when PKE does not open: then and for a wrong MAC the Refusal is the same, so that nobody can
 * ask this end about a ciphertext (§4.2.5 names the attack on PKCS #1).
 */
export function consumePublicKeyMessage(
  primitives: Primitives,
  message: DecodedMessage,
  unwrap: (wrappedKey: Uint8Array) => Uint8Array | undefined,
): KemacContents & {
  readonly context: LabelContext;
  readonly timestamp: Timestamp;
  readonly envelopeKey: Uint8Array;
} {
  const context = labelContext(message);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const kemac = requiredPayload(message, PayloadTypes.KEMAC, ErrorNumbers.authentication);
  const { data } = requiredPayload(message, PayloadTypes.PKE, ErrorNumbers.authentication);
  const envelopeKey = unwrap(data);
  if (envelopeKey === undefined) throw new Refusal(ErrorNumbers.authentication, "the envelope does not open");
  let contents: Uint8Array;
  try {
    contents = openKemac(primitives, { key: envelopeKey, context, timestamp, cover: EMPTY }, kemac);
  } catch (error) {
    if (!(error instanceof Refusal) || error.errorNumber !== ErrorNumbers.authentication) throw error;
    throw new Refusal(ErrorNumbers.authentication, "the envelope does not open");
  }
  return { ...readKemacContents(contents, "publicKey"), context, timestamp, envelopeKey };
}
