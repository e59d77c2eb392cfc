/**
 * Why host/coap stands on protocol/coap and not on the npm package `coap` (1.5.0): what the package does
 * where Symbolon needs something else. Each of these is an experiment; should one fail with a later version,
 * that reason is gone. As a peer the package is fine (interoperability.test.ts).
 */

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import type { AddressInfo } from "node:net";
import coap from "coap";
import { encodeBlock } from "../../../protocol/coap/block.js";
import { encodeEmpty, type Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { type BareEndpoint, bareEndpoint, post } from "./endpoint.js";

describe("the npm package coap", () => {
  let peer: BareEndpoint;
  afterEach(() => peer.close());

  describe("as a server", () => {
    let address: string;
    let handled: number;
    let close: () => void;

    beforeEach(async () => {
      handled = 0;
      peer = await bareEndpoint();
      const socket = createSocket("udp4");
      await new Promise<void>((resolve) => {
        socket.bind(0, "127.0.0.1", resolve);
      });
      const server = coap.createServer((_request, response) => {
        handled++;
        setTimeout(() => {
          response.code = "2.04";
          response.end();
        }, 30);
      });
      server.listen(socket);
      address = `127.0.0.1:${(socket.address() as AddressInfo).port}`;
      close = () => {
        server.close();
        socket.close();
      };
    });
    afterEach(() => close());

    function block(num: number, more: boolean, token = 1): Message {
      const value = encodeBlock({ num, more, szx: 6 });
      const options = [...post().options, { number: OptionNumbers.block1, value }];
      const payload = new Uint8Array(more ? 1024 : 10);
      return post({ options, payload, messageId: num, token: Uint8Array.of(token) });
    }

    it("hands a duplicate to the handler again while there is no answer yet", async () => {
      peer.send(address, post());
      peer.send(address, post());
      await peer.until(2);
      assert.equal(handled, 2);
    });

    it("acknowledges a request with a missing block that no handler sees, and never answers it", async () => {
      peer.send(address, block(0, true));
      await peer.until(1);
      peer.send(address, block(2, false));
      await peer.quiet(300);
      const last = peer.received[peer.received.length - 1];
      assert.equal(last.messageId, 2);
      assert.equal(last.type, Types.ACK);
      assert.equal(last.code, Codes.empty, "not 4.08");
      assert.equal(handled, 0);
    });

    it("takes blocks without any limit of the body, nor a way to set one", async () => {
      for (let num = 0; num < 64; num++) {
        peer.send(address, block(num, true));
        await peer.until(num + 1);
      }
      assert.ok(peer.received.every(({ code }) => code === Codes.continue));
    });

    it("knows a transfer by its token, which may differ from block to block (RFC 7959 §3.3)", async () => {
      peer.send(address, block(0, true, 1));
      await peer.until(1);
      peer.send(address, block(1, false, 2));
      await peer.quiet(200);
      assert.equal(handled, 0);
    });
  });

  describe("as a client", () => {
    function request(payload: Uint8Array | undefined, block1?: Buffer): Promise<string> {
      return new Promise((resolve, reject) => {
        const [host, port] = peer.address.split(":");
        const it = coap.request({ host, port: Number(port), method: "POST", pathname: "/mikey" });
        if (block1 !== undefined) it.setOption("Block1", block1);
        it.on("response", ({ code }) => resolve(code));
        it.on("error", reject);
        it.end(payload === undefined ? undefined : Buffer.from(payload));
      });
    }

    it("takes a Reset from any endpoint", async () => {
      const stranger = await bareEndpoint();
      peer = await bareEndpoint(({ messageId }, from) =>
        stranger.send(from, encodeEmpty(Types.RST, messageId)),
      );
      assert.equal(await request(undefined), "0.00");
      stranger.close();
    });

    it("goes on to send blocks after 4.13", async () => {
      peer = await bareEndpoint(({ messageId, token, options }, from) => {
        const value = findOption(options, OptionNumbers.block1) ?? new Uint8Array(0);
        peer.send(from, {
          type: Types.ACK,
          code: Codes.requestEntityTooLarge,
          messageId,
          token,
          options: [{ number: OptionNumbers.block1, value }],
          payload: new Uint8Array(0),
        });
      });
      assert.equal(await request(new Uint8Array(5000), Buffer.of(6)), "4.13");
      assert.equal(peer.received.length, 5);
    });

    it("can't be told of an ICMP refusal: it does not work on a connected socket", async () => {
      peer = await bareEndpoint();
      const [host, port] = peer.address.split(":");
      const socket = createSocket("udp4");
      await new Promise<void>((resolve) => {
        socket.connect(Number(port), host, resolve);
      });
      const it = new coap.Agent({ socket }).request({ host, port: Number(port) });
      assert.throws(() => it.end(), { code: "ERR_SOCKET_DGRAM_IS_CONNECTED" });
      it.sender.reset();
      socket.close();
    });
  });
});
