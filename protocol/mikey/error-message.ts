/** Error messages (RFC 3830 §5.1.2, §6.12). */

import type { Primitives } from "../primitives.js";
import { emptyMap } from "./header.js";
import { type DecodedMessage, encodeMessage } from "./message.js";
import { DataTypes, type ErrorNumber, ErrorNumbers, PayloadTypes } from "./numbers.js";
import type { Payload } from "./payloads.js";
import { Refusal } from "./refusal.js";
import type { Timestamp } from "./timestamps.js";
import { createVerification, type VerificationContext } from "./verification.js";

/**
 * An error message about a message with these CSB ID, PRF func and T. With a key it is authenticated by a V;
 * without one its receiver must not act on it (§5.1.2: an attacker could send it).
 */
export function createErrorMessage(
  about: { readonly csbId: Uint8Array; readonly prf: number; readonly timestamp: Timestamp },
  errors: readonly ErrorNumber[],
  authentication?: {
    readonly primitives: Primitives;
    readonly algorithm: number;
    readonly context: VerificationContext;
  },
): Uint8Array {
  const header = {
    dataType: DataTypes.error,
    verify: false,
    prf: about.prf,
    csbId: about.csbId,
    map: emptyMap,
  };
  const payloads: Payload[] = [
    { type: PayloadTypes.T, timestamp: about.timestamp },
    ...errors.map((error): Payload => ({ type: PayloadTypes.ERR, error })),
  ];
  if (authentication === undefined) return encodeMessage({ header, payloads });
  const { primitives, algorithm, context } = authentication;
  return createVerification(primitives, { header, payloads }, algorithm, context);
}

/** The numbers that an error message carries. Throws a Refusal when the message is none. */
export function errorNumbers(message: DecodedMessage): number[] {
  if (message.header.dataType !== DataTypes.error) {
    throw new Refusal(ErrorNumbers.dataType, `data type ${message.header.dataType} is not an error message`);
  }
  const numbers: number[] = [];
  for (const payload of message.payloads) {
    if (payload.type === PayloadTypes.ERR) numbers.push(payload.error);
  }
  if (numbers.length === 0) throw new Refusal(ErrorNumbers.unspecified, "an error message without ERR");
  return numbers;
}
