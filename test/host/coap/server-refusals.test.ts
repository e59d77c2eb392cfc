import assert from "node:assert/strict";
import type { CoapRoute } from "../../../host/coap/resources.js";
import { ascii, fromHex } from "../../../protocol/bytes.js";
import { encodeEmpty, type Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { findOption, type Option } from "../../../protocol/coap/options.js";
import { post } from "./endpoint.js";
import {
  after,
  ask,
  changed,
  contentFormat,
  errors,
  nothing,
  peer,
  requests,
  server,
  start,
  uriPath,
  useServer,
} from "./server-fixture.js";

describe("CoAP server: refusals", () => {
  useServer();

  const option = (number: number, value: Uint8Array): Option => ({ number, value });
  const cases: [name: string, request: Message, code: number][] = [
    ["4.04 for an unknown path", post({}, "other"), Codes.notFound],
    ["4.04 for a path below", post({ options: [uriPath, uriPath, contentFormat] }), Codes.notFound],
    ["4.04 for no path", post({ options: [contentFormat] }), Codes.notFound],
    ["4.05 for another method", post({ code: Codes.PUT }), Codes.methodNotAllowed],
    ["4.05 for an unknown method", post({ code: 0x1f }), Codes.methodNotAllowed],
    [
      "4.15 for another Content-Format",
      post({ options: [uriPath, option(12, Uint8Array.of(42))] }),
      Codes.unsupportedContentFormat,
    ],
    ["4.15 for no Content-Format", post({ options: [uriPath] }), Codes.unsupportedContentFormat],
    [
      "4.06 for another Accept",
      post({ options: [uriPath, contentFormat, option(17, nothing)] }),
      Codes.notAcceptable,
    ],
    [
      "4.02 for an unknown critical option",
      post({ options: [uriPath, contentFormat, option(2049, nothing)] }),
      Codes.badOption,
    ],
    ["4.02 for OSCORE", post({ options: [option(9, nothing), uriPath, contentFormat] }), Codes.badOption],
    [
      "4.02 for an option that is too long",
      post({ options: [uriPath, contentFormat, option(17, new Uint8Array(3))] }),
      Codes.badOption,
    ],
    [
      "4.02 for an option that is repeated",
      post({ options: [uriPath, contentFormat, option(17, nothing), option(17, nothing)] }),
      Codes.badOption,
    ],
    [
      "4.02 for a part of the response",
      post({ options: [uriPath, contentFormat, option(23, nothing)] }),
      Codes.badOption,
    ],
    [
      "5.05 for a proxy's work",
      post({ options: [uriPath, option(35, ascii("coap://x"))] }),
      Codes.proxyingNotSupported,
    ],
  ];
  for (const [name, request, code] of cases) {
    it(`are ${name}`, async () => {
      await start(changed);
      const response = await ask(request);
      assert.equal(response.code, code);
      assert.equal(response.type, Types.ACK);
      assert.equal(response.payload.length, 0);
      assert.equal(requests.length, 0);
    });
  }

  it("leave elective options, Uri-Host and Uri-Query alone", async () => {
    await start(changed);
    const options = [
      option(3, ascii("localhost")),
      uriPath,
      contentFormat,
      option(15, ascii("a=b")),
      option(2048, nothing),
    ];
    assert.equal((await ask(post({ options }))).code, Codes.changed);
  });

  it("are 5.00 without details when a handler fails", async () => {
    const failures: CoapRoute["handler"][] = [
      () => {
        throw new Error("disk full");
      },
      () => Promise.reject(new Error("disk full")),
      () => ({ code: Codes.POST }),
      async () => ({ code: Codes.changed, payload: new Uint8Array(1025) }),
    ];
    for (const failure of failures) {
      await start(failure);
      const response = await ask(post());
      assert.equal(response.code, Codes.internalServerError);
      assert.equal(response.payload.length, 0);
      await server.close();
    }
    assert.match(errors[0], /^POST \/mikey from 127\.0\.0\.1:\d+: disk full$/);
    assert.match(errors[1], /disk full$/);
    assert.match(errors[2], /code: expected a response class, got 2$/);
    assert.match(errors[3], /payload: expected at most 1024 bytes, got 1025$/);
  });

  it("are 5.03 with Max-Age when too much is pending, which a retransmission may not be", async () => {
    await start(after(100), { maxPending: 1 });
    peer.send(server.address, post());
    const refused = await ask(post({ messageId: 2 }));
    assert.equal(refused.code, Codes.serviceUnavailable);
    assert.deepEqual(findOption(refused.options, OptionNumbers.maxAge), Uint8Array.of(5));
    await peer.until(3);
    const response = peer.received[2];
    assert.equal(response.type, Types.CON);
    peer.send(server.address, encodeEmpty(Types.ACK, response.messageId));
    await peer.quiet(20);
    peer.send(server.address, post({ messageId: 2 }));
    await peer.quiet(50);
    assert.equal(requests.length, 2);
  });

  it("are Resets for what is Confirmable and no request, and nothing for the rest", async () => {
    await start(changed);
    const junk = ["40000005", "40450006", "40210007", "4f010008", "40010009ff"].map((hex) => fromHex(hex));
    for (const datagram of junk) peer.send(server.address, datagram);
    for (const hex of ["50450001", "60450001", "70000001", "80010001", "5f010001", "40", ""]) {
      peer.send(server.address, fromHex(hex));
    }
    await peer.until(5);
    await peer.quiet();
    assert.deepEqual(
      peer.received.map(({ type, code, messageId }) => [type, code, messageId]),
      [5, 6, 7, 8, 9].map((messageId) => [Types.RST, 0, messageId]),
    );
    assert.deepEqual(errors, []);
  });
});
