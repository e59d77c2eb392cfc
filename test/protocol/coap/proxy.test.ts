/** Requests to a forward-proxy (RFC 7252 §5.7.2). */

import { ascii, fromHex } from "../../../protocol/bytes.js";
import { encodeMessage } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import type { Option } from "../../../protocol/coap/options.js";
import { proxyOptions, proxyTarget } from "../../../protocol/coap/proxy.js";
import { deepEqual, equal, throws } from "../../support/assert.js";

const scheme: Option = { number: OptionNumbers.proxyScheme, value: ascii("coap") };
const host: Option = { number: OptionNumbers.uriHost, value: ascii("192.0.2.1") };

describe("CoAP: requests to a proxy", () => {
  it("names host and scheme, and the port unless it is CoAP's own", () => {
    deepEqual(proxyOptions("192.0.2.1:5683"), [host, scheme]);
    deepEqual(proxyOptions("tp.example:61616"), [
      { number: OptionNumbers.uriHost, value: ascii("tp.example") },
      { number: OptionNumbers.uriPort, value: fromHex("f0b0") },
      scheme,
    ]);
  });

  it("takes 16 bytes for an IPv4 address of nine characters", () => {
    const message = { type: Types.CON, code: Codes.POST, messageId: 1, token: fromHex("") };
    const path = { number: OptionNumbers.uriPath, value: ascii("mikey") };
    const payload = ascii("x");
    const [uriHost, proxyScheme] = proxyOptions("192.0.2.1:5683");
    const proxied = encodeMessage({ ...message, options: [uriHost, path, proxyScheme], payload });
    equal(proxied.length - encodeMessage({ ...message, options: [path], payload }).length, 16);
  });

  it("reads what it names", () => {
    for (const [address, target] of [
      ["192.0.2.1:5683", { host: "192.0.2.1", port: 5683 }],
      ["[2001:db8::1]:1", { host: "[2001:db8::1]", port: 1 }],
      ["a:65535", { host: "a", port: 65535 }],
    ] as const) {
      deepEqual(proxyTarget(proxyOptions(address)), target, address);
    }
  });

  it("refuses addresses that are none", () => {
    for (const address of [
      "",
      "host",
      ":5683",
      "host:",
      "host:0",
      "host:65536",
      "host:x",
      `${"h".repeat(256)}:1`,
    ]) {
      throws(() => proxyOptions(address), { type: RangeError, message: /^address: expected host:port/ });
    }
    throws(() => proxyOptions("hôte:1"), RangeError);
  });

  it("serves no other scheme, no request without a host, no port that is none", () => {
    const port = (hex: string): Option => ({ number: OptionNumbers.uriPort, value: fromHex(hex) });
    const other: Option = { number: OptionNumbers.proxyScheme, value: ascii("http") };
    const empty: Option = { number: OptionNumbers.uriHost, value: ascii("") };
    for (const options of [
      [],
      [host],
      [scheme],
      [host, other],
      [empty, scheme],
      [host, port(""), scheme],
      [host, port("0000"), scheme],
      [host, port("010000"), scheme],
    ]) {
      equal(proxyTarget(options), undefined);
    }
  });
});
