import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { CoapRoute, RouteRequest } from "../../../host/coap/resources.js";
import { type CoapServer, type CoapServerOptions, startCoapServer } from "../../../host/coap/server.js";
import { ascii, fromHex } from "../../../protocol/bytes.js";
import { decodeBlock, encodeBlock } from "../../../protocol/coap/block.js";
import {
  encodeEmpty,
  encodeMessage,
  findOption,
  type Message,
  type Option,
} from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { type BareEndpoint, bareEndpoint, post } from "./endpoint.js";

const nothing = new Uint8Array(0);
/** Fast, and without a random part. */
const parameters = { ACK_TIMEOUT: 40, ACK_RANDOM_FACTOR: 1, MAX_RETRANSMIT: 2 };
/** Uri-Path /mikey and Content-Format 65000. */
const [uriPath, contentFormat] = post().options;

describe("CoAP server", () => {
  let server: CoapServer;
  let peer: BareEndpoint;
  let requests: RouteRequest[];
  let errors: string[];

  async function start(
    handler: CoapRoute["handler"],
    options: Partial<CoapServerOptions> = {},
  ): Promise<CoapServer> {
    server = await startCoapServer({
      routes: {
        "/mikey": {
          contentFormat: ContentFormats.mikey,
          handler(request) {
            requests.push(request);
            return handler(request);
          },
        },
      },
      onError: (error, where) => errors.push(`${where}: ${error instanceof Error ? error.message : error}`),
      parameters,
      piggybackDelay: 20,
      ...options,
    });
    return server;
  }

  /** The response to one request, by message ID. */
  async function ask(message: Message): Promise<Message> {
    const count = peer.received.length;
    peer.send(server.address, message);
    await peer.until(count + 1);
    return peer.received[count];
  }

  const changed: CoapRoute["handler"] = () => ({
    code: Codes.changed,
    payload: Uint8Array.of(9),
    contentFormat: ContentFormats.mikey,
  });
  const after =
    (milliseconds: number): CoapRoute["handler"] =>
    (request) =>
      new Promise((resolve) => {
        setTimeout(() => resolve(changed(request)), milliseconds);
      });

  beforeEach(async () => {
    requests = [];
    errors = [];
    peer = await bareEndpoint();
  });
  afterEach(async () => {
    await server.close();
    peer.close();
  });

  it("piggybacks the response of a quick handler", async () => {
    await start(changed);
    assert.deepEqual(await ask(post()), {
      type: Types.ACK,
      code: Codes.changed,
      messageId: 1,
      token: Uint8Array.of(1, 2, 3, 4),
      options: [contentFormat],
      payload: Uint8Array.of(9),
    });
    const [{ options, ...request }] = requests;
    assert.deepEqual(request, {
      payload: Uint8Array.of(7),
      contentFormat: ContentFormats.mikey,
      peer: peer.address,
    });
    assert.ok(options.some(({ number }) => number === OptionNumbers.uriPath));
    assert.equal(requests.length, 1);
    await peer.quiet();
    assert.equal(peer.received.length, 1);
  });

  it("acknowledges for a slow handler, and sends its response until that is acknowledged", async () => {
    await start(after(60));
    peer.send(server.address, post());
    await peer.until(3);
    const [acknowledgement, response, again] = peer.received;
    assert.deepEqual(acknowledgement, {
      type: Types.ACK,
      code: 0,
      messageId: 1,
      token: nothing,
      options: [],
      payload: nothing,
    });
    assert.equal(response.type, Types.CON);
    assert.deepEqual(response.token, Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual(response.payload, Uint8Array.of(9));
    assert.deepEqual(again, response);
    peer.send(server.address, encodeEmpty(Types.ACK, response.messageId));
    await peer.quiet(250);
    assert.equal(peer.received.length, 3);
  });

  it("stops to send a response that is rejected, and gives up after MAX_RETRANSMIT", async () => {
    await start(after(30));
    peer.send(server.address, post());
    await peer.until(2);
    peer.send(server.address, encodeEmpty(Types.RST, peer.received[1].messageId));
    await peer.quiet(200);
    assert.equal(peer.received.length, 2);
    peer.send(server.address, post({ messageId: 2 }));
    // The acknowledgement and 1 + MAX_RETRANSMIT responses.
    await peer.until(6);
    await peer.quiet(400);
    assert.equal(peer.received.length, 6);
  });

  it("lets no acknowledgement leave before the handler has returned its promise", async () => {
    let returned = 0;
    await start((request) => {
      // Longer than the piggyback delay and, were there any, time for a datagram to leave.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
      returned = Date.now();
      return after(100)(request);
    });
    // Another thread, since nothing can be seen from this one while the handler holds it.
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       const socket = require("node:dgram").createSocket("udp4");
       const send = () => socket.send(workerData.datagram, workerData.port, "127.0.0.1");
       socket.on("message", () => { socket.close(); parentPort.postMessage(Date.now()); });
       socket.bind(0, "127.0.0.1", () => { send(); setTimeout(send, 50); setTimeout(send, 100); });`,
      {
        eval: true,
        workerData: {
          port: server.port,
          datagram: encodeMessage(post()),
        },
      },
    );
    const [arrived] = await once(worker, "message");
    await worker.terminate();
    assert.ok(returned > 0 && arrived >= returned, `${arrived} is not before ${returned}`);
    assert.equal(requests.length, 1);
  });

  describe("duplicates", () => {
    it("get the same answer and reach no handler", async () => {
      await start(changed);
      const first = await ask(post());
      assert.deepEqual(await ask(post()), first);
      assert.equal(requests.length, 1);
      // Another message ID or token is another request.
      await ask(post({ messageId: 2 }));
      await ask(post({ token: Uint8Array.of(1) }));
      assert.equal(requests.length, 3);
    });

    it("are ignored while there is no answer, then acknowledged", async () => {
      await start(after(150), { piggybackDelay: 60 });
      for (let i = 0; i < 3; i++) peer.send(server.address, post());
      await peer.until(1);
      const [acknowledgement] = peer.received;
      assert.deepEqual(await ask(post()), acknowledgement);
      await peer.until(3);
      assert.equal(peer.received[2].code, Codes.changed);
      assert.equal(requests.length, 1);
    });

    it("are told apart by peer", async () => {
      await start(changed);
      await ask(post());
      const other = await bareEndpoint();
      other.send(server.address, post());
      await other.until(1);
      other.close();
      assert.equal(requests.length, 2);
    });

    it("are forgotten after EXCHANGE_LIFETIME, and when there are too many", async () => {
      await start(changed, { parameters: { ...parameters, MAX_LATENCY: 0 } });
      await ask(post());
      // 3 · 40 + 40 ms
      await peer.quiet(200);
      await ask(post());
      assert.equal(requests.length, 2);
      await server.close();
      await start(changed, { maxRemembered: 2 });
      for (const messageId of [1, 2, 3, 1, 3]) await ask(post({ messageId }));
      assert.equal(requests.length, 2 + 4);
    });
  });

  describe("refusals", () => {
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

  it("answers a NON with a NON", async () => {
    await start(after(50));
    const response = await ask(post({ type: Types.NON }));
    assert.equal(response.type, Types.NON);
    assert.equal(response.code, Codes.changed);
    assert.deepEqual(response.token, Uint8Array.of(1, 2, 3, 4));
    await peer.quiet();
    assert.equal(peer.received.length, 1);
  });

  it("drops what a handler returns after it was closed", async () => {
    // Mocha hears of unhandled rejections, but lets the test pass.
    const unhandled: unknown[] = [];
    const hear = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", hear);
    await start(after(50));
    peer.send(server.address, post());
    await peer.until(1);
    await server.close();
    await peer.quiet();
    process.off("unhandledRejection", hear);
    assert.equal(peer.received.length, 1);
    assert.deepEqual(errors, []);
    assert.deepEqual(unhandled, []);
  });

  it("can't listen where another does", async () => {
    await start(changed);
    await assert.rejects(startCoapServer({ port: server.port, routes: {}, onError: () => {} }), /EADDRINUSE/);
  });

  it("listens on IPv6", async () => {
    await start(changed, { host: "::1" });
    assert.match(server.address, /^\[::1\]:\d+$/);
  });

  describe("Block1", () => {
    let messageId: number;
    beforeEach(() => {
      messageId = 100;
    });

    /** One block of a body; tokens differ from block to block, as RFC 7959 §3.3 lets them. */
    function block(
      num: number,
      more: boolean,
      szx: number,
      payload: Uint8Array,
      extra: Option[] = [],
    ): Message {
      messageId++;
      const value = encodeBlock({ num, more, szx });
      const options = [uriPath, contentFormat, { number: OptionNumbers.block1, value }, ...extra];
      return post({ options, payload, messageId, token: Uint8Array.of(messageId) });
    }
    const body = Uint8Array.from({ length: 2000 }, (_, i) => i & 255);

    it("puts blocks together, of sizes that shrink too", async () => {
      await start(changed);
      const first = await ask(block(0, true, 6, body.subarray(0, 1024)));
      assert.equal(first.code, Codes.continue);
      assert.deepEqual(decodeBlock(first.options[0].value), { num: 0, more: true, szx: 6 });
      assert.equal((await ask(block(2, true, 5, body.subarray(1024, 1536)))).code, Codes.continue);
      assert.equal(requests.length, 0);
      const last = await ask(block(3, false, 5, body.subarray(1536)));
      assert.equal(last.code, Codes.changed);
      assert.deepEqual(decodeBlock(findOption(last.options, OptionNumbers.block1) ?? nothing), {
        num: 3,
        more: false,
        szx: 5,
      });
      assert.equal(requests.length, 1);
      assert.deepEqual(requests[0].payload, body);
    });

    it("takes a body of one block", async () => {
      await start(changed);
      assert.equal((await ask(block(0, false, 6, body.subarray(0, 10)))).code, Codes.changed);
      assert.deepEqual(requests[0].payload, body.subarray(0, 10));
    });

    it("refuses a block out of order with 4.08, and begins again at block 0", async () => {
      await start(changed);
      const out: [num: number, more: boolean][] = [
        [2, true],
        [1, true],
        [3, false],
      ];
      for (const [num, more] of out) {
        await ask(block(0, true, 6, body.subarray(0, 1024)));
        if (num === 1) await ask(block(1, true, 6, body.subarray(0, 1024)));
        const refused = await ask(block(num, more, 6, body.subarray(0, 1024)));
        assert.equal(refused.code, Codes.requestEntityIncomplete);
      }
      assert.equal((await ask(block(1, false, 6, body.subarray(1024)))).code, Codes.requestEntityIncomplete);
      assert.equal(requests.length, 0);
      await ask(block(0, true, 6, body.subarray(0, 1024)));
      await ask(block(0, true, 6, body.subarray(0, 1024)));
      assert.equal((await ask(block(1, false, 6, body.subarray(1024)))).code, Codes.changed);
      assert.deepEqual(requests[0].payload, body);
    });

    it("refuses a body beyond its limit with 4.13 and Size1, however it comes", async () => {
      await start(changed, { maxBody: 2048 });
      const big = new Uint8Array(1024);
      const size1 = [{ number: OptionNumbers.size1, value: Uint8Array.of(8, 1) }];
      const refusals = [
        await ask(post({ payload: new Uint8Array(2049) })),
        await ask(block(0, true, 6, big, size1)),
      ];
      await ask(block(0, true, 6, big));
      await ask(block(1, true, 6, big));
      refusals.push(await ask(block(2, false, 6, big.subarray(0, 1))));
      for (const { code, options } of refusals) {
        assert.equal(code, Codes.requestEntityTooLarge);
        assert.deepEqual(options, [{ number: OptionNumbers.size1, value: Uint8Array.of(8, 0) }]);
      }
      assert.equal(requests.length, 0);
      // Up to the limit it is taken.
      await ask(block(0, true, 6, big));
      assert.equal((await ask(block(1, false, 6, big))).code, Codes.changed);
      assert.equal(requests[0].payload.length, 2048);
    });

    it("takes 16 kB by default", async () => {
      await start(changed);
      const big = new Uint8Array(1024);
      for (let num = 0; num < 16; num++) {
        assert.equal((await ask(block(num, true, 6, big))).code, Codes.continue);
      }
      assert.equal((await ask(block(16, false, 6, big))).code, Codes.requestEntityTooLarge);
    });

    it("refuses blocks whose size is not what they say, and SZX 7", async () => {
      await start(changed);
      assert.equal((await ask(block(0, true, 6, body.subarray(0, 1000)))).code, Codes.badRequest);
      assert.equal((await ask(block(0, true, 0, body.subarray(0, 17)))).code, Codes.badRequest);
      const reserved = { number: OptionNumbers.block1, value: Uint8Array.of(7) };
      const request = post({ options: [uriPath, contentFormat, reserved], messageId: 1 });
      assert.equal((await ask(request)).code, Codes.badRequest);
    });

    it("keeps transfers apart by Request-Tag and by peer", async () => {
      await start(changed);
      const tag = [{ number: OptionNumbers.requestTag, value: Uint8Array.of(1) }];
      await ask(block(0, true, 6, body.subarray(0, 1024)));
      assert.equal(
        (await ask(block(1, false, 6, body.subarray(1024), tag))).code,
        Codes.requestEntityIncomplete,
      );
      const other = await bareEndpoint();
      other.send(server.address, block(1, false, 6, body.subarray(1024)));
      await other.until(1);
      other.close();
      assert.equal(other.received[0].code, Codes.requestEntityIncomplete);
      assert.equal((await ask(block(1, false, 6, body.subarray(1024)))).code, Codes.changed);
    });

    it("lets the quietest transfer give way when there are too many", async () => {
      await start(changed);
      const tag = (number: number) => [
        { number: OptionNumbers.requestTag, value: Uint8Array.of(number >> 8, number) },
      ];
      for (let i = 0; i < 257; i++) await ask(block(0, true, 0, body.subarray(0, 16), tag(i)));
      assert.equal((await ask(block(1, false, 0, nothing, tag(0)))).code, Codes.requestEntityIncomplete);
      assert.equal((await ask(block(1, false, 0, nothing, tag(1)))).code, Codes.changed);
    });
  });

  describe("/.well-known/core", () => {
    const path = [ascii(".well-known"), ascii("core")].map((value) => ({
      number: OptionNumbers.uriPath,
      value,
    }));
    const get = post({ code: Codes.GET, options: path, payload: nothing });

    it("names the routes in link-format", async () => {
      await start(changed, {
        routes: {
          "/mikey": { contentFormat: ContentFormats.mikey, resourceType: "symbolon.mikey", handler: changed },
          "a/b c": { contentFormat: 0, handler: changed },
        },
      });
      const response = await ask(get);
      assert.equal(response.code, Codes.content);
      const format = { number: OptionNumbers.contentFormat, value: Uint8Array.of(40) };
      assert.deepEqual(response.options[0], format);
      // A stranger gets little at a time, whatever size it asks for.
      let text = new TextDecoder().decode(response.payload);
      const value = encodeBlock({ num: 1, more: false, szx: 1 });
      const options = [...path, { number: OptionNumbers.block2, value }];
      text += new TextDecoder().decode((await ask({ ...get, messageId: 2, options })).payload);
      assert.equal(text, '</mikey>;rt="symbolon.mikey";ct=65000,</a/b%20c>;ct=0');
      const whole = { number: OptionNumbers.block2, value: encodeBlock({ num: 0, more: false, szx: 6 }) };
      const first = await ask({ ...get, messageId: 3, options: [...path, whole] });
      assert.deepEqual(first, { ...response, messageId: 3 });
    });

    it("comes in blocks to who asks for them", async () => {
      await start(changed);
      let text = "";
      for (let num = 0, more = true; more; num++) {
        const value = encodeBlock({ num, more: false, szx: 0 });
        const response = await ask({
          ...get,
          messageId: num,
          options: [...path, { number: OptionNumbers.block2, value }],
        });
        text += new TextDecoder().decode(response.payload);
        more = decodeBlock(findOption(response.options, OptionNumbers.block2) ?? nothing).more;
      }
      assert.equal(text, "</mikey>;ct=65000");
      const value = encodeBlock({ num: 9, more: false, szx: 0 });
      const beyond = await ask({
        ...get,
        messageId: 9,
        options: [...path, { number: OptionNumbers.block2, value }],
      });
      assert.equal(beyond.code, Codes.badOption);
    });

    it("is for GET and link-format only", async () => {
      await start(changed);
      assert.equal((await ask({ ...get, code: Codes.POST })).code, Codes.methodNotAllowed);
      const accept = { number: OptionNumbers.accept, value: Uint8Array.of(50) };
      assert.equal(
        (await ask({ ...get, messageId: 2, options: [...path, accept] })).code,
        Codes.notAcceptable,
      );
    });
  });
});
