/**
 * What TP_I, R_TP and R_I have in common: an R_MESSAGE of RFC 3830 (§3.1, §3.2) whose sender stands in an
 * IDR payload, with T copied and V at the end.
 */

import { equal } from "../bytes.js";
import { type Identity, sameIdentity } from "../mikey/identity.js";
import {
  type DecodedMessage,
  decodeMessage,
  refuseOtherDataType,
  requiredPayload,
} from "../mikey/message.js";
import { ErrorNumbers, ExtensionTypes, PayloadTypes, Roles } from "../mikey/numbers.js";
import type { Payload } from "../mikey/payloads.js";
import { Refusal } from "../mikey/refusal.js";
import type { Timestamp } from "../mikey/timestamps.js";
import {
  checkVerification,
  createVerification,
  type VerificationContext,
  verificationHolds,
} from "../mikey/verification.js";
import type { Primitives } from "../primitives.js";
import { sessionHeader } from "./header.js";
import { labelContextOf, roleIdentity, type Session } from "./session.js";

/** The form of an answer, by its sender. */
export interface AnswerForm {
  readonly dataType: number;
  readonly role: typeof Roles.responder | typeof Roles.thirdParty;
}

/** What is answered, by whom, under which key. */
export interface AnswerContext {
  readonly session: Session;
  /** The key of the message that is answered. */
  readonly key: Uint8Array;
  readonly initiator: Identity;
  readonly responder: Identity;
  readonly timestamp: Timestamp;
}

/** Encodes HDR, T, `before`, IDR, `after`, V. */
export function createAnswer(
  primitives: Primitives,
  { dataType, role }: AnswerForm,
  context: AnswerContext,
  before: readonly Payload[],
  after: readonly Payload[],
): Uint8Array {
  const { session, timestamp, responder } = context;
  return createVerification(
    primitives,
    {
      header: sessionHeader(session, dataType, false),
      payloads: [
        { type: PayloadTypes.T, timestamp },
        ...before,
        { type: PayloadTypes.IDR, role, identity: responder },
        ...after,
      ],
    },
    session.suite.verification,
    verificationContext(context),
  );
}

/** Checks an answer. Throws a DecodeError or a Refusal. */
export function consumeAnswer(
  primitives: Primitives,
  { dataType, role }: AnswerForm,
  context: AnswerContext,
  bytes: Uint8Array,
): DecodedMessage {
  const message = decodeMessage(bytes);
  refuseOtherDataType(message, dataType);
  checkVerification(primitives, message, context.session.suite.verification, verificationContext(context));
  if (!equal(message.header.csbId, context.session.csbId)) {
    throw new Refusal(ErrorNumbers.unspecified, "CSB ID is of another session");
  }
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  if (timestamp.type !== context.timestamp.type || !equal(timestamp.value, context.timestamp.value)) {
    throw new Refusal(ErrorNumbers.timestamp, "T is not a copy of the one that is answered");
  }
  const name = role === Roles.thirdParty ? "third party" : "Responder";
  if (!sameIdentity(roleIdentity(message.payloads, role, name), context.responder)) {
    throw new Refusal(ErrorNumbers.identity, `the ${name} is not the one that was asked`);
  }
  return message;
}

/** GenExt 242 with an R_I, or nothing. */
export function confirmationExtension(confirmation: Uint8Array | undefined): Payload[] {
  if (confirmation === undefined) return [];
  return [
    { type: PayloadTypes.generalExtension, extension: ExtensionTypes.confirmation, data: confirmation },
  ];
}

/** What a sensor says of an answer that does not hold, whatever is wrong with it. */
export function verificationFailure(): Refusal {
  return new Refusal(ErrorNumbers.authentication, "V does not hold");
}

/** Whether V holds behind these bytes of an answer. */
export function answerHolds(
  primitives: Primitives,
  context: AnswerContext,
  covered: Uint8Array,
  tag: Uint8Array,
): boolean {
  const { verification } = context.session.suite;
  return verificationHolds(primitives, covered, tag, verification, verificationContext(context));
}

function verificationContext({
  session,
  key,
  initiator,
  responder,
  timestamp,
}: AnswerContext): VerificationContext {
  return { key, context: labelContextOf(session), initiator, responder, timestamp };
}
