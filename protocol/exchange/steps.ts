/**
 * The sensor's steps of an exchange, each one call: where a script is slow, they belong in C (firmware/native/exchange).
 * reference-steps.ts has them out of the parts that every party is made of.
 */

import type { Mark } from "../marks.js";
import type { Identity } from "../mikey/identity.js";
import type { Confirmation } from "./confirmation.js";
import type { Policy } from "./policy.js";
import type { ChannelKeys, Session } from "./session.js";

/** Steps that go together: they take only sessions that they have created. */
export interface SensorSteps {
  /** As chain.ts: the PSKs of T + 1 in the place of those of T, 16 bytes each, one after the other. */
  stepPsks(psks: Uint8Array): void;
  /** The session that a sensor begins with nonce N (8 bytes) and T. */
  createSession(policy: Policy, responder: Identity, nonce: Uint8Array, t: number): Session;
  /** As share-message.ts: I_TP for third parties 1…n in order. */
  createShareMessages(
    session: Session,
    psks: readonly Uint8Array[],
    weights: Uint8Array,
    tgk: Uint8Array,
    mark?: Mark,
  ): Uint8Array[];
  /** As share-verification.ts: R_I out of a TP_I that holds, undefined for a receipt. Throws a Refusal. */
  consumeShareVerification(
    bytes: Uint8Array,
    session: Session,
    thirdParty: Identity,
    psk: Uint8Array,
  ): Uint8Array | undefined;
  /** As confirmation.ts: what an R_I that holds brings. Throws a Refusal. */
  consumeConfirmation(bytes: Uint8Array, session: Session, tgk: Uint8Array): Confirmation;
  /** Key material of the channel (RFC 3830 §4.1.3, cs_id 1). */
  channelKeys(session: Session, tgk: Uint8Array): ChannelKeys;
}
