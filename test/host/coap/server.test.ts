import assert from "node:assert/strict";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { startCoapServer } from "../../../host/coap/server.js";
import { encodeEmpty, encodeMessage } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { bareEndpoint, post } from "./endpoint.js";
import {
  after,
  ask,
  changed,
  contentFormat,
  errors,
  nothing,
  parameters,
  peer,
  requests,
  server,
  start,
  useServer,
} from "./server-fixture.js";

describe("CoAP server", () => {
  useServer();

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
});
