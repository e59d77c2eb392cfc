/** What a key shows of a message: whether its MAC or V holds, and the keys inside its KEMAC. */

import type { Identity } from "../../protocol/mikey/identity.js";
import { KEMAC_HEAD, openKemac } from "../../protocol/mikey/kemac.js";
import { type DecodedMessage, refuseTrailing, requiredPayload } from "../../protocol/mikey/message.js";
import { ErrorNumbers, PayloadTypes } from "../../protocol/mikey/numbers.js";
import type { Kemac, Verification } from "../../protocol/mikey/payloads.js";
import { labelContext } from "../../protocol/mikey/pre-shared-key.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { checkVerification } from "../../protocol/mikey/verification.js";
import type { Primitives } from "../../protocol/primitives.js";
import { type Contents, type ExplainOptions, explainContents, modeOf } from "./explain.js";

/** What is known of the message besides its bytes. */
export interface KnownContext {
  /** The PSK; in public-key mode the envelope key; for R_I the TGK. */
  readonly key: Uint8Array;
  /** RAND of the bundle, where the message does not carry it: updates and answers. */
  readonly rand?: Uint8Array;
  /** Who V speaks of. */
  readonly initiator?: Identity;
  readonly responder?: Identity;
}

/** The outcome for one payload. */
export interface Check {
  readonly payload: "KEMAC" | "V";
  readonly holds: boolean;
  /** Why it does not hold, or can't be checked. */
  readonly reason?: string;
  /** Inside the KEMAC. */
  readonly contents?: Contents;
}

/** Checks what ends a message, under a key: KEMAC, V or nothing. */
export function checkMessage(
  primitives: Primitives,
  message: DecodedMessage,
  known: KnownContext,
  options: ExplainOptions,
): Check {
  const kemac = message.payloads.find((payload): payload is Kemac => payload.type === PayloadTypes.KEMAC);
  if (kemac !== undefined) {
    return attempt("KEMAC", () => openedContents(primitives, message, kemac, known, options));
  }
  const last = message.payloads[message.payloads.length - 1];
  if (last?.type === PayloadTypes.V) {
    return attempt("V", () => checkLast(primitives, message, last, known));
  }
  return { payload: "KEMAC", holds: false, reason: "the message has neither KEMAC nor V at its end" };
}

function attempt(payload: Check["payload"], check: () => Contents | undefined): Check {
  try {
    const contents = check();
    return { payload, holds: true, ...(contents === undefined ? {} : { contents }) };
  } catch (error) {
    if (error instanceof Refusal) return { payload, holds: false, reason: error.message };
    throw error;
  }
}

/** In pre-shared-key mode the MAC covers the message up to it, in public-key mode the KEMAC alone (§6.2). */
function openedContents(
  primitives: Primitives,
  message: DecodedMessage,
  kemac: Kemac,
  { key, rand }: KnownContext,
  options: ExplainOptions,
): Contents {
  const mode = modeOf(message);
  const offset = message.offsets[message.payloads.indexOf(kemac)];
  if (mode === "preSharedKey") {
    refuseTrailing(message, ErrorNumbers.authentication);
    if (kemac !== message.payloads[message.payloads.length - 1]) {
      throw new Refusal(ErrorNumbers.authentication, "KEMAC is not the last payload");
    }
  }
  const cover = message.bytes.subarray(0, mode === "preSharedKey" ? offset : 0);
  const context = labelContext(message, rand);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const plaintext = openKemac(primitives, { key, context, timestamp, cover }, kemac);
  return explainContents(plaintext, mode, offset + KEMAC_HEAD, options);
}

/** V under the algorithm that it names itself: here nobody relies on it. */
function checkLast(
  primitives: Primitives,
  message: DecodedMessage,
  { algorithm }: Verification,
  { key, rand, initiator, responder }: KnownContext,
): undefined {
  if (initiator === undefined || responder === undefined || rand === undefined) {
    throw new Refusal(
      ErrorNumbers.unspecified,
      "V is over both identities and the RAND of the message that it answers: " +
        "it needs --initiator, --responder and --rand",
    );
  }
  const context = labelContext(message, rand);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  checkVerification(primitives, message, algorithm, { key, context, initiator, responder, timestamp });
}
