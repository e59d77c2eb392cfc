/** Profile 1 over CoAP: where messages go, what they are called, and how a refusal looks. */

import { Codes } from "../coap/numbers.js";
import { createErrorMessage } from "../mikey/error-message.js";
import { decodeMessage, payloadsOf } from "../mikey/message.js";
import { type ErrorNumber, ErrorNumbers, PayloadTypes } from "../mikey/numbers.js";
import { DecodeError } from "../mikey/reader.js";
import { Refusal } from "../mikey/refusal.js";

/** The ERR number that stands for an error of create… and consume…; undefined for one that is a fault here. */
export function errorNumberOf(error: unknown): ErrorNumber | undefined {
  if (error instanceof Refusal) return error.errorNumber;
  if (error instanceof DecodeError) return ErrorNumbers.unspecified;
  return undefined;
}

/** The CoAP code under which an ERR travels: all that a sender learns besides the ERR number. */
export function refusalCode(error: ErrorNumber): number {
  switch (error) {
    case ErrorNumbers.authentication:
      return Codes.unauthorized;
    case ErrorNumbers.timestamp:
    case ErrorNumbers.identity:
    case ErrorNumbers.certificate:
    case ErrorNumbers.share:
    case ErrorNumbers.quorum:
      return Codes.forbidden;
    case ErrorNumbers.unreachable:
      return Codes.badGateway;
    default:
      return Codes.badRequest;
  }
}

/**
 * The error message for a refused message, without authentication: it may have come from anybody. Empty
 * when the refused bytes have no CSB ID or T that an error message could name.
 */
export function refusalMessage(refused: Uint8Array, error: ErrorNumber): Uint8Array {
  try {
    const message = decodeMessage(refused);
    const [t] = payloadsOf(message, PayloadTypes.T);
    if (t === undefined) return new Uint8Array(0);
    const { csbId, prf } = message.header;
    return createErrorMessage({ csbId, prf, timestamp: t.timestamp }, [error]);
  } catch (failure) {
    if (failure instanceof DecodeError) return new Uint8Array(0);
    throw failure;
  }
}
