/** OSCORE messages of the Responder that came through the mailbox, opened under the confirmed context of a channel. */

import { equal } from "../protocol/bytes.js";
import { Codes, OptionNumbers } from "../protocol/coap/numbers.js";
import { findOption } from "../protocol/coap/options.js";
import type { Carried } from "../protocol/exchange/carried.js";
import { OscoreError } from "../protocol/oscore/errors.js";
import type { CoapContent } from "../protocol/oscore/message.js";
import { readRequestHeader, unprotectRequest, unprotectResponse } from "../protocol/oscore/protect.js";
import { SEQUENCE_BLOCK } from "../protocol/oscore/sender-sequence.js";
import type { Primitives } from "../protocol/primitives.js";
import type { ConfirmedChannel, SensorChannel } from "./channel.js";

/** A request of the Responder that is to be acted on. */
export interface TakenRequest {
  /** Its Partial IV. */
  readonly number: number;
  readonly content: CoapContent;
}

/**
 * Opens a request of the Responder. That its number is used is durable when this returns, so that it is acted on once.
 * Throws an OscoreError for one that does not open or is no newer than the last, and what the storage throws.
 */
export function openRequest(
  primitives: Primitives,
  channel: SensorChannel,
  { option, payload }: Extract<Carried, { kind: "request" }>,
): TakenRequest {
  const { context, kept } = confirmed(channel);
  const message = outer(Codes.POST, option, payload);
  const header = readRequestHeader(message);
  const { kid, sequenceNumber: number } = header;
  if (!equal(kid, context.recipientId)) throw new OscoreError("context", "it is not the Responder's");
  if (number < kept.state.taken)
    throw new OscoreError("replay", `number ${number} is no newer than the last`);
  const content = unprotectRequest(primitives, context, header, message);
  kept.take(number);
  return { number, content };
}

/** What the Responder said of a message of ours, later than the wake-up waited. */
export interface LateAnswer {
  /** The number of our message. */
  readonly number: number;
  /**
   * Whether the Responder took it, and lately: in this wake-up or the one before. Of older ones a gateway could keep a
   * store, to hide that the Responder has fallen silent.
   */
  readonly acknowledged: boolean;
}

/**
 * Opens an answer of the Responder. The Echo of one to this wake-up's messages is for the next. Throws an OscoreError
 * for one that does not open.
 */
export function openAnswer(
  primitives: Primitives,
  channel: SensorChannel,
  { request, option, payload }: Extract<Carried, { kind: "response" }>,
): LateAnswer {
  const { context, firstNumber } = confirmed(channel);
  const binding = readRequestHeader(outer(Codes.POST, request, payload));
  const { kid, sequenceNumber: number } = binding;
  if (!equal(kid, context.senderId)) throw new OscoreError("context", "it answers another sensor");
  const answer = unprotectResponse(primitives, context, binding, outer(Codes.changed, option, payload));
  const echo = findOption(answer.options, OptionNumbers.echo);
  if (echo !== undefined && number >= firstNumber) channel.useEcho(echo);
  const lately = number >= firstNumber - SEQUENCE_BLOCK;
  return { number, acknowledged: lately && answer.code === Codes.changed };
}

function confirmed(channel: SensorChannel): ConfirmedChannel {
  if (channel.confirmed === undefined) throw new OscoreError("context", "there is no confirmed one");
  return channel.confirmed;
}

/** All that is left of the message around a ciphertext. */
function outer(code: number, option: Uint8Array, payload: Uint8Array): CoapContent {
  return { code, options: [{ number: OptionNumbers.oscore, value: option }], payload };
}
