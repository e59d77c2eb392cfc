/**
 * The security context (RFC 8613 §3): keys, Common IV and identifiers, derived from what both ends hold. AEAD is
 * AES-CCM-16-64-128 (COSE algorithm 10), key derivation HKDF with SHA-256: what profile 1 of the exchange fixes.
 */

import { concat, equal, writeUint } from "../bytes.js";
import { CborTypes, cborBytes, cborHead, cborText } from "../cbor.js";
import type { Primitives } from "../primitives.js";
import { hkdf } from "./hkdf.js";

/** AES-CCM-16-64-128 (RFC 9053 §4.2). */
export const AEAD_ALGORITHM = 10;
export const TAG_LENGTH = 8;
const KEY_LENGTH = 16;
const NONCE_LENGTH = 13;
/** Bytes of the longest sender ID: nonce length − 6 (§3.3). */
export const MAX_ID_LENGTH = NONCE_LENGTH - 6;
/** Bytes of the longest Partial IV, and the first sequence number that has none (§5). */
export const MAX_PIV_LENGTH = 5;
export const SEQUENCE_LIMIT = 2 ** 40;

const NIL = Uint8Array.of(0xf6);
const NO_BYTES = new Uint8Array(0);

/** What both ends hold before, each from its own side. */
export interface ContextInput {
  readonly masterSecret: Uint8Array;
  /** Empty where there is none. */
  readonly masterSalt?: Uint8Array;
  readonly senderId: Uint8Array;
  readonly recipientId: Uint8Array;
  /** With one, requests carry it as their kid context. */
  readonly idContext?: Uint8Array;
}

export interface SecurityContext {
  readonly senderId: Uint8Array;
  readonly recipientId: Uint8Array;
  readonly idContext: Uint8Array | undefined;
  readonly senderKey: Uint8Array;
  readonly recipientKey: Uint8Array;
  readonly commonIv: Uint8Array;
}

/** Derives a context (§3.2). Throws a RangeError for an ID that is too long, or for two equal ones (§3.3). */
export function deriveContext(primitives: Primitives, input: ContextInput): SecurityContext {
  const { masterSecret, masterSalt = NO_BYTES, senderId, recipientId, idContext } = input;
  for (const [name, { length }] of [
    ["sender ID", senderId],
    ["recipient ID", recipientId],
  ] as const) {
    if (length > MAX_ID_LENGTH)
      throw new RangeError(`${name}: expected at most ${MAX_ID_LENGTH} bytes, got ${length}`);
  }
  if (equal(senderId, recipientId)) throw new RangeError("recipient ID: expected another than the sender ID");
  const expand = (id: Uint8Array, type: "Key" | "IV", length: number): Uint8Array =>
    hkdf(primitives, masterSalt, masterSecret, derivationInfo(id, idContext, type, length), length);
  return {
    senderId,
    recipientId,
    idContext,
    senderKey: expand(senderId, "Key", KEY_LENGTH),
    recipientKey: expand(recipientId, "Key", KEY_LENGTH),
    commonIv: expand(NO_BYTES, "IV", NONCE_LENGTH),
  };
}

/** info = [id, id_context / nil, alg_aead, type, L] (§3.2.1). */
export function derivationInfo(
  id: Uint8Array,
  idContext: Uint8Array | undefined,
  type: "Key" | "IV",
  length: number,
): Uint8Array {
  return concat(
    cborHead(CborTypes.array, 5),
    cborBytes(id),
    idContext === undefined ? NIL : cborBytes(idContext),
    Uint8Array.of(AEAD_ALGORITHM),
    cborText(type),
    Uint8Array.of(length),
  );
}

/** The AEAD nonce for a Partial IV and the ID of the endpoint that made it (§5.2). */
export function aeadNonce({ commonIv }: SecurityContext, id: Uint8Array, piv: Uint8Array): Uint8Array {
  const nonce = commonIv.slice();
  nonce[0] ^= id.length;
  const idStart = NONCE_LENGTH - MAX_PIV_LENGTH - id.length;
  for (let i = 0; i < id.length; i++) nonce[idStart + i] ^= id[i];
  const pivStart = NONCE_LENGTH - piv.length;
  for (let i = 0; i < piv.length; i++) nonce[pivStart + i] ^= piv[i];
  return nonce;
}

const ENCRYPT0 = concat(Uint8Array.of(0x83), cborText("Encrypt0"), cborBytes(NO_BYTES));

/** AAD = ["Encrypt0", h'', external_aad]; no Class I options are defined (§5.4). */
export function additionalData(requestKid: Uint8Array, requestPiv: Uint8Array): Uint8Array {
  const array = concat(
    Uint8Array.of(0x85, 1, 0x81, AEAD_ALGORITHM),
    cborBytes(requestKid),
    cborBytes(requestPiv),
    cborBytes(NO_BYTES),
  );
  return concat(ENCRYPT0, cborBytes(array));
}

/** A sequence number as Partial IV: the fewest bytes, one for 0 (§6.1). */
export function partialIv(sequenceNumber: number): Uint8Array {
  if (!Number.isInteger(sequenceNumber) || sequenceNumber < 0 || sequenceNumber >= SEQUENCE_LIMIT) {
    throw new RangeError(`sequence number: expected 0 to 2^40 − 1, got ${sequenceNumber}`);
  }
  let size = 1;
  for (let rest = Math.floor(sequenceNumber / 256); rest > 0; rest = Math.floor(rest / 256)) size++;
  const piv = new Uint8Array(size);
  writeUint(piv, 0, size, sequenceNumber);
  return piv;
}
