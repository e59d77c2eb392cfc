/**
 * The two OSCORE contexts that an exchange ends in (RFC 8613 §3), out of TEK and salt.
 *
 * Provisional, from the moment the shares are sent: nothing in it is of the Responder, so that what is protected with
 * it may be a repetition from an exchange that was never confirmed. It is used towards the Responder only.
 * Confirmed, after R_I: the Responder's nonce is in its keys.
 */

import { ascii, concat, uint } from "../bytes.js";
import { deriveContext, type SecurityContext } from "../oscore/context.js";
import { hkdf } from "../oscore/hkdf.js";
import type { Primitives } from "../primitives.js";
import type { Confirmation } from "./confirmation.js";
import { OSCORE_RESPONDER_ID } from "./profile.js";
import type { ChannelKeys, Session } from "./session.js";

/** Which end of the channel a context is for. */
export type ChannelRole = "sensor" | "responder";

/** The sensor's sender ID; in the confirmed context it is what R_I says. */
export const PROVISIONAL_SENSOR_ID: Uint8Array = Uint8Array.of(1);

/** The ID context of provisional contexts: the first bytes of RAND. */
export const ID_CONTEXT_LENGTH = 8;

const MASTER_SECRET_LENGTH = 16;
const CONFIRMED_LABEL = ascii("symbolon confirmed");

/** ID context of the provisional context of a session. */
export function provisionalIdContext({ rand }: Pick<Session, "rand">): Uint8Array {
  return rand.slice(0, ID_CONTEXT_LENGTH);
}

/** The provisional context: master secret TEK, master salt the salt. */
export function provisionalContext(
  primitives: Primitives,
  role: ChannelRole,
  session: Pick<Session, "rand">,
  { tek, salt }: ChannelKeys,
): SecurityContext {
  return deriveContext(primitives, {
    masterSecret: tek,
    masterSalt: salt,
    idContext: provisionalIdContext(session),
    ...identifiers(role, PROVISIONAL_SENSOR_ID),
  });
}

/** What a confirmed context is derived from, and all that has to be kept of one. */
export interface ConfirmedSecrets {
  /** 16 bytes. */
  readonly masterSecret: Uint8Array;
  readonly masterSalt: Uint8Array;
  /** The sensor's sender ID. */
  readonly senderId: Uint8Array;
}

/**
 * Master secret of the confirmed context: HKDF-SHA-256 with the salt as salt, TEK as input key, and as info a
 * HkdfLabel in the form of RFC 8446 §7.1, with a label of ours: uint16 16, "symbolon confirmed" with its length in
 * a byte, the Responder's nonce with its length in a byte.
 */
export function confirmedSecrets(
  primitives: Primitives,
  { tek, salt }: ChannelKeys,
  { nonce, senderId }: Confirmation,
): ConfirmedSecrets {
  const info = concat(
    uint(MASTER_SECRET_LENGTH, 2),
    uint(CONFIRMED_LABEL.length, 1),
    CONFIRMED_LABEL,
    uint(nonce.length, 1),
    nonce,
  );
  return {
    masterSecret: hkdf(primitives, salt, tek, info, MASTER_SECRET_LENGTH),
    masterSalt: salt,
    senderId,
  };
}

/**
 * The confirmed context; it has no ID context, and none goes over the wire. Throws a RangeError when the Responder
 * assigned its own ID.
 */
export function confirmedContext(
  primitives: Primitives,
  role: ChannelRole,
  { masterSecret, masterSalt, senderId }: ConfirmedSecrets,
): SecurityContext {
  return deriveContext(primitives, { masterSecret, masterSalt, ...identifiers(role, senderId) });
}

function identifiers(role: ChannelRole, sensorId: Uint8Array) {
  return role === "sensor"
    ? { senderId: sensorId, recipientId: OSCORE_RESPONDER_ID }
    : { senderId: OSCORE_RESPONDER_ID, recipientId: sensorId };
}
