/**
 * The Responder as bundles and triggers name it: its index in the list of the enrolment, 1 byte; or 255 for one that is
 * not in it, and then a length (1 byte), ID type and data.
 */

import { concat } from "../bytes.js";
import { type Identity, sameIdentity } from "../mikey/identity.js";

/** The first byte of a Responder that stands there itself. */
export const NAMED_RESPONDER = 255;

/** The field of a Responder. Throws a RangeError for one that is not in the list and whose name is too long. */
export function responderField(responder: Identity, responders: readonly Identity[]): Uint8Array {
  for (let i = 0; i < responders.length && i < NAMED_RESPONDER; i++) {
    if (sameIdentity(responders[i], responder)) return concat(i);
  }
  const length = 1 + responder.data.length;
  if (length > 255)
    throw new RangeError(`Responder: ${responder.data.length} bytes are too many for a bundle`);
  return concat(NAMED_RESPONDER, length, responder.type, responder.data);
}

/** A field that was read. */
export interface ResponderField {
  /** An index into the list of the enrolment, or the identity itself. */
  readonly responder: number | Identity;
  /** Where the field ends. */
  readonly end: number;
}

/** The field at `offset`. Undefined for one that is cut off or has no data. */
export function readResponderField(bytes: Uint8Array, offset: number): ResponderField | undefined {
  if (offset >= bytes.length) return undefined;
  const first = bytes[offset];
  if (first !== NAMED_RESPONDER) return { responder: first, end: offset + 1 };
  const end = offset + 2 + bytes[offset + 1];
  // At least a type and one byte of data.
  if (!(end <= bytes.length) || end < offset + 4) return undefined;
  return { responder: { type: bytes[offset + 2], data: bytes.slice(offset + 3, end) }, end };
}
