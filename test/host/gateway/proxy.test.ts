/** The gateway as a forward-proxy: for its own third parties and Responders, and for nobody else. */

import assert from "node:assert/strict";
import { coapRequest } from "../../../host/coap/client.js";
import { withoutProxyUri } from "../../../host/coap/proxy-uri.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import type { GatewaySensor } from "../../../host/gateway/folder.js";
import { type GatewayProxy, openGatewayProxy } from "../../../host/gateway/proxy.js";
import type { Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { encodeUint, findOption } from "../../../protocol/coap/options.js";
import { proxyOptions } from "../../../protocol/coap/proxy.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";

const text = (value: string) => Buffer.from(value, "utf8");

describe("gateway as a proxy", () => {
  let server: CoapServer;
  let gateway: CoapServer;
  let proxy: GatewayProxy;
  const asked: string[] = [];

  before(async () => {
    const onError = assert.ifError;
    server = await startCoapServer({
      routes: {
        "a/*": {
          handler({ segment, options }) {
            const query = findOption(options, OptionNumbers.uriQuery);
            asked.push(`${segment}?${query === undefined ? "" : Buffer.from(query)}`);
            const maxAge = { number: OptionNumbers.maxAge, value: encodeUint(7) };
            return { code: Codes.changed, payload: text("yes"), options: [maxAge] };
          },
        },
      },
      onError,
    });
    const sensor: GatewaySensor = {
      ...{ sensor: identityFromText("sensor01"), handle: 1, privacy: 1, responders: [""] },
      thirdParties: [server.address, "127.0.0.1:1"],
    };
    proxy = await openGatewayProxy(
      { host: "127.0.0.1", port: 0 },
      () => [sensor],
      () => undefined,
    );
    gateway = await startCoapServer({ routes: {}, onProxied: proxy.forward, onError });
  });
  after(async () => {
    await gateway.close();
    proxy.close();
    await server.close();
  });

  const through = (uri: string) =>
    coapRequest({
      ...{ address: gateway.address, path: "", payload: text("?") },
      options: [{ number: OptionNumbers.proxyUri, value: text(uri) }],
    });

  it("takes Proxy-Uri and Proxy-Scheme, and passes Max-Age on", async () => {
    const first = await through(`coap://${server.address}/a/b%20c?x=1`);
    const second = await coapRequest({
      ...{ address: gateway.address, path: "a/d", payload: text("?") },
      options: proxyOptions(server.address),
    });
    for (const { code, payload, options } of [first, second]) {
      assert.deepEqual([code, Buffer.from(payload).toString()], [Codes.changed, "yes"]);
      assert.deepEqual([...(findOption(options, OptionNumbers.maxAge) ?? [])], [7]);
    }
    assert.deepEqual(asked, ["b c?x=1", "d?"]);
  });

  it("answers 4.03 for strangers' servers, and 5.05 for what is no such request", async () => {
    assert.equal((await through("coap://127.0.0.1:9/a/b")).code, Codes.forbidden);
    for (const uri of [
      "http://127.0.0.1/",
      "coap://",
      "coaps://127.0.0.1/",
      "coap://a@b/",
      "coap://b/#c",
      "x",
    ]) {
      assert.equal((await through(uri)).code, Codes.proxyingNotSupported, uri);
    }
    assert.equal((await coapRequest({ address: gateway.address, path: "a/b" })).code, Codes.notFound);
  });

  it("gives Proxy-Uri precedence over the other options", () => {
    const option = (number: number, value: string) => ({ number, value: text(value) });
    const request: Message = {
      ...{ type: Types.CON, code: Codes.POST, messageId: 1, token: new Uint8Array(0), payload: text("") },
      options: [
        option(OptionNumbers.uriHost, "other"),
        option(OptionNumbers.uriPath, "other"),
        option(OptionNumbers.contentFormat, "*"),
        option(OptionNumbers.proxyUri, "coap://host"),
      ],
    };
    assert.deepEqual(
      withoutProxyUri(request)?.options.map(({ number, value }) => [number, Buffer.from(value).toString()]),
      [
        [OptionNumbers.uriHost, "host"],
        [OptionNumbers.contentFormat, "*"],
        [OptionNumbers.proxyScheme, "coap"],
      ],
    );
  });
});
