/** What a sender must show before it causes expensive work (RFC 9175 §2), over loopback. */

import assert from "node:assert/strict";
import { Admission } from "../../../host/coap/admission.js";
import { coapRequest } from "../../../host/coap/client.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import { encodeBlock } from "../../../protocol/coap/block.js";
import { encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { type BareEndpoint, bareEndpoint, post } from "./endpoint.js";

const MAX_BODY = 4096;

describe("CoAP admission", () => {
  let server: CoapServer;
  let peer: BareEndpoint;
  let handled: number[];
  /** What the handler says. */
  let code: number;
  let messageId = 0;

  beforeEach(async () => {
    handled = [];
    code = Codes.changed;
    server = await startCoapServer({
      routes: {
        mikey: {
          contentFormat: ContentFormats.mikey,
          admission: true,
          handler: async ({ payload }) => {
            handled.push(payload.length);
            return { code };
          },
        },
      },
      onError: assert.ifError,
      maxBody: MAX_BODY,
    });
    peer = await bareEndpoint();
  });
  afterEach(async () => {
    await server.close();
    peer.close();
  });

  async function ask(change: Partial<Message> = {}, from = peer): Promise<Message> {
    const count = from.received.length;
    from.send(server.address, post({ ...change, messageId: ++messageId }));
    await from.until(count + 1);
    return from.received[count];
  }

  const { options } = post();
  const withEcho = (value: Uint8Array) => ({ options: [...options, { number: OptionNumbers.echo, value }] });
  const echoOf = (message: Message) => findOption(message.options, OptionNumbers.echo) as Uint8Array;

  it("asks a sender where it is, and serves it when it says what it was told", async () => {
    const challenge = await ask();
    assert.equal(challenge.code, Codes.unauthorized);
    assert.deepEqual(handled, []);
    assert.equal((await ask(withEcho(echoOf(challenge)))).code, Codes.changed);
    assert.deepEqual(handled, [1]);
  });

  it("takes neither an altered value nor another sender's", async () => {
    const value = echoOf(await ask());
    for (let i = 0; i < value.length; i++) {
      const altered = value.slice();
      altered[i] ^= 1;
      assert.equal((await ask(withEcho(altered))).code, Codes.unauthorized);
    }
    const other = await bareEndpoint();
    assert.equal((await ask(withEcho(value), other)).code, Codes.unauthorized);
    other.close();
    assert.deepEqual(handled, []);
  });

  it("keeps no block of a sender that has not shown where it is", async () => {
    const block = (num: number) => ({
      options: [
        ...options,
        { number: OptionNumbers.block1, value: encodeBlock({ num, more: num === 0, szx: 6 }) },
      ],
      payload: new Uint8Array(1024),
    });
    assert.equal((await ask(block(0))).code, Codes.unauthorized);
    assert.equal((await ask(block(1))).code, Codes.requestEntityIncomplete);
  });

  it("sends less than it got", async () => {
    const challenge = await ask({ payload: new Uint8Array(64) });
    const request = encodeMessage(post({ payload: new Uint8Array(64) }));
    assert.ok(encodeMessage(challenge).length < request.length);
  });

  it("serves the host's own client, body in blocks or not", async () => {
    for (const length of [1, 1024, 2500]) {
      const response = await coapRequest({
        address: server.address,
        path: "mikey",
        payload: new Uint8Array(length),
        contentFormat: ContentFormats.mikey,
      });
      assert.equal(response.code, Codes.changed);
    }
    assert.deepEqual(handled, [1, 1024, 2500]);
  });

  it("makes a host wait that is refused again and again, and nobody else", async () => {
    code = Codes.forbidden;
    const echo = withEcho(echoOf(await ask()));
    let answer = await ask(echo);
    for (let i = 0; i < 5_000 && answer.code === Codes.forbidden; i++) answer = await ask(echo);
    assert.equal(answer.code, Codes.tooManyRequests);
    assert.ok(findOption(answer.options, OptionNumbers.maxAge));
    const before = handled.length;
    assert.equal((await ask(echo)).code, Codes.tooManyRequests);
    assert.equal(handled.length, before);

    code = Codes.changed;
    const neighbour: BareEndpoint = await bareEndpoint(() => {}, "127.0.0.2");
    const value = echoOf(await ask({}, neighbour));
    assert.equal((await ask(withEcho(value), neighbour)).code, Codes.changed);
    neighbour.close();
  });

  it("counts all addresses of an IPv6 network as one sender, and no other's", () => {
    const admission = new Admission();
    /** Whether a sender is served, once it has shown where it is. */
    const isServed = (peer: string) => {
      const issued = admission.judge(0, peer, post());
      const value = issued?.options.find(({ number }) => number === OptionNumbers.echo)?.value as Uint8Array;
      return admission.judge(0, peer, post(withEcho(value))) === undefined;
    };
    const neighbours = Array.from({ length: 501 }, (_, i) => `[2001:db8:0:7::${i.toString(16)}]:5683`);
    for (const neighbour of neighbours) {
      assert.ok(isServed(neighbour));
      admission.refused(0, neighbour);
    }
    assert.ok(!isServed("[2001:db8:0:7:ffff::1]:1234"));
    assert.ok(isServed("[2001:db8:0:8::1]:5683"));
    assert.ok(isServed("192.0.2.1:5683"));
  });

  it("counts no request that is served", async () => {
    const echo = withEcho(echoOf(await ask()));
    for (let i = 0; i < 1_000; i++) assert.equal((await ask(echo)).code, Codes.changed);
  });
});
