/** What the tests of the CoAP client share. */

import { fromHex, toHex } from "../../../protocol/bytes.js";
import {
  type Action,
  CoapClient,
  type CoapClientOptions,
  type CoapRequest,
} from "../../../protocol/coap/client.js";
import { decodeMessage, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, Types } from "../../../protocol/coap/numbers.js";
import { ok } from "../../support/assert.js";

export const nothing: Uint8Array = new Uint8Array(0);
export const request: CoapRequest = {
  peer: "tp1",
  path: "mikey",
  payload: fromHex("0102"),
  contentFormat: ContentFormats.mikey,
};

/** Bytes that differ from call to call; the first draw is the first message ID. */
export function counting(first = 0): (length: number) => Uint8Array {
  let next = first;
  return (length) => Uint8Array.from({ length }, () => next++ & 255);
}

/** A source whose random factor is 1: two-byte draws are 0, tokens count. */
export function plain(): (length: number) => Uint8Array {
  const count = counting(1);
  return (length) => (length === 2 ? new Uint8Array(2) : count(length));
}

export function client(options: Partial<CoapClientOptions> = {}): CoapClient {
  return new CoapClient({ random: plain(), ...options });
}

/** Actions in short: what is sent as type, code and ID, and what became of requests. */
export function story(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    if (action.kind === "send") {
      const { type, code, messageId } = parse(action.datagram);
      const kind = ["CON", "NON", "ACK", "RST"][type];
      return `${action.peer} ${kind}${code === 0 ? "" : ` ${code}`} #${messageId}`;
    }
    if (action.kind === "response") {
      return `${action.request} ${action.message.code}: ${toHex(action.message.payload)}`;
    }
    return `${action.request} ${action.reason}${action.code === undefined ? "" : ` ${action.code}`}`;
  });
}

export function parse(datagram: Uint8Array): Message {
  const message = decodeMessage(datagram);
  ok(message);
  return message;
}

/** The token of the request that was sent last. */
export function lastToken(actions: readonly Action[]): Uint8Array {
  const sent = actions.filter((action) => action.kind === "send");
  return parse(sent[sent.length - 1].datagram).token;
}

export function response(token: Uint8Array, change: Partial<Message> = {}): Uint8Array {
  return encodeMessage({
    type: Types.ACK,
    code: Codes.changed,
    messageId: 0,
    token,
    options: [],
    payload: fromHex("aa"),
    ...change,
  });
}
