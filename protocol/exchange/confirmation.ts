/**
 * R_I, from the Responder to the sensor, through any third party: the Responder holds the TGK.
 *
 * HDR, T(the sensor's), RANDR(2: the Responder's nonce), GenExt 245 (the OSCORE sender ID of the sensor),
 * IDR(2 Responder), V. It is the R_MESSAGE of pre-shared-key mode with the TGK as PSK (RFC 3830 §3.1), so
 * its key is none of the channel's (§4.1.3 and §4.1.4 take other constants).
 */

import { equal } from "../bytes.js";
import { DataTypes, ExtensionTypes, PayloadTypes, Roles } from "../mikey/numbers.js";
import { macLength } from "../mikey/payloads.js";
import { counterTimestamp } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import {
  type AnswerContext,
  type AnswerForm,
  answerHolds,
  createAnswer,
  verificationFailure,
} from "./answer.js";
import { CONFIRMATION_NONCE_OFFSET, coveredConfirmation } from "./confirmation-layout.js";
import { OSCORE_RESPONDER_ID, RESPONDER_NONCE_LENGTH } from "./profile.js";
import type { Session } from "./session.js";

/** What the Responder adds to the session. */
export interface Confirmation {
  /** Its freshness: 8 random bytes. */
  readonly nonce: Uint8Array;
  /** The sensor's sender ID in the confirmed OSCORE context, 0 to 7 bytes (RFC 8613 §3.3). */
  readonly senderId: Uint8Array;
}

/** Bytes of the longest OSCORE sender ID under a 13-byte nonce (RFC 8613 §3.3). */
const LONGEST_SENDER_ID = 7;

const form: AnswerForm = { dataType: DataTypes.preSharedKeyVerification, role: Roles.responder };

/** Encodes an R_I. */
export function createConfirmation(
  primitives: Primitives,
  session: Session,
  tgk: Uint8Array,
  { nonce, senderId }: Confirmation,
): Uint8Array {
  if (nonce.length !== RESPONDER_NONCE_LENGTH) {
    throw new RangeError(`nonce: expected ${RESPONDER_NONCE_LENGTH} bytes, got ${nonce.length}`);
  }
  if (senderId.length > LONGEST_SENDER_ID) {
    throw new RangeError(`sender ID: expected at most ${LONGEST_SENDER_ID} bytes, got ${senderId.length}`);
  }
  if (equal(senderId, OSCORE_RESPONDER_ID)) throw new RangeError("sender ID: it is the Responder's own");
  return createAnswer(
    primitives,
    form,
    answerContext(session, tgk),
    [
      { type: PayloadTypes.RANDR, role: Roles.responder, rand: nonce },
      { type: PayloadTypes.generalExtension, extension: ExtensionTypes.senderId, data: senderId },
    ],
    [],
  );
}

/**
 * Checks an R_I at the sensor, which takes it in the one form that is written above. Throws a Refusal that is the same
 * for whatever is wrong.
 */
export function consumeConfirmation(
  primitives: Primitives,
  bytes: Uint8Array,
  session: Session,
  tgk: Uint8Array,
): Confirmation {
  const context = answerContext(session, tgk);
  const end = bytes.length - macLength(session.suite.verification)!;
  const nonceEnd = CONFIRMATION_NONCE_OFFSET + RESPONDER_NONCE_LENGTH;
  // Behind the nonce: General Extension's Next payload, Type and length.
  const idOffset = nonceEnd + 4;
  const idLength = end < idOffset ? LONGEST_SENDER_ID + 1 : bytes[idOffset - 1];
  if (idLength > LONGEST_SENDER_ID) throw verificationFailure();
  const nonce = bytes.slice(CONFIRMATION_NONCE_OFFSET, nonceEnd);
  const senderId = bytes.slice(idOffset, idOffset + idLength);
  const covered = coveredConfirmation(session, context.timestamp.value, nonce, senderId);
  if (
    equal(senderId, OSCORE_RESPONDER_ID) ||
    !equal(bytes.subarray(0, end), covered) ||
    !answerHolds(primitives, context, covered, bytes.subarray(end))
  ) {
    throw verificationFailure();
  }
  return { nonce, senderId };
}

function answerContext(session: Session, tgk: Uint8Array): AnswerContext {
  const timestamp = counterTimestamp(session.t);
  return { session, key: tgk, initiator: session.sensor, responder: session.responder, timestamp };
}
