import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { CoapError, type CoapRequestOptions, coapRequest } from "../../../host/coap/client.js";
import type { CoapRoute } from "../../../host/coap/resources.js";
import { type CoapServer, startCoapServer } from "../../../host/coap/server.js";
import { decodeBlock, encodeBlock } from "../../../protocol/coap/block.js";
import { encodeEmpty, type Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { type BareEndpoint, bareEndpoint } from "./endpoint.js";
import { type Relayed, startRelay } from "./relay.js";

/** Short, for a test that waits for what was lost. A loaded machine may send more than once what arrived. */
const parameters = { ACK_TIMEOUT: 60, ACK_RANDOM_FACTOR: 1.5 };
/** Long, for a test that counts datagrams. */
const patient = { ACK_TIMEOUT: 4_000, ACK_RANDOM_FACTOR: 1 };
const nothing = new Uint8Array(0);

function rejection(reason: string, code?: number): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof CoapError, `${error}`);
    assert.equal(error.reason, reason);
    assert.equal(error.code, code);
    return true;
  };
}

describe("CoAP request", () => {
  /** Without the options, which say the same as the rest. */
  const request = async (address: string, change: Partial<CoapRequestOptions> = {}) => {
    const { options: _, ...response } = await coapRequest({
      address,
      path: "/mikey",
      payload: Uint8Array.of(7),
      contentFormat: ContentFormats.mikey,
      timeout: 5_000,
      parameters,
      ...change,
    });
    return response;
  };

  describe("over a network that loses or doubles a datagram", () => {
    const body = Uint8Array.from({ length: 2500 }, (_, i) => (i * 7) & 255);
    const cases: [
      name: string,
      payload: Uint8Array,
      blockSize: 512 | 1024,
      delay: number,
      datagrams: number,
    ][] = [
      ["a piggybacked response", body.subarray(0, 1024), 1024, 0, 2],
      ["a separate response", body.subarray(0, 117), 1024, 100, 4],
      ["three blocks and a piggybacked response", body, 1024, 0, 6],
      ["five blocks and a separate response", body, 512, 100, 12],
    ];
    for (const [name, payload, blockSize, delay, datagrams] of cases) {
      it(`gets ${name}, whichever it is`, async () => {
        for (let index = -1; index < datagrams; index++) {
          for (const copies of [0, 2]) {
            const handled: Uint8Array[] = [];
            const handler: CoapRoute["handler"] = async (received) => {
              handled.push(received.payload);
              if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
              return { code: Codes.changed, payload: Uint8Array.of(9), contentFormat: ContentFormats.mikey };
            };
            const server = await startCoapServer({
              routes: { mikey: { contentFormat: ContentFormats.mikey, handler } },
              onError: assert.ifError,
              parameters: index === -1 ? patient : parameters,
              piggybackDelay: 20,
            });
            const relay = await startRelay(server.port, (it: Relayed) => (it.index === index ? copies : 1));
            try {
              const response = await request(relay.address, {
                ...{ payload, blockSize },
                parameters: index === -1 ? patient : parameters,
              });
              assert.deepEqual(response, {
                code: Codes.changed,
                payload: Uint8Array.of(9),
                contentFormat: ContentFormats.mikey,
              });
              assert.deepEqual(handled, [payload], "handled once, and whole");
              // The last acknowledgement may still be on its way.
              await new Promise((resolve) => setTimeout(resolve, 20));
              if (index === -1) assert.equal(relay.seen.length, datagrams);
            } finally {
              relay.close();
              await server.close();
            }
          }
        }
      });
    }

    it("acknowledges a separate response again when the acknowledgement was lost", async () => {
      const server = await startCoapServer({
        routes: {
          mikey: {
            contentFormat: ContentFormats.mikey,
            handler: () => new Promise((resolve) => setTimeout(() => resolve({ code: Codes.changed }), 50)),
          },
        },
        onError: assert.ifError,
        parameters: { ACK_TIMEOUT: 500, ACK_RANDOM_FACTOR: 1 },
        piggybackDelay: 10,
      });
      // Request, ACK, CON response, ACK (lost), the same CON again, ACK.
      const all = 6;
      let last = () => {};
      const seen = new Promise<void>((resolve) => {
        last = resolve;
      });
      const relay = await startRelay(server.port, ({ index }) => {
        if (index === all - 1) last();
        return index === 3 ? 0 : 1;
      });
      await request(relay.address, { parameters: patient });
      await seen;
      const kinds = relay.seen.map(
        ({ toServer, datagram }) => `${toServer ? ">" : "<"}${(datagram[0] >> 4) & 3}`,
      );
      assert.deepEqual(kinds.slice(0, all), [">0", "<2", "<0", ">2", "<0", ">2"]);
      assert.deepEqual(relay.seen[4].datagram, relay.seen[2].datagram);
      relay.close();
      await server.close();
    });
  });

  describe("fails by name", () => {
    let peer: BareEndpoint | undefined;
    let server: CoapServer | undefined;
    afterEach(async () => {
      peer?.close();
      await server?.close();
      peer = undefined;
      server = undefined;
    });

    /** A peer that answers each message by a function of it. */
    async function answering(
      answer: (message: Message) => Partial<Message> | Uint8Array | undefined,
    ): Promise<string> {
      const endpoint = await bareEndpoint((message, from) => {
        const it = answer(message);
        if (it instanceof Uint8Array) endpoint.send(from, it);
        else if (it !== undefined) {
          const { messageId, token } = message;
          const response = {
            type: Types.ACK,
            code: Codes.changed,
            messageId,
            token,
            options: [],
            payload: nothing,
          };
          endpoint.send(from, { ...response, ...it });
        }
      });
      peer = endpoint;
      return endpoint.address;
    }

    it("when the peer rejects it", async () => {
      const address = await answering(({ messageId }) => encodeEmpty(Types.RST, messageId));
      await assert.rejects(request(address), rejection("reset"));
    });

    it("when nothing is acknowledged", async () => {
      const address = await answering(() => undefined);
      const few = { ACK_TIMEOUT: 10, ACK_RANDOM_FACTOR: 1, MAX_RETRANSMIT: 3 };
      await assert.rejects(request(address, { parameters: few }), rejection("timeout"));
      assert.equal(peer?.received.length, 4);
    });

    it("when the response does not come in time, acknowledged or not", async () => {
      for (const acknowledge of [true, false]) {
        const address = await answering(({ messageId }) =>
          acknowledge ? encodeEmpty(Types.ACK, messageId) : undefined,
        );
        const started = performance.now();
        await assert.rejects(request(address, { timeout: 150 }), rejection("deadline"));
        assert.ok(performance.now() - started >= 149);
        peer?.close();
        peer = undefined;
      }
    });

    it("when nobody listens there", async () => {
      const socket = createSocket("udp4");
      await new Promise<void>((resolve) => {
        socket.bind(0, "127.0.0.1", resolve);
      });
      const { port } = socket.address();
      socket.close();
      await assert.rejects(request(`127.0.0.1:${port}`), (error) => {
        assert.ok(error instanceof CoapError);
        assert.equal(error.message, `127.0.0.1:${port}: refused`);
        assert.match(String(error.cause), /ECONNREFUSED/);
        return true;
      });
    });

    it("when the network refuses", async () => {
      await assert.rejects(request("255.255.255.255:5683"), rejection("unreachable"));
    });

    it("when the caller ends it", async () => {
      const address = await answering(() => undefined);
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 30);
      await assert.rejects(request(address, { signal: controller.signal }), rejection("aborted"));
      await assert.rejects(request(address, { signal: controller.signal }), rejection("aborted"));
    });

    it("when the address is none", async () => {
      for (const address of ["", "host:0", "host:65536", "a b", "::1", "[::1", "host:"]) {
        await assert.rejects(request(address), { name: "SyntaxError", message: /^address: / }, address);
      }
    });

    it("when the response has a critical option that is not understood", async () => {
      const address = await answering(() => ({ options: [{ number: 9, value: nothing }] }));
      await assert.rejects(request(address), rejection("bad option", Codes.changed));
    });

    it("when blocks are asked for, or answered, out of turn", async () => {
      const block1 = (num: number, more: boolean) => [
        { number: OptionNumbers.block1, value: encodeBlock({ num, more, szx: 6 }) },
      ];
      const payload = new Uint8Array(1500);
      const cases: [payload: Uint8Array, answer: Partial<Message>][] = [
        [nothing, { code: Codes.continue, options: block1(0, true) }],
        [nothing, { code: Codes.requestEntityTooLarge }],
        [payload, { code: Codes.continue }],
        [payload, { code: Codes.continue, options: block1(1, true) }],
        [payload, { code: Codes.changed, options: block1(0, true) }],
      ];
      for (const [body, answer] of cases) {
        const address = await answering(() => answer);
        const asked = request(address, { payload: body, parameters: patient });
        await assert.rejects(asked, rejection("block-wise", answer.code));
        assert.equal(peer?.received.length, 1);
        peer?.close();
        peer = undefined;
      }
    });

    it("when a server wants more after the last block", async () => {
      const address = await answering(({ options }) => ({
        code: Codes.continue,
        options: options.slice(2, 3),
      }));
      await assert.rejects(
        request(address, { payload: new Uint8Array(1500) }),
        rejection("block-wise", Codes.continue),
      );
    });

    it("but gives error responses back, those that end a transfer early too", async () => {
      const address = await answering(() => ({ code: Codes.badRequest, payload: Uint8Array.of(1, 2) }));
      for (const payload of [nothing, new Uint8Array(1500)]) {
        assert.deepEqual(await request(address, { payload }), {
          code: Codes.badRequest,
          payload: Uint8Array.of(1, 2),
        });
      }
      server = await startCoapServer({
        routes: { mikey: { contentFormat: 42, handler: () => ({ code: Codes.changed }) } },
        onError: assert.ifError,
        maxBody: 1200,
      });
      const big = { payload: new Uint8Array(5_000), contentFormat: 42 };
      assert.equal((await request(server.address, big)).code, Codes.requestEntityTooLarge);
      assert.equal((await request(server.address)).code, Codes.unsupportedContentFormat);
    });

    it("but goes on in smaller blocks where a server asks for them", async () => {
      for (const firstCode of [Codes.continue, Codes.requestEntityTooLarge]) {
        const body: number[] = [];
        const sizes = new Set<number>();
        const address = await answering(({ options, payload }) => {
          const block = decodeBlock(findOption(options, OptionNumbers.block1) ?? nothing);
          const refuse = block.szx === 6 && firstCode === Codes.requestEntityTooLarge;
          if (!refuse) {
            assert.equal(body.length, block.num << (block.szx + 4));
            body.push(...payload);
            sizes.add(block.szx);
          }
          const code = refuse ? firstCode : block.more ? Codes.continue : Codes.changed;
          const value = encodeBlock({ ...block, szx: 2 });
          return { code, options: [{ number: OptionNumbers.block1, value }] };
        });
        const payload = Uint8Array.from({ length: 1300 }, (_, i) => i & 255);
        assert.equal((await request(address, { payload })).code, Codes.changed);
        assert.deepEqual(Uint8Array.from(body), payload);
        assert.deepEqual([...sizes], firstCode === Codes.continue ? [6, 2] : [2]);
        peer?.close();
        peer = undefined;
      }
    });
  });

  it("says what it sends: Size1 with the first block, 8-byte tokens that differ", async () => {
    const peer = await bareEndpoint((message, from) => {
      const { messageId, token, options } = message;
      const block = decodeBlock(findOption(options, OptionNumbers.block1) ?? nothing);
      const code = block.more ? Codes.continue : Codes.changed;
      const echoed = options.filter(({ number }) => number === OptionNumbers.block1);
      peer.send(from, { type: Types.ACK, code, messageId, token, options: echoed, payload: nothing });
    });
    await request(peer.address, { payload: new Uint8Array(1025) });
    const [first, second] = peer.received;
    assert.deepEqual(findOption(first.options, OptionNumbers.size1), Uint8Array.of(4, 1));
    assert.equal(findOption(second.options, OptionNumbers.size1), undefined);
    assert.equal(second.messageId, (first.messageId + 1) & 0xffff);
    assert.equal(first.token.length, 8);
    assert.notDeepEqual(first.token, second.token);
    peer.close();
  });

  it("resolves names and IPv6 addresses", async () => {
    const routes = {
      mikey: { contentFormat: ContentFormats.mikey, handler: () => ({ code: Codes.changed }) },
    };
    for (const [host, name] of [
      ["::1", "[::1]"],
      ["localhost", "localhost"],
    ]) {
      const server = await startCoapServer({ host, routes, onError: assert.ifError });
      assert.equal((await request(`${name}:${server.port}`)).code, Codes.changed);
      await server.close();
    }
  });
});
