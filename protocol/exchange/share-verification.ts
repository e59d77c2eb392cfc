/**
 * TP_I, from a third party to the sensor: the share has been accepted; and, once the Responder has rebuilt
 * the key, its confirmation R_I, which the third party can neither read into nor forge.
 *
 * HDR, T(copied), IDR(240 third party), [GenExt 242: R_I], V under the PSK.
 */

import { equal } from "../bytes.js";
import type { Identity } from "../mikey/identity.js";
import { DataTypes, PayloadTypes, Roles } from "../mikey/numbers.js";
import { macLength } from "../mikey/payloads.js";
import { counterTimestamp } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import {
  type AnswerContext,
  type AnswerForm,
  answerHolds,
  confirmationExtension,
  createAnswer,
  verificationFailure,
} from "./answer.js";
import { shareVerificationHead } from "./confirmation-layout.js";
import type { Session } from "./session.js";

/** Next payload and Auth alg of V. */
const V_HEAD = 2;

const form: AnswerForm = { dataType: DataTypes.preSharedKeyVerification, role: Roles.thirdParty };

/** Encodes a TP_I under the PSK of the share message that it answers. */
export function createShareVerification(
  primitives: Primitives,
  session: Session,
  thirdParty: Identity,
  psk: Uint8Array,
  confirmation?: Uint8Array,
): Uint8Array {
  const context = answerContext(session, thirdParty, psk);
  return createAnswer(primitives, form, context, [], confirmationExtension(confirmation));
}

/**
 * Checks a TP_I at the sensor, which takes it in the one form that is written above. Returns the R_I that it carries,
 * unchecked, or undefined for a receipt without one. Throws a Refusal that is the same for whatever is wrong.
 */
export function consumeShareVerification(
  primitives: Primitives,
  bytes: Uint8Array,
  session: Session,
  thirdParty: Identity,
  psk: Uint8Array,
): Uint8Array | undefined {
  const context = answerContext(session, thirdParty, psk);
  const { verification } = session.suite;
  // V: Next payload, Auth alg, tag.
  const end = bytes.length - macLength(verification)!;
  const { value } = context.timestamp;
  const receipt = shareVerificationHead(session, value, thirdParty, undefined);
  const confirmationLength = end - V_HEAD - shareVerificationHead(session, value, thirdParty, 0).length;
  const isReceipt = end - V_HEAD === receipt.length;
  if (!isReceipt && confirmationLength <= 0) throw verificationFailure();
  const head = isReceipt ? receipt : shareVerificationHead(session, value, thirdParty, confirmationLength);
  if (
    bytes[end - 2] !== PayloadTypes.last ||
    bytes[end - 1] !== verification ||
    !equal(bytes.subarray(0, head.length), head) ||
    !answerHolds(primitives, context, bytes.subarray(0, end), bytes.subarray(end))
  ) {
    throw verificationFailure();
  }
  return isReceipt ? undefined : bytes.subarray(head.length, end - V_HEAD);
}

function answerContext(session: Session, thirdParty: Identity, psk: Uint8Array): AnswerContext {
  const timestamp = counterTimestamp(session.t);
  return { session, key: psk, initiator: session.sensor, responder: thirdParty, timestamp };
}
