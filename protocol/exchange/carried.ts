/**
 * OSCORE messages of the Responder as they wait in a mailbox, Content-Format application/oscore (RFC 8613 §11):
 *
 * 00 | length 1, OSCORE option of the sensor's request | length 1, OSCORE option of the answer | ciphertext
 * 01 | length 1, OSCORE option of the request | ciphertext
 */

import { concat } from "../bytes.js";

/** The first byte. */
export const CarriedKinds = { response: 0, request: 1 } as const;

/** What waits. Members are views of the message. */
export type Carried =
  | {
      readonly kind: "response";
      /** Value of the OSCORE option of the request that is answered: it has kid and Partial IV. */
      readonly request: Uint8Array;
      /** Value of the answer's own. */
      readonly option: Uint8Array;
      readonly payload: Uint8Array;
    }
  | { readonly kind: "request"; readonly option: Uint8Array; readonly payload: Uint8Array };

/** A Responder's answer to a request of the sensor, which is named by its OSCORE option. */
export function carriedResponse(request: Uint8Array, option: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(CarriedKinds.response, request.length, request, option.length, option, payload);
}

/** A Responder's request to the sensor. */
export function carriedRequest(option: Uint8Array, payload: Uint8Array): Uint8Array {
  return concat(CarriedKinds.request, option.length, option, payload);
}

/** Reads a message out of a mailbox. Throws a SyntaxError for what is none; nothing of it is proven. */
export function readCarried(bytes: Uint8Array): Carried {
  const kind = bytes[0];
  if (kind === CarriedKinds.response) {
    const request = field(bytes, 1);
    const option = field(bytes, request.end);
    const payload = rest(bytes, option.end);
    return { kind: "response", request: request.value, option: option.value, payload };
  }
  if (kind !== CarriedKinds.request) throw new SyntaxError(`carried message: kind ${kind} is not known`);
  const option = field(bytes, 1);
  return { kind: "request", option: option.value, payload: rest(bytes, option.end) };
}

/** The field whose length stands at `offset`. */
function field(bytes: Uint8Array, offset: number): { readonly value: Uint8Array; readonly end: number } {
  const end = offset + 1 + bytes[offset];
  if (!(end <= bytes.length)) throw new SyntaxError("carried message: its OSCORE option is cut off");
  return { value: bytes.subarray(offset + 1, end), end };
}

function rest(bytes: Uint8Array, offset: number): Uint8Array {
  if (offset === bytes.length) throw new SyntaxError("carried message: it has no ciphertext");
  return bytes.subarray(offset);
}
