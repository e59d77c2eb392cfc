/**
 * TP_I, from a third party to the sensor: the share has been accepted; and, once the Responder has rebuilt
 * the key, its confirmation R_I, which the third party can neither read into nor forge.
 *
 * HDR, T(copied), IDR(240 third party), [GenExt 242: R_I], V under the PSK.
 */

import type { Identity } from "../mikey/identity.js";
import { DataTypes, ExtensionTypes, Roles } from "../mikey/numbers.js";
import { counterTimestamp } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import {
  type AnswerContext,
  type AnswerForm,
  confirmationExtension,
  consumeAnswer,
  createAnswer,
} from "./answer.js";
import { extensionData } from "./profile.js";
import type { Session } from "./session.js";

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
  const message = consumeAnswer(primitives, form, answerContext(session, thirdParty, psk), bytes);
  return extensionData(message.payloads, ExtensionTypes.confirmation);
}

function answerContext(session: Session, thirdParty: Identity, psk: Uint8Array): AnswerContext {
  const timestamp = counterTimestamp(session.t);
  return { session, key: psk, initiator: session.sensor, responder: thirdParty, timestamp };
}
