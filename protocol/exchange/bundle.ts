/**
 * The bundle: the n share messages of a session in one small datagram, for a gateway that takes them apart. It leaves
 * out what the third parties know or can derive, and nothing of what only the sensor could have made:
 *
 * profile 1 | sensor handle 2 | Responder 1 | N 8 | T 4 | check value 8 | shares t+1…n, encrypted, 16 each | n tags of 8
 *
 * "Responder" is its index in the list that the third parties were enrolled with, or itself (responder-field.ts). The
 * encrypted shares and tags are those of the messages themselves under suite aes-ccm-128-8, so that the messages can be
 * restored bit for bit (bundle-parts.ts).
 *
 * Its answer, R_I, comes back as sender ID | nonce 8 | tag 8.
 */

import { concat, uint } from "../bytes.js";
import type { Identity } from "../mikey/identity.js";
import { coveredConfirmation } from "./confirmation-layout.js";
import { CHECK_VALUE_LENGTH, NONCE_LENGTH, PROFILE, RESPONDER_NONCE_LENGTH } from "./profile.js";
import { responderField } from "./responder-field.js";
import type { Session } from "./session.js";

/** Uri-Path of gateways that take bundles: POST /b. */
export const BUNDLE_PATH = "b";

/** The suite of sensors with a gateway. */
export const BUNDLE_SUITE = "aes-ccm-128-8";

/** Bytes of a MAC, in a share message and in R_I, under that suite. */
export const TAG_LENGTH = 8;

/** Bytes of a share. */
const SHARE_LENGTH = 16;
/** From the end of I_TP: MAC, MAC alg, share; Key data and KEMAC have 4 bytes each before these; the check value. */
export const SHARE_FROM_END = TAG_LENGTH + 1 + SHARE_LENGTH;
const CHECK_VALUE_FROM_END = SHARE_FROM_END + 4 + 4 + CHECK_VALUE_LENGTH;

/** A handle is what a gateway and third parties call a sensor: two bytes. */
export const LAST_HANDLE = 0xffff;

/**
 * The bundle of a session's share messages, for third parties 1…n in order. `responders` is the list of the enrolment.
 * Throws a RangeError for another suite: its messages could not be restored.
 */
export function createBundle(
  session: Session,
  nonce: Uint8Array,
  messages: readonly Uint8Array[],
  handle: number,
  responders: readonly Identity[],
): Uint8Array {
  if (session.suite.name !== BUNDLE_SUITE) {
    throw new RangeError(`suite: a bundle takes ${BUNDLE_SUITE}, not ${session.suite.name}`);
  }
  if (nonce.length !== NONCE_LENGTH) {
    throw new RangeError(`nonce: expected ${NONCE_LENGTH} bytes, got ${nonce.length}`);
  }
  const [first] = messages;
  const offset = first.length - CHECK_VALUE_FROM_END;
  const shares: Uint8Array[] = [];
  for (let i = session.sharing.privacy; i < messages.length; i++) {
    const start = messages[i].length - SHARE_FROM_END;
    shares.push(messages[i].subarray(start, start + SHARE_LENGTH));
  }
  return concat(
    PROFILE,
    handle >> 8,
    handle,
    responderField(session.responder, responders),
    nonce,
    uint(session.t, 4),
    first.subarray(offset, offset + CHECK_VALUE_LENGTH),
    ...shares,
    ...messages.map((message) => message.subarray(message.length - TAG_LENGTH)),
  );
}

/**
 * R_I out of the form in which it comes through a gateway: the message itself, unchecked. Throws a RangeError for a
 * length that it can't have.
 */
export function restoreConfirmation(session: Session, compressed: Uint8Array): Uint8Array {
  const idLength = compressed.length - RESPONDER_NONCE_LENGTH - TAG_LENGTH;
  if (idLength < 0 || idLength > 255) throw new RangeError(`R_I: ${compressed.length} bytes are none`);
  const nonceEnd = idLength + RESPONDER_NONCE_LENGTH;
  return concat(
    coveredConfirmation(
      session,
      uint(session.t, 4),
      compressed.subarray(idLength, nonceEnd),
      compressed.subarray(0, idLength),
    ),
    compressed.subarray(nonceEnd),
  );
}
