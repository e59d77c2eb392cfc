/** Board client, host client and host server, with one another and with the npm package `coap`. */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";
import coap from "coap";
import { coapRequest } from "../../../host/coap/client.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import { CoapClient, type CoapRequest } from "../../../protocol/coap/client.js";
import type { Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { startRelay } from "./relay.js";

const parameters = { ACK_TIMEOUT: 60, ACK_RANDOM_FACTOR: 1.5 };
const body = Uint8Array.from({ length: 2500 }, (_, i) => (i * 7) & 255);

/** The board's client on one socket: all requests at once, and what became of each, in order. */
async function runBoard(requests: readonly CoapRequest[]): Promise<(Message | string)[]> {
  const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
  const client = new CoapClient({ random, parameters });
  const socket = createSocket("udp4");
  const outcomes = new Map<number, Message | string>();
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    const act = () => {
      for (const action of client.take()) {
        if (action.kind === "send") {
          const [host, port] = action.peer.split(":");
          socket.send(action.datagram, Number(port), host);
        } else outcomes.set(action.request, action.kind === "response" ? action.message : action.reason);
      }
      clearTimeout(timer);
      if (outcomes.size === requests.length) return resolve();
      const wake = client.nextWake() ?? 0;
      timer = setTimeout(
        () => {
          client.tick(performance.now());
          act();
        },
        Math.ceil(wake - performance.now()),
      );
    };
    socket.on("message", (datagram, { address, port }) => {
      client.receive(performance.now(), `${address}:${port}`, Uint8Array.from(datagram));
      act();
    });
    for (const request of requests) client.request(performance.now(), request);
    act();
  });
  // Time for the last acknowledgement to leave.
  await new Promise((resolve) => setTimeout(resolve, 20));
  socket.close();
  return [...outcomes].sort(([a], [b]) => a - b).map(([, outcome]) => outcome);
}

function boardRequest(peer: string, payload: Uint8Array): CoapRequest {
  return { peer, path: "mikey", payload, contentFormat: ContentFormats.mikey, timeout: 5_000 };
}

function payloadOf(outcome: Message | string): string {
  return typeof outcome === "string" ? outcome : String([...outcome.payload]);
}

/** A server of the package that answers each POST with the length of its body, after `delay`. */
async function packageServer(delay: number): Promise<{ port: number; bodies: Uint8Array[]; close(): void }> {
  const bodies: Uint8Array[] = [];
  // It hands some duplicates to its handler again, which would answer on a closed socket.
  const timers = new Set<NodeJS.Timeout>();
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => {
    socket.bind(0, "127.0.0.1", resolve);
  });
  const server = coap.createServer({ piggybackReplyMs: 20 }, (request, response) => {
    bodies.push(Uint8Array.from(request.payload));
    const timer = setTimeout(() => {
      timers.delete(timer);
      response.code = "2.04";
      response.setOption("Content-Format", Buffer.of(0xfd, 0xe8));
      response.end(Buffer.of(request.payload.length & 255));
    }, delay);
    timers.add(timer);
  });
  server.listen(socket);
  const { port } = socket.address() as AddressInfo;
  return {
    port,
    bodies,
    close() {
      for (const timer of timers) clearTimeout(timer);
      server.close();
      socket.close();
    },
  };
}

async function hostServer(delay: number, handled: Uint8Array[] = []): Promise<CoapServer> {
  return startCoapServer({
    routes: {
      "/mikey": {
        contentFormat: ContentFormats.mikey,
        async handler({ payload }) {
          handled.push(payload);
          if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
          const length = Uint8Array.of(payload.length & 255);
          return { code: Codes.changed, payload: length, contentFormat: ContentFormats.mikey };
        },
      },
    },
    onError: assert.ifError,
    parameters,
    piggybackDelay: 20,
  });
}

describe("CoAP interoperability", () => {
  // The package has one set of parameters for all that it does.
  before(() => coap.updateTiming({ ackTimeout: 0.06, ackRandomFactor: 1.5 }));
  after(() => coap.defaultTiming());

  describe("of the board's client and the host's server", () => {
    for (const delay of [0, 100]) {
      it(`asks five peers at once, twice each (answered after ${delay} ms)`, async () => {
        const servers = await Promise.all([1, 2, 3, 4, 5].map(() => hostServer(delay)));
        const requests = [...servers, ...servers].map(({ address }, i) =>
          boardRequest(address, body.subarray(0, i)),
        );
        const outcomes = await runBoard(requests);
        assert.deepEqual(
          outcomes.map(payloadOf),
          requests.map((_, i) => String(i)),
        );
        for (const server of servers) await server.close();
      });

      it(`survives the loss of any datagram (answered after ${delay} ms)`, async () => {
        const datagrams = delay === 0 ? 2 : 4;
        for (let lost = 0; lost < datagrams; lost++) {
          const handled: Uint8Array[] = [];
          const server = await hostServer(delay, handled);
          const relay = await startRelay(server.port, ({ index }) => (index === lost ? 0 : 1));
          const [outcome] = await runBoard([boardRequest(relay.address, body.subarray(0, 117))]);
          assert.equal(payloadOf(outcome), "117");
          assert.equal(handled.length, 1);
          relay.close();
          await server.close();
        }
      });
    }

    it("gets most answers over a network that loses a fifth of all datagrams", async () => {
      let seed = 1;
      const random = () => {
        seed = (seed * 48271) % 0x7fffffff;
        return seed / 0x7fffffff;
      };
      const handled: Uint8Array[] = [];
      const server = await hostServer(0, handled);
      const relays = await Promise.all(
        Array.from({ length: 40 }, () => startRelay(server.port, () => (random() < 0.2 ? 0 : 1))),
      );
      const outcomes = await runBoard(
        relays.map(({ address }) => boardRequest(address, body.subarray(0, 9))),
      );
      for (const relay of relays) relay.close();
      await server.close();
      // Five transmissions, each of which fails with probability 0.36: 0.6 % of the requests.
      assert.ok(
        outcomes.filter((outcome) => payloadOf(outcome) === "9").length >= 38,
        outcomes.map(payloadOf).join(),
      );
      assert.ok(handled.length <= 40, "no request is handled twice");
    });
  });

  describe("of the board's client and the package's server", () => {
    for (const delay of [0, 100]) {
      it(`survives the loss of any datagram (answered after ${delay} ms)`, async () => {
        const datagrams = delay === 0 ? 2 : 4;
        for (let lost = -1; lost < datagrams; lost++) {
          const server = await packageServer(delay);
          const relay = await startRelay(server.port, ({ index }) => (index === lost ? 0 : 1));
          const [outcome] = await runBoard([boardRequest(relay.address, body.subarray(0, 117))]);
          assert.equal(payloadOf(outcome), "117");
          relay.close();
          server.close();
        }
      });
    }
  });

  describe("of the host's client and the package's server", () => {
    // Not in blocks: the package knows those of one transfer by a common token (coap-package.test.ts).
    it("gets piggybacked and separate responses", async () => {
      for (const delay of [0, 100]) {
        const server = await packageServer(delay);
        const { options: _, ...response } = await coapRequest({
          address: `127.0.0.1:${server.port}`,
          path: "mikey",
          payload: body.subarray(0, 1000),
          contentFormat: ContentFormats.mikey,
          parameters,
        });
        assert.deepEqual(response, {
          code: Codes.changed,
          payload: Uint8Array.of(1000 & 255),
          contentFormat: ContentFormats.mikey,
        });
        assert.deepEqual(server.bodies, [body.subarray(0, 1000)]);
        server.close();
      }
    });
  });

  describe("of the package's client and the host's server", () => {
    /** Code and payload of a response to the package's client. */
    function ask(
      port: number,
      options: object,
      payload?: Uint8Array,
      block1?: Buffer,
    ): Promise<[string, Buffer]> {
      return new Promise((resolve, reject) => {
        const request = coap.request({ host: "127.0.0.1", port, ...options });
        if (block1 !== undefined) request.setOption("Block1", block1);
        request.on("response", (response) => resolve([response.code, response.payload]));
        request.on("error", reject);
        request.end(payload === undefined ? undefined : Buffer.from(payload));
      });
    }
    const mikey = {
      method: "POST",
      pathname: "/mikey",
      options: { "Content-Format": Buffer.of(0xfd, 0xe8) },
    };

    for (const delay of [0, 100]) {
      it(`answers messages and blocks (after ${delay} ms)`, async () => {
        const handled: Uint8Array[] = [];
        const server = await hostServer(delay, handled);
        assert.deepEqual(await ask(server.port, mikey, body.subarray(0, 99)), ["2.04", Buffer.of(99)]);
        // The package sends in blocks when it is told their size.
        assert.deepEqual(await ask(server.port, mikey, body, Buffer.of(5)), ["2.04", Buffer.of(2500 & 255)]);
        assert.deepEqual(handled, [body.subarray(0, 99), body]);
        await server.close();
      });
    }

    it("lists its routes", async () => {
      const server = await hostServer(0);
      const [code, payload] = await ask(server.port, { method: "GET", pathname: "/.well-known/core" });
      assert.equal(code, "2.05");
      assert.equal(payload.toString(), "</mikey>;ct=65000");
      await server.close();
    });
  });
});
