/** How a server of ours refuses a MIKEY message: the reason to its own log, the ERR number to the sender. */

import { toHex } from "../protocol/bytes.js";
import { Codes, ContentFormats } from "../protocol/coap/numbers.js";
import { errorNumberOf, refusalCode, refusalMessage } from "../protocol/exchange/over-coap.js";
import { busy } from "./coap/answer.js";
import type { RouteResponse } from "./coap/resources.js";
import type { MessageName, OnEvent } from "./events.js";
import { primitives } from "./primitives.js";

/** A response with a MIKEY message in it. */
export function mikeyResponse(code: number, payload: Uint8Array) {
  return { code, payload, contentFormat: ContentFormats.mikey };
}

/** There is no room for a message now, and nothing wrong with it. */
export class Busy extends Error {
  override readonly name = "Busy";
}

/** The response to a message that was refused for `error`. Faults of our own are thrown on. */
export function refuse(
  onEvent: OnEvent,
  message: MessageName,
  peer: string,
  payload: Uint8Array,
  error: unknown,
): RouteResponse {
  if (error instanceof Busy) {
    onEvent({ event: "refused", message, from: peer, error: null, reason: error.message });
    return busy(Codes.serviceUnavailable);
  }
  const number = errorNumberOf(error);
  if (number === undefined) throw error;
  onEvent({ event: "refused", message, from: peer, error: number, reason: (error as Error).message });
  const answer = refusalMessage(payload, number);
  return answer.length === 0 ? { code: refusalCode(number) } : mikeyResponse(refusalCode(number), answer);
}

/** A message's name in tables of duplicates: SHA-256 in hexadecimal. */
export function messageDigest(payload: Uint8Array): string {
  return toHex(primitives.sha256(payload));
}
