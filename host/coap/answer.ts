/** Answers to requests, as handlers of any kind give them. */

import { OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, type Option } from "../../protocol/coap/options.js";

/** A response without what the message layer adds. */
export interface Answer {
  readonly code: number;
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
  /** Whether who gets it has shown that it receives there: see RouteResponse. */
  readonly shown?: boolean;
}

/** Seconds after which a client may try again (RFC 7252 §5.9.3.4). */
const RETRY_AFTER = 5;

/** A response with a code and nothing else. */
export function bare(code: number): Answer {
  return { code, options: [], payload: new Uint8Array(0) };
}

/** A refusal that is none for good: 5.03 or 4.29, with Max-Age. */
export function busy(code: number): Answer {
  return { ...bare(code), options: [{ number: OptionNumbers.maxAge, value: encodeUint(RETRY_AFTER) }] };
}
