/** RFC 8613 appendix C, whole, as client and as server. */

import { fromHex, toHex } from "../../../protocol/bytes.js";
import { OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { additionalData, aeadNonce, derivationInfo, partialIv } from "../../../protocol/oscore/context.js";
import { encodePlaintext } from "../../../protocol/oscore/message.js";
import {
  protectRequest,
  protectResponse,
  readRequestHeader,
  unprotectRequest,
  unprotectResponse,
} from "../../../protocol/oscore/protect.js";
import { deepEqual, equal } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { contentOf, contextOf, datagram, inputOf, parse } from "./support.js";
import {
  type ContextName,
  contexts,
  REQUEST_NUMBER,
  type RequestName,
  requests,
  responses,
  unprotectedResponse,
} from "./vectors.js";

describe("OSCORE: the vectors of RFC 8613", () => {
  for (const name of Object.keys(contexts) as ContextName[]) {
    const expected = contexts[name];

    it(`${name}.1: the client's context`, () => {
      const { senderId, recipientId, idContext } = inputOf(name, "client");
      equal(toHex(derivationInfo(senderId, idContext, "Key", 16)), expected.infos[0]);
      equal(toHex(derivationInfo(recipientId, idContext, "Key", 16)), expected.infos[1]);
      equal(toHex(derivationInfo(new Uint8Array(0), idContext, "IV", 13)), expected.infos[2]);
      const context = contextOf(name, "client");
      equal(toHex(context.senderKey), expected.senderKey);
      equal(toHex(context.recipientKey), expected.recipientKey);
      equal(toHex(context.commonIv), expected.commonIv);
      equal(toHex(aeadNonce(context, senderId, partialIv(0))), expected.senderNonce);
      equal(toHex(aeadNonce(context, recipientId, partialIv(0))), expected.recipientNonce);
    });

    it(`${name}.2: the server's context`, () => {
      const context = contextOf(name, "server");
      equal(toHex(context.senderKey), expected.recipientKey);
      equal(toHex(context.recipientKey), expected.senderKey);
      equal(toHex(context.commonIv), expected.commonIv);
      equal(toHex(aeadNonce(context, context.senderId, partialIv(0))), expected.recipientNonce);
      equal(toHex(aeadNonce(context, context.recipientId, partialIv(0))), expected.senderNonce);
    });
  }

  for (const name of Object.keys(requests) as RequestName[]) {
    const expected = requests[name];

    it(`${name}: the client protects the request`, () => {
      const context = contextOf(expected.context, "client");
      const plain = parse(expected.unprotected);
      equal(toHex(encodePlaintext(plain)), expected.plaintext);
      const { message, binding } = protectRequest(primitives, context, REQUEST_NUMBER, plain);
      equal(toHex(additionalData(binding.kid, binding.piv)), expected.aad);
      equal(toHex(aeadNonce(context, binding.kid, binding.piv)), expected.nonce);
      equal(toHex(findOption(message.options, OptionNumbers.oscore) as Uint8Array), expected.option);
      equal(toHex(datagram(plain, message)), expected.protected);
    });

    it(`${name}: the server opens it`, () => {
      const message = parse(expected.protected);
      const header = readRequestHeader(message);
      equal(header.sequenceNumber, REQUEST_NUMBER);
      const { senderId, idContext } = inputOf(expected.context, "client");
      deepEqual(header.kid, senderId);
      deepEqual(header.kidContext, idContext);
      const opened = unprotectRequest(primitives, contextOf(expected.context, "server"), header, message);
      deepEqual(contentOf(opened), contentOf(parse(expected.unprotected)));
      equal(toHex(datagram(message, opened)), expected.unprotected);
    });
  }

  for (const name of ["C.7", "C.8"] as const) {
    const expected = responses[name];
    const header = readRequestHeader(parse(requests["C.4"].protected));

    it(`${name}: the server protects the response`, () => {
      const plain = parse(unprotectedResponse);
      equal(toHex(encodePlaintext(plain)), expected.plaintext);
      const context = contextOf("C.1", "server");
      const message = protectResponse(primitives, context, header, plain, expected.sequenceNumber);
      equal(toHex(findOption(message.options, OptionNumbers.oscore) as Uint8Array), expected.option);
      const nonce =
        expected.sequenceNumber === undefined
          ? aeadNonce(context, header.kid, header.piv)
          : aeadNonce(context, context.senderId, partialIv(expected.sequenceNumber));
      equal(toHex(nonce), expected.nonce);
      equal(toHex(datagram(plain, message)), expected.protected);
    });

    it(`${name}: the client opens it`, () => {
      const message = parse(expected.protected);
      const opened = unprotectResponse(primitives, contextOf("C.1", "client"), header, message);
      equal(toHex(datagram(message, opened)), unprotectedResponse);
    });
  }

  it("has the AAD of §5.4's example", () => {
    equal(toHex(additionalData(fromHex("00"), fromHex("25"))), "8368456e63727970743040498501810a4100412540");
  });
});
