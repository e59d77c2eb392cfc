/** Responses that several resources of a gateway give. */

import { encodeUint } from "../../protocol/coap/message.js";
import { OptionNumbers } from "../../protocol/coap/numbers.js";
import type { RouteResponse } from "../coap/resources.js";

/** Seconds after which a client may try again (RFC 7252 §5.9.3.4). */
const RETRY_AFTER = 5;

/** A refusal that is none for good. */
export function busy(code: number): RouteResponse {
  return { code, options: [{ number: OptionNumbers.maxAge, value: encodeUint(RETRY_AFTER) }] };
}
