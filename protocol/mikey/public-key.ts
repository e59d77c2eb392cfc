/** Public-key mode (RFC 3830 §3.2), and the CSB update in it (§4.5). RSA itself is lent by the caller. */

import { wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import type { Header } from "./header.js";
import type { Identity } from "./identity.js";
import { KEMAC_HEAD, openKemac, refuseUnsupportedKemac, sealKemac } from "./kemac.js";
import { type KemacContents, type KeyData, readKemacContents, writeKemacContents } from "./key-data.js";
import type { LabelContext } from "./keys.js";
import {
  type DecodedMessage,
  encodeMessage,
  optionalPayload,
  refuseForbiddenPolicy,
  refuseOtherDataType,
  refuseTrailing,
  requiredPayload,
} from "./message.js";
import { DataTypes, EnvelopeCaching, ErrorNumbers, HashFunctions, PayloadTypes } from "./numbers.js";
import type { CertificateHash, Payload, Sign } from "./payloads.js";
import { draftContext, labelContext } from "./pre-shared-key.js";
import { Refusal } from "./refusal.js";
import type { Suite } from "./suites.js";
import type { Timestamp } from "./timestamps.js";

const EMPTY = new Uint8Array(0);

/** Bytes of the shortest envelope key that is accepted: what it protects has 128 bits. */
const SHORTEST_ENVELOPE_KEY = 16;

/** What a public-key I_MESSAGE says. */
export interface PublicKeyDraft {
  readonly header: Header;
  /** T, RAND, identities, certificates, policies and extensions, in the order in which they are sent. */
  readonly payloads: readonly Payload[];
  readonly suite: Suite;
  readonly timestamp: Timestamp;
  /** The bundle's RAND; an update (§4.5) sends none and stays with the one of the first exchange. */
  readonly rand: Uint8Array;
  /** The Initiator, who stands inside the KEMAC beside the keys (§3.2). */
  readonly initiator: Identity;
  readonly keys: readonly KeyData[];
  /** A fresh key, and the same under the Responder's public key (§4.2.5). */
  readonly envelopeKey: Uint8Array;
  readonly wrappedKey: Uint8Array;
  /** SHA-256 of the certificate that `wrappedKey` was made with. */
  readonly certificateHash: Uint8Array;
  /** C: whether the Responder keeps the envelope key for updates (§6.3). It does not when this is absent. */
  readonly caching?: number;
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
  const { header, suite, timestamp, envelopeKey, caching = EnvelopeCaching.none } = draft;
  if (header.dataType !== DataTypes.publicKey) {
    throw new RangeError(`data type: expected ${DataTypes.publicKey}, got ${header.dataType}`);
  }
  if (envelopeKey.length < SHORTEST_ENVELOPE_KEY) {
    throw new RangeError(
      `envelope key: expected ${SHORTEST_ENVELOPE_KEY} bytes or more, got ${envelopeKey.length}`,
    );
  }
  const context = draftContext(draft);
  const contents = writeKemacContents({ identity: draft.initiator, keys: draft.keys });
  const protection = { key: envelopeKey, context, timestamp, cover: EMPTY };
  let kemac: ReturnType<typeof sealKemac>;
  try {
    kemac = sealKemac(primitives, protection, suite.encryption, suite.mac, contents);
  } finally {
    wipe(contents);
  }
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
      { type: PayloadTypes.PKE, caching, data: draft.wrappedKey },
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

/** A message whose SIGN holds: what consumePublicKeyMessage takes, so that this check can't be left out. */
export type SignedMessage = DecodedMessage & { readonly [signatureHolds]: true };
declare const signatureHolds: unique symbol;

/**
 * Throws a Refusal unless the message ends in a SIGN of the given S type for which `verify` says yes.
 * To be called before anything is decrypted.
 */
export function checkSignature(
  message: DecodedMessage,
  algorithm: number,
  verify: (data: Uint8Array, signature: Uint8Array) => boolean,
): asserts message is SignedMessage {
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
 * undefined when PKE does not open: then, for a key that is too short and for a wrong MAC the Refusal is the
 * same, and whatever else can be refused is refused before, so that nobody can ask this end about a
 * ciphertext (the attack on PKCS #1 v1.5 in RFC 3218 needs only such an answer).
 *
 * `updateRand` is the RAND of the first exchange, for an update without one; only an update may leave out
 * KEMAC, and then has neither keys nor identity. Whether the identity is the signer's, and what CHASH says,
 * is for the caller to check: it knows the certificates.
 */
export function consumePublicKeyMessage(
  primitives: Primitives,
  message: SignedMessage,
  unwrap: (wrappedKey: Uint8Array) => Uint8Array | undefined,
  updateRand?: Uint8Array,
): KemacContents & {
  readonly context: LabelContext;
  readonly timestamp: Timestamp;
  readonly envelopeKey: Uint8Array;
} {
  refuseOtherDataType(message, DataTypes.publicKey);
  refuseForbiddenPolicy(message);
  const context = labelContext(message, updateRand);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const kemac = optionalPayload(message, PayloadTypes.KEMAC, ErrorNumbers.authentication);
  const isUpdate = updateRand !== undefined;
  if (kemac !== undefined) refuseUnsupportedKemac(kemac);
  else if (!isUpdate) throw new Refusal(ErrorNumbers.authentication, "KEMAC is missing");
  const { data } = requiredPayload(message, PayloadTypes.PKE, ErrorNumbers.authentication);
  const envelopeKey = unwrap(data);
  if (envelopeKey === undefined || envelopeKey.length < SHORTEST_ENVELOPE_KEY) {
    wipe(...(envelopeKey ? [envelopeKey] : []));
    throw new Refusal(ErrorNumbers.authentication, "the envelope does not open");
  }
  if (kemac === undefined) return { keys: [], context, timestamp, envelopeKey };
  let contents: Uint8Array | undefined;
  try {
    contents = openKemac(primitives, { key: envelopeKey, context, timestamp, cover: EMPTY }, kemac);
    const base = message.offsets[message.payloads.indexOf(kemac)] + KEMAC_HEAD;
    return { ...readKemacContents(contents, "publicKey", base), context, timestamp, envelopeKey };
  } catch (error) {
    wipe(envelopeKey, ...(contents ? [contents] : []));
    if (contents !== undefined) throw error;
    if (!(error instanceof Refusal) || error.errorNumber !== ErrorNumbers.authentication) throw error;
    throw new Refusal(ErrorNumbers.authentication, "the envelope does not open");
  }
}
