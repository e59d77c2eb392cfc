/** Why a protected message is not accepted, and what its sender is told (RFC 8613 §7.4, §8.2). */

import type { Message } from "../coap/message.js";
import { Codes, OptionNumbers } from "../coap/numbers.js";

/** The reasons by name, with the response's code and the diagnostic payload that the RFC gives them. */
const reasons = {
  decode: { code: Codes.badOption, diagnostic: "Failed to decode COSE" },
  context: { code: Codes.unauthorized, diagnostic: "Security context not found" },
  replay: { code: Codes.unauthorized, diagnostic: "Replay detected" },
  decryption: { code: Codes.badRequest, diagnostic: "Decryption failed" },
} as const;

export type OscoreReason = keyof typeof reasons;

/** A message that is refused. */
export class OscoreError extends Error {
  override readonly name = "OscoreError";

  constructor(
    readonly reason: OscoreReason,
    detail: string,
  ) {
    super(`${reasons[reason].diagnostic}: ${detail}`);
  }

  /** Of the response that a server may send. */
  get code(): number {
    return reasons[this.reason].code;
  }
}

/** The response to a refused request: not protected, and with Max-Age 0, so that nobody caches it (§8.2). */
export function errorResponse({ reason }: OscoreError): Pick<Message, "code" | "options" | "payload"> {
  const { code, diagnostic } = reasons[reason];
  const payload = new Uint8Array(diagnostic.length);
  for (let i = 0; i < diagnostic.length; i++) payload[i] = diagnostic.charCodeAt(i);
  return { code, options: [{ number: OptionNumbers.maxAge, value: new Uint8Array(0) }], payload };
}
