/** The board's CoAP codec against the npm package coap-packet, both ways. */

import assert from "node:assert/strict";
import { generate, type NamedOption, parse } from "coap-packet";
import fc from "fast-check";
import { decodeMessage, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { codeName, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { messages } from "../../protocol/coap/arbitraries.js";

/** Long enough for what the arbitraries make. */
const MAX_LENGTH = 10_000;

function generated(message: Message): Uint8Array {
  return generate(
    {
      confirmable: message.type === Types.CON,
      ack: message.type === Types.ACK,
      reset: message.type === Types.RST,
      code: codeName(message.code),
      messageId: message.messageId,
      token: Buffer.from(message.token),
      options: message.options.map(({ number, value }) => ({
        name: String(number) as NamedOption["name"],
        value: Buffer.from(value),
      })),
      payload: Buffer.from(message.payload),
    },
    MAX_LENGTH,
  );
}

describe("CoAP codec and coap-packet", () => {
  it("write the same bytes", () => {
    fc.assert(
      fc.property(messages(), (message) => {
        assert.deepEqual(Buffer.from(encodeMessage(message)), Buffer.from(generated(message)));
      }),
    );
  });

  it("read what the other writes", () => {
    fc.assert(
      fc.property(messages(), (message) => {
        const theirs = parse(Buffer.from(encodeMessage(message)));
        assert.equal(theirs.code, codeName(message.code));
        assert.equal(theirs.messageId, message.messageId);
        assert.equal(theirs.confirmable, message.type === Types.CON);
        assert.equal(theirs.ack, message.type === Types.ACK);
        assert.equal(theirs.reset, message.type === Types.RST);
        assert.deepEqual(Uint8Array.from(theirs.token), message.token);
        assert.deepEqual(Uint8Array.from(theirs.payload), message.payload);
        assert.deepEqual(
          theirs.options.map(({ name, value }) => [optionNumber(String(name)), Uint8Array.from(value)]),
          message.options.map(({ number, value }) => [number, value]),
        );
        assert.deepEqual(decodeMessage(Uint8Array.from(generated(message))), message);
      }),
    );
  });
});

/** coap-packet names the options that it knows. */
function optionNumber(name: string): number {
  const known: Record<string, number> = {
    "If-Match": OptionNumbers.ifMatch,
    "Uri-Host": OptionNumbers.uriHost,
    ETag: OptionNumbers.eTag,
    "If-None-Match": OptionNumbers.ifNoneMatch,
    Observe: OptionNumbers.observe,
    "Uri-Port": OptionNumbers.uriPort,
    "Location-Path": OptionNumbers.locationPath,
    OSCORE: OptionNumbers.oscore,
    "Uri-Path": OptionNumbers.uriPath,
    "Content-Format": OptionNumbers.contentFormat,
    "Max-Age": OptionNumbers.maxAge,
    "Uri-Query": OptionNumbers.uriQuery,
    "Hop-Limit": OptionNumbers.hopLimit,
    Accept: OptionNumbers.accept,
    "Q-Block1": 19,
    "Location-Query": OptionNumbers.locationQuery,
    Block2: OptionNumbers.block2,
    Block1: OptionNumbers.block1,
    Size2: OptionNumbers.size2,
    "Q-Block2": 31,
    "Proxy-Uri": OptionNumbers.proxyUri,
    "Proxy-Scheme": OptionNumbers.proxyScheme,
    Size1: OptionNumbers.size1,
    "No-Response": OptionNumbers.noResponse,
    "OCF-Accept-Content-Format-Version": 2049,
    "OCF-Content-Format-Version": 2053,
  };
  return known[name] ?? Number(name);
}
