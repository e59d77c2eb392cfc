/**
 * OSCORE messages as they wait in a mailbox: kind 1 | length 1, OSCORE option of the request | length 1, OSCORE option of
 * the response | ciphertext. Content-Format application/oscore (RFC 8613 §11).
 */

import { concat } from "../../protocol/bytes.js";

/** The first byte. */
export const CarriedKinds = { response: 0 } as const;

/** A Responder's answer to a request of the sensor, which is named by its OSCORE option: it has kid and Partial IV. */
export function carriedResponse(request: Uint8Array, option: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(CarriedKinds.response, request.length, request, option.length, option, payload);
}
