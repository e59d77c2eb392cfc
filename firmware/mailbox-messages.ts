/** What a sensor asks its mailbox, and what comes out of it: docs/protocol.md, "Bundles". */

import { ascii } from "../protocol/bytes.js";
import type { CoapRequest } from "../protocol/coap/client.js";
import type { Message } from "../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../protocol/coap/numbers.js";
import { findOption } from "../protocol/coap/options.js";

/** A message that waited. */
export interface MailboxMessage {
  /** 1 to 255: collecting with it takes the message out. */
  readonly number: number;
  /** Its Content-Format; undefined where it has none that is known. */
  readonly format: number | undefined;
  readonly payload: Uint8Array;
}

const nothing = new Uint8Array(0);

/**
 * The question for what waits behind message `collected`, which the gateway then forgets with all before it. The gateway
 * may wait `seconds` for something to come.
 */
export function collecting(
  collected: number | undefined,
  seconds: number,
): Required<Pick<CoapRequest, "payload" | "options">> {
  const wait = { number: OptionNumbers.uriQuery, value: ascii(`w=${seconds}`) };
  return {
    payload: collected === undefined ? nothing : Uint8Array.of(collected),
    options: seconds === 0 ? [] : [wait],
  };
}

/** The message in an answer of the gateway; undefined where nothing waited, or for why there is no answer. */
export function messageIn(answer: Message | string): MailboxMessage | undefined {
  if (typeof answer === "string") return undefined;
  const { code, options, payload } = answer;
  const tag = findOption(options, OptionNumbers.eTag);
  if (code !== Codes.changed || payload.length === 0 || tag?.length !== 1) return undefined;
  return { number: tag[0], format: formatOf(options), payload };
}

function formatOf(options: Message["options"]): number | undefined {
  const value = findOption(options, OptionNumbers.contentFormat);
  return value?.length === 2 ? 256 * value[0] + value[1] : value?.[0];
}
