/**
 * What stands in a bundle or part in the place of the sensor's handle and T, so that an observer of the radio can't tell
 * that two exchanges are of one sensor: six bytes that look random to whoever lacks the sensor's linking key. A first
 * byte of its own says that they are there; all else lies as it does without them (bundle.ts):
 *
 * 0x91 | pseudonym, bytes 0…1 | Responder | N 8 | pseudonym, bytes 2…5 | check value 8 | …
 *
 * The linking key protects privacy alone: whoever has it can follow the sensor, and can do nothing else.
 */

import { ascii, concat, uint } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import { NONCE_LENGTH, PROFILE } from "./profile.js";
import { NAMED_RESPONDER } from "./responder-field.js";

export const LINKING_KEY_LENGTH = 16;

/** Bytes of a pseudonym: as many as handle and T have. */
export const PSEUDONYM_LENGTH = 6;

/** The first byte of bundles and parts with a pseudonym: that of the profile, with the highest bit. */
export const PSEUDONYMOUS_PROFILE = 0x80 | PROFILE;

const LABEL = ascii("symbolon-handle");
const HANDLE_OFFSET = 1;
const HANDLE_LENGTH = 2;
const RESPONDER_OFFSET = HANDLE_OFFSET + HANDLE_LENGTH;

/** The pseudonym for a T: the first 6 bytes of HMAC-SHA-256(linking key, "symbolon-handle" ‖ T). */
export function pseudonymOf(primitives: Primitives, linkingKey: Uint8Array, t: number): Uint8Array {
  if (linkingKey.length !== LINKING_KEY_LENGTH) {
    throw new RangeError(`linking key: expected ${LINKING_KEY_LENGTH} bytes, got ${linkingKey.length}`);
  }
  return primitives.hmac("sha-256", linkingKey, concat(LABEL, uint(t, 4))).slice(0, PSEUDONYM_LENGTH);
}

/** A bundle or part with the pseudonym for its T in it. */
export function withPseudonym(
  primitives: Primitives,
  bytes: Uint8Array,
  linkingKey: Uint8Array,
  t: number,
): Uint8Array {
  return withHead(bytes, PSEUDONYMOUS_PROFILE, pseudonymOf(primitives, linkingKey, t));
}

/** A bundle or part with another first byte, and six bytes in the places of handle and T. */
export function withHead(bytes: Uint8Array, profile: number, six: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[0] = profile;
  copy.set(six.subarray(0, HANDLE_LENGTH), HANDLE_OFFSET);
  copy.set(six.subarray(HANDLE_LENGTH), timeOffset(bytes));
  return copy;
}

/** The six bytes in the places of handle and T; fewer of bytes that end before them. */
export function headOf(bytes: Uint8Array): Uint8Array {
  const offset = timeOffset(bytes);
  return concat(
    bytes.subarray(HANDLE_OFFSET, RESPONDER_OFFSET),
    bytes.subarray(offset, offset + PSEUDONYM_LENGTH - HANDLE_LENGTH),
  );
}

/** Where T stands. */
function timeOffset(bytes: Uint8Array): number {
  const named = bytes[RESPONDER_OFFSET] === NAMED_RESPONDER;
  return RESPONDER_OFFSET + 1 + (named ? 1 + bytes[RESPONDER_OFFSET + 1] : 0) + NONCE_LENGTH;
}
