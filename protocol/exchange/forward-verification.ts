/**
 * R_TP, from the Responder to a third party: the share has been accepted; with R_I once the key is rebuilt.
 *
 * HDR, T(copied), IDR(2 Responder), [GenExt 242: R_I], V under the envelope key.
 */

import type { Identity } from "../mikey/identity.js";
import { DataTypes, ExtensionTypes, Roles } from "../mikey/numbers.js";
import type { Timestamp } from "../mikey/timestamps.js";
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

const form: AnswerForm = { dataType: DataTypes.publicKeyVerification, role: Roles.responder };

/** What the answer to a TP_R stands on. */
export interface ForwardContext {
  readonly session: Session;
  readonly thirdParty: Identity;
  /** T of the TP_R. */
  readonly timestamp: Timestamp;
  readonly envelopeKey: Uint8Array;
}

/** Encodes an R_TP. */
export function createForwardVerification(
  primitives: Primitives,
  context: ForwardContext,
  confirmation?: Uint8Array,
): Uint8Array {
  return createAnswer(primitives, form, answerContext(context), [], confirmationExtension(confirmation));
}

/**
 * Checks an R_TP at the third party. Returns the R_I that it carries, which only the sensor can check, or
 * undefined when the key was not rebuilt in time. Throws a DecodeError or a Refusal.
 */
export function consumeForwardVerification(
  primitives: Primitives,
  bytes: Uint8Array,
  context: ForwardContext,
): Uint8Array | undefined {
  const message = consumeAnswer(primitives, form, answerContext(context), bytes);
  return extensionData(message.payloads, ExtensionTypes.confirmation);
}

function answerContext({ session, thirdParty, timestamp, envelopeKey }: ForwardContext): AnswerContext {
  return { session, key: envelopeKey, initiator: thirdParty, responder: session.responder, timestamp };
}
