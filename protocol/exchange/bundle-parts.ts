/**
 * What becomes of a bundle (bundle.ts) once it has left the sensor.
 *
 * The gateway, which knows nothing but t and n, cuts it into one part for each third party: the common fields, the
 * party's encrypted share unless it is one of the first t, and its tag. The third party restores the share message and
 * then checks that, as if it had come whole. On the way back the gateway takes R_I out of a TP_I and cuts off what the
 * sensor can put back.
 */

import { concat, readUint, uint, wipe } from "../bytes.js";
import type { Identity } from "../mikey/identity.js";
import { ccmEncryptedData } from "../mikey/kemac.js";
import { decodeMessage, refuseOtherDataType, requiredPayload } from "../mikey/message.js";
import { DataTypes, ErrorNumbers, ExtensionTypes, PayloadTypes } from "../mikey/numbers.js";
import { macLength } from "../mikey/payloads.js";
import { DecodeError } from "../mikey/reader.js";
import { Refusal } from "../mikey/refusal.js";
import { counterTimestamp } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import { SHARE_LENGTH, type Sharing } from "../shares/points.js";
import { BUNDLE_SUITE, SHARE_FROM_END, TAG_LENGTH } from "./bundle.js";
import { bundleTail, cutBundle } from "./bundle-cut.js";
import { contentsOffset, openShareMessage, shareMessageHead } from "./layout.js";
import { type Policy, shareIndex } from "./policy.js";
import {
  CHECK_VALUE_LENGTH,
  extensionData,
  NONCE_LENGTH,
  PROFILE,
  RESPONDER_NONCE_LENGTH,
} from "./profile.js";
import { headOf, PSEUDONYM_LENGTH, PSEUDONYMOUS_PROFILE, withHead } from "./pseudonym.js";
import { type ResponderField, readResponderField } from "./responder-field.js";
import { createSession, derivedShare, labelContextOf } from "./session.js";

const HANDLE_OFFSET = 1;
const RESPONDER_OFFSET = 3;
const T_LENGTH = 4;

/** The fields that stand in a bundle and in each of its parts. */
export interface BundleHead {
  readonly handle: number;
  /** An index into the list of the enrolment, or the identity itself. */
  readonly responder: number | Identity;
  /** N. */
  readonly nonce: Uint8Array;
  readonly t: number;
  readonly checkValue: Uint8Array;
  /** Bytes of all these. */
  readonly length: number;
}

/** A part as a third party reads it: nothing of it is authenticated yet. */
export interface BundlePart extends BundleHead {
  /** Encrypted, 16 bytes; undefined for one of the first t third parties. */
  readonly share: Uint8Array | undefined;
  readonly tag: Uint8Array;
}

/**
 * The fields at the beginning of a bundle or part. Throws a DecodeError, or a Refusal for another profile and for one with
 * a pseudonym, which shows neither handle nor T.
 */
export function readBundleHead(bytes: Uint8Array): BundleHead {
  const { responder, end, length } = bundleHead(bytes);
  if (bytes[0] !== PROFILE) throw otherProfile(bytes);
  const nonceEnd = end + NONCE_LENGTH;
  const tEnd = nonceEnd + T_LENGTH;
  return {
    handle: readUint(bytes, HANDLE_OFFSET, 2),
    responder,
    nonce: bytes.slice(end, nonceEnd),
    t: readUint(bytes, nonceEnd, T_LENGTH),
    checkValue: bytes.slice(tEnd, length),
    length,
  };
}

/** The Responder, and how many bytes the common fields take: with handle and T or with a pseudonym. Throws as readBundleHead. */
function bundleHead(bytes: Uint8Array): ResponderField & { readonly length: number } {
  if (bytes.length <= RESPONDER_OFFSET) throw tooShort(bytes);
  if (bytes[0] !== PROFILE && !isPseudonymous(bytes)) throw otherProfile(bytes);
  const field = readResponderField(bytes, RESPONDER_OFFSET);
  if (field === undefined) throw tooShort(bytes);
  const length = field.end + NONCE_LENGTH + T_LENGTH + CHECK_VALUE_LENGTH;
  if (bytes.length < length) throw tooShort(bytes);
  return { ...field, length };
}

/** Whether a bundle or part has a pseudonym in the place of handle and T, and nothing else is looked at. */
export function isPseudonymous(bytes: Uint8Array): boolean {
  return bytes[0] === PSEUDONYMOUS_PROFILE;
}

/** The pseudonym in a bundle or part as a number of 48 bits. Throws a DecodeError for one that is too short. */
export function readPseudonym(bytes: Uint8Array): number {
  bundleHead(bytes);
  return pseudonymNumber(headOf(bytes));
}

/** Six bytes as a number: what tables of pseudonyms are kept by. */
export function pseudonymNumber(six: Uint8Array): number {
  return readUint(six, 0, 2) * 2 ** 32 + readUint(six, 2, PSEUDONYM_LENGTH - 2);
}

/** A bundle or part with handle and T in the place of its pseudonym, which readPseudonym has read. */
export function withoutPseudonym(bytes: Uint8Array, handle: number, t: number): Uint8Array {
  return withHead(bytes, PROFILE, concat(handle >> 8, handle, uint(t, T_LENGTH)));
}

/**
 * The parts of a bundle for third parties 1…n, in order, with a pseudonym or without. Throws as readBundleHead, and for a
 * length that does not fit.
 */
export function splitBundle(bytes: Uint8Array, sharing: Omit<Sharing, "threshold">): Uint8Array[] {
  const { length } = bundleHead(bytes);
  const expected = length + bundleTail(sharing);
  if (bytes.length !== expected) {
    throw new DecodeError("bundle", length, `expected ${expected} bytes, got ${bytes.length}`);
  }
  return cutBundle(bytes, sharing);
}

/** Reads a part. Throws a DecodeError or a Refusal. */
export function readBundlePart(bytes: Uint8Array): BundlePart {
  const head = readBundleHead(bytes);
  const rest = bytes.slice(head.length);
  if (rest.length === TAG_LENGTH) return { ...head, share: undefined, tag: rest };
  if (rest.length !== SHARE_LENGTH + TAG_LENGTH) throw tooShort(bytes);
  return { ...head, share: rest.subarray(0, SHARE_LENGTH), tag: rest.subarray(SHARE_LENGTH) };
}

/** What a third party restores share messages with. */
export interface RestoringParty {
  readonly identity: Identity;
  /** The sensor's. */
  readonly policy: Policy;
  /** The PSK for the T of the part. */
  readonly psk: Uint8Array;
  /** The Responders of the enrolment, in the order that indices mean. */
  readonly responders: readonly Identity[];
}

/**
 * I_TP, bit for bit as the sensor made it; for a part that is not the sensor's a message whose MAC does not hold.
 * Whether it does is not looked at here. Throws a Refusal when there can be no such message.
 */
export function restoreShareMessage(
  primitives: Primitives,
  part: BundlePart,
  { identity, policy, psk, responders }: RestoringParty,
): Uint8Array {
  if (policy.suite !== BUNDLE_SUITE) {
    throw new Refusal(
      ErrorNumbers.encryption,
      `a bundle has suite ${BUNDLE_SUITE}, not the enrolled ${policy.suite}`,
    );
  }
  const responder = typeof part.responder === "number" ? responders[part.responder] : part.responder;
  if (responder === undefined) {
    throw new Refusal(ErrorNumbers.identity, `Responder ${part.responder} is not in the enrolment`);
  }
  const isDerived = shareIndex(policy, identity) <= policy.privacy;
  if (isDerived !== (part.share === undefined)) {
    throw new Refusal(ErrorNumbers.share, `the part ${isDerived ? "has" : "lacks"} a share`);
  }
  const session = createSession(primitives, policy, responder, part.nonce, part.t);
  const timestamp = counterTimestamp(part.t);
  const share = isDerived ? derivedShare(primitives, session, psk) : new Uint8Array(SHARE_LENGTH);
  const message = openShareMessage(
    session,
    shareMessageHead(session, timestamp.value, part.checkValue),
    share,
  );
  wipe(share);
  const offset = contentsOffset(message, TAG_LENGTH);
  const end = message.length - TAG_LENGTH;
  // The contents begin with what every Key data begins with, so that it need not be sent.
  const protection = { key: psk, context: labelContextOf(session), timestamp };
  const contents = message.slice(offset, end - 1);
  try {
    message.set(ccmEncryptedData(primitives, protection, contents), offset);
  } catch (error) {
    wipe(message);
    throw error;
  } finally {
    wipe(contents);
  }
  if (part.share !== undefined) message.set(part.share, message.length - SHARE_FROM_END);
  message.set(part.tag, end);
  return message;
}

/**
 * An I_TP of suite BUNDLE_SUITE with zeros in the place of what restoreShareMessage makes with the PSK: what a part says of
 * it, whoever restores it. `isDerived`: it is to one of the first t third parties.
 */
export function keylessBytes(message: Uint8Array, isDerived: boolean): Uint8Array {
  const end = isDerived ? message.length - TAG_LENGTH - 1 : message.length - SHARE_FROM_END;
  return message.slice().fill(0, contentsOffset(message, TAG_LENGTH), end);
}

/**
 * R_I as it goes to the sensor, out of a TP_I: sender ID | nonce | tag. Undefined for a receipt without R_I. Nothing is
 * checked: a gateway has no key, and the sensor finds out. Throws a DecodeError or a Refusal for what is none.
 */
export function compressConfirmation(verification: Uint8Array): Uint8Array | undefined {
  const outer = decodeMessage(verification);
  refuseOtherDataType(outer, DataTypes.preSharedKeyVerification);
  const relayed = extensionData(outer.payloads, ExtensionTypes.confirmation);
  if (relayed === undefined) return undefined;
  const message = decodeMessage(relayed);
  const { rand } = requiredPayload(message, PayloadTypes.RANDR, ErrorNumbers.unspecified);
  const senderId = extensionData(message.payloads, ExtensionTypes.senderId);
  const { algorithm, tag } = requiredPayload(message, PayloadTypes.V, ErrorNumbers.authentication);
  if (senderId === undefined) throw new Refusal(ErrorNumbers.unspecified, "R_I has no sender ID");
  if (macLength(algorithm) !== TAG_LENGTH) {
    throw new Refusal(ErrorNumbers.mac, `R_I has a V of ${tag.length} bytes, not of ${TAG_LENGTH}`);
  }
  return concat(senderId, rand, tag);
}

/**
 * What goes to a sensor with a pseudonym in the place of TP_I, which has its T and identities in clear: R_I as above, or for
 * a receipt the tag of TP_I alone, from which the sensor makes it again (pseudonymous-initiator.ts). Throws as above.
 */
export function compressVerification(verification: Uint8Array): Uint8Array {
  const confirmation = compressConfirmation(verification);
  if (confirmation !== undefined) return confirmation;
  const { algorithm, tag } = requiredPayload(
    decodeMessage(verification),
    PayloadTypes.V,
    ErrorNumbers.authentication,
  );
  if (macLength(algorithm) !== TAG_LENGTH) {
    throw new Refusal(ErrorNumbers.mac, `TP_I has a V of ${tag.length} bytes, not of ${TAG_LENGTH}`);
  }
  return tag.slice();
}

/**
 * R_I out of such an answer, which the gateway hands on as it is; undefined for a receipt. Throws a DecodeError for what
 * can be neither.
 */
export function briefConfirmation(answer: Uint8Array): Uint8Array | undefined {
  if (answer.length === TAG_LENGTH) return undefined;
  if (answer.length < RESPONDER_NONCE_LENGTH + TAG_LENGTH) throw tooShort(answer);
  return answer.slice();
}

function otherProfile([profile]: Uint8Array): Refusal {
  return new Refusal(ErrorNumbers.messageType, `a bundle of profile byte ${profile} is not ${PROFILE}`);
}

function tooShort({ length }: Uint8Array): DecodeError {
  return new DecodeError("bundle", 0, `${length} bytes do not fit`);
}
