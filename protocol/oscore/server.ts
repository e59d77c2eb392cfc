/**
 * A server's steps from a protected request to one that may be acted on (RFC 8613 §8.2), with the replay window as
 * a value: whoever keeps it stores the new one together with what the request brought about.
 */

import { Codes, OptionNumbers } from "../coap/numbers.js";
import { findOption } from "../coap/options.js";
import type { Primitives } from "../primitives.js";
import type { SecurityContext } from "./context.js";
import type { EchoValues } from "./echo.js";
import { OscoreError } from "./errors.js";
import type { CoapContent } from "./message.js";
import { type RequestHeader, unprotectRequest } from "./protect.js";
import { arrivalOf, type WindowState, windowFrom, withAccepted } from "./replay-window.js";

export interface ServerOptions {
  readonly context: SecurityContext;
  /** Undefined: the server was restarted and has forgotten it (appendix B.1.2). */
  readonly window: WindowState | undefined;
  readonly echo: EchoValues;
  /** Milliseconds of a clock that never runs backward. */
  readonly now: number;
  /** How old an Echo value may be for its request to count as fresh, in milliseconds. */
  readonly freshFor: number;
}

export type Received =
  | {
      readonly kind: "accepted";
      readonly request: CoapContent;
      /** Must be durable before anything is done for the request. */
      readonly window: WindowState;
      /** Whether an Echo proves that the client sent this just now (RFC 9175 §2). */
      readonly fresh: boolean;
    }
  /** The same request once more: its client lost the response, or somebody repeats what was heard. */
  | { readonly kind: "duplicate"; readonly request: CoapContent }
  /** The window is unknown: the client is to repeat its request with an Echo, see challenge(). */
  | { readonly kind: "challenge" };

/** Opens a request and says what it is. Throws an OscoreError for one that is refused. */
export function receiveRequest(
  primitives: Primitives,
  header: RequestHeader,
  message: CoapContent,
  { context, window, echo, now, freshFor }: ServerOptions,
): Received {
  const { sequenceNumber } = header;
  const arrival = window === undefined ? "new" : arrivalOf(window, sequenceNumber);
  if (arrival === "old") throw new OscoreError("replay", `number ${sequenceNumber} is below the window`);
  const request = unprotectRequest(primitives, context, header, message);
  if (arrival === "duplicate") return { kind: "duplicate", request };
  const value = findOption(request.options, OptionNumbers.echo);
  const age = value === undefined ? undefined : echo.age(context.recipientId, value, now);
  const fresh = age !== undefined && age <= freshFor;
  if (window !== undefined)
    return { kind: "accepted", request, window: withAccepted(window, sequenceNumber), fresh };
  return fresh
    ? { kind: "accepted", request, window: windowFrom(sequenceNumber), fresh }
    : { kind: "challenge" };
}

/**
 * The response that asks for a repetition (appendix B.1.2, RFC 9175 §2.3): to be protected under a number of the
 * server's own, since the request's nonce may have been used before the restart.
 */
export function challenge({
  context,
  echo,
  now,
}: Pick<ServerOptions, "context" | "echo" | "now">): CoapContent {
  const value = echo.issue(context.recipientId, now);
  return {
    code: Codes.unauthorized,
    options: [{ number: OptionNumbers.echo, value }],
    payload: new Uint8Array(0),
  };
}
