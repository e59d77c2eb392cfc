/**
 * TP_I, from a third party to the sensor: the share has been accepted; and, once the Responder has rebuilt
 * the key, its confirmation R_I, which the third party can neither read into nor forge.
 *
 * HDR, T(copied), IDR(240 third party), [GenExt 242: R_I], V under the PSK.
 */

import { equal } from "../bytes.js";
import type { Identity } from "../mikey/identity.js";
import { DataTypes, ExtensionTypes, PayloadTypes, Roles } from "../mikey/numbers.js";
import { macLength } from "../mikey/payloads.js";
import { counterTimestamp } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import {
  type AnswerContext,
  type AnswerForm,
  answerHolds,
  confirmationExtension,
  consumeAnswer,
  createAnswer,
} from "./answer.js";
import { shareVerificationHead } from "./layout.js";
import { extensionData } from "./profile.js";
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
 * Checks a TP_I at the sensor. Returns the R_I that it carries, unchecked, or undefined for a receipt
 * without one. Throws a DecodeError or a Refusal.
 */
export function consumeShareVerification(
  primitives: Primitives,
  bytes: Uint8Array,
  session: Session,
  thirdParty: Identity,
  psk: Uint8Array,
): Uint8Array | undefined {
  const context = answerContext(session, thirdParty, psk);
  const expected = expectedConfirmation(primitives, context, bytes);
  if (expected !== undefined) return expected;
  // Another form of the message, or one that does not hold: what is wrong with it is in its parts.
  const message = consumeAnswer(primitives, form, context, bytes);
  return extensionData(message.payloads, ExtensionTypes.confirmation);
}

/** R_I out of a TP_I that lies as layout.ts has it and holds; undefined for any other. */
function expectedConfirmation(
  primitives: Primitives,
  context: AnswerContext,
  bytes: Uint8Array,
): Uint8Array | undefined {
  const { session, responder, timestamp } = context;
  const { verification } = session.suite;
  const { length } = bytes;
  // V: Next payload, Auth alg, tag.
  const end = length - macLength(verification)!;
  const shortest = shareVerificationHead(session, timestamp.value, responder, 0).length;
  const confirmationLength = end - V_HEAD - shortest;
  if (confirmationLength <= 0 || bytes[end - 2] !== PayloadTypes.last || bytes[end - 1] !== verification) {
    return undefined;
  }
  const head = shareVerificationHead(session, timestamp.value, responder, confirmationLength);
  if (!equal(bytes.subarray(0, shortest), head)) return undefined;
  if (!answerHolds(primitives, context, bytes.subarray(0, end), bytes.subarray(end))) return undefined;
  return bytes.subarray(shortest, end - V_HEAD);
}

function answerContext(session: Session, thirdParty: Identity, psk: Uint8Array): AnswerContext {
  const timestamp = counterTimestamp(session.t);
  return { session, key: psk, initiator: session.sensor, responder: thirdParty, timestamp };
}
