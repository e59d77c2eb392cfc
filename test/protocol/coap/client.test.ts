import { ascii, fromHex, toHex } from "../../../protocol/bytes.js";
import { CoapClient } from "../../../protocol/coap/client.js";
import { encodeEmpty } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import {
  client,
  counting,
  lastToken,
  nothing,
  parse,
  plain,
  request,
  response,
  story,
} from "./client-fixture.js";

describe("CoAP client", () => {
  describe("a request", () => {
    it("is one Confirmable message with path, format and payload", () => {
      const coap = client();
      equal(coap.request(0, { ...request, path: "/a/b" }), 1);
      const [action] = coap.take();
      ok(action.kind === "send" && action.peer === "tp1");
      deepEqual(parse(action.datagram), {
        type: Types.CON,
        code: Codes.POST,
        messageId: 0,
        token: fromHex("01020304"),
        options: [
          { number: OptionNumbers.uriPath, value: ascii("a") },
          { number: OptionNumbers.uriPath, value: ascii("b") },
          { number: OptionNumbers.contentFormat, value: fromHex("fde8") },
        ],
        payload: fromHex("0102"),
      });
      deepEqual(coap.take(), []);
    });

    it("merges further options in order", () => {
      const coap = client();
      const oscore = { number: OptionNumbers.oscore, value: fromHex("0914") };
      const accept = { number: OptionNumbers.accept, value: nothing };
      coap.request(0, { peer: "r", path: "x", code: Codes.GET, options: [oscore, accept] });
      const [action] = coap.take();
      ok(action.kind === "send");
      deepEqual(
        parse(action.datagram).options.map((option) => option.number),
        [OptionNumbers.oscore, OptionNumbers.uriPath, OptionNumbers.accept],
      );
    });

    it("takes message IDs and tokens from the random source", () => {
      const coap = new CoapClient({ random: counting(0xfe), tokenLength: 8 });
      coap.request(0, request);
      coap.request(0, { ...request, peer: "tp2" });
      const [first, second] = coap.take().map((action) => {
        ok(action.kind === "send");
        return parse(action.datagram);
      });
      equal(first.messageId, 0xfeff);
      equal(second.messageId, 0xff00);
      equal(toHex(first.token), "0001020304050607");
      equal(toHex(second.token), "0a0b0c0d0e0f1011");
    });

    it("goes on at message ID 0 after 65535", () => {
      const coap = new CoapClient({ random: (length) => new Uint8Array(length).fill(255) });
      coap.request(0, request);
      coap.request(0, { ...request, peer: "tp2" });
      deepEqual(story(coap.take()), ["tp1 CON 2 #65535", "tp2 CON 2 #0"]);
    });

    it("is refused when it can't be one message", () => {
      throws(() => client().request(0, { ...request, payload: new Uint8Array(1200) }), /^message: /);
      throws(() => client().request(0, { ...request, path: "é" }), RangeError);
      throws(() => client().request(0, { ...request, path: "x".repeat(256) }), /^path: /);
      throws(() => client({ tokenLength: 3 }), /^token length: /);
      throws(() => client({ parameters: { NSTART: 0 } }), /^NSTART: /);
    });

    it("is not sent with a random source that repeats itself", () => {
      const coap = client({ random: (length) => new Uint8Array(length) });
      coap.request(0, request);
      throws(() => coap.request(0, request), /^random: /);
    });
  });

  describe("a piggybacked response", () => {
    it("ends the request", () => {
      const coap = client();
      coap.request(0, request);
      coap.receive(50, "tp1", response(lastToken(coap.take())));
      deepEqual(story(coap.take()), ["1 68: aa"]);
      equal(coap.nextWake(), undefined);
    });

    it("must have the peer, the message ID and the token of the request", () => {
      const coap = client();
      coap.request(0, request);
      const token = lastToken(coap.take());
      coap.receive(1, "tp2", response(token));
      coap.receive(1, "tp1", response(token, { messageId: 1 }));
      coap.receive(1, "tp1", response(fromHex("01020305")));
      coap.receive(1, "tp1", response(token.subarray(0, 3)));
      coap.receive(1, "tp1", response(token, { code: Codes.GET }));
      coap.receive(1, "tp1", response(token, { code: 0xe0 }));
      deepEqual(coap.take(), []);
      coap.receive(2, "tp1", response(token, { code: Codes.badRequest }));
      deepEqual(story(coap.take()), ["1 128: aa"]);
    });

    it("is reported once when it is duplicated", () => {
      const coap = client();
      coap.request(0, request);
      const datagram = response(lastToken(coap.take()));
      coap.receive(1, "tp1", datagram);
      coap.receive(1, "tp1", datagram);
      equal(coap.take().length, 1);
    });
  });

  describe("retransmission", () => {
    it("waits 2, 4, 8, 16, 32 s, then gives up", () => {
      const coap = client();
      coap.request(0, request);
      const [first] = coap.take();
      for (const at of [2_000, 6_000, 14_000, 30_000]) {
        equal(coap.nextWake(), at);
        coap.tick(at - 1);
        deepEqual(coap.take(), []);
        coap.tick(at);
        deepEqual(coap.take(), [first]);
      }
      equal(coap.nextWake(), 62_000);
      coap.tick(62_000);
      deepEqual(story(coap.take()), ["1 timeout"]);
      equal(coap.nextWake(), undefined);
    });

    it("begins with the random factor and keeps its parameters", () => {
      const random = (length: number) => new Uint8Array(length).fill(255);
      const coap = new CoapClient({ random, parameters: { ACK_TIMEOUT: 100, MAX_RETRANSMIT: 1 } });
      coap.request(1_000, request);
      equal(coap.nextWake(), 1_150);
      coap.tick(1_150);
      equal(coap.nextWake(), 1_450);
      coap.tick(1_450);
      deepEqual(story(coap.take()), ["tp1 CON 2 #65535", "tp1 CON 2 #65535", "1 timeout"]);
    });

    it("does not bunch up after a late wake", () => {
      const coap = client();
      coap.request(0, request);
      coap.tick(10_000);
      equal(coap.take().length, 2);
      equal(coap.nextWake(), 14_000);
    });

    it("ends with the response to any transmission", () => {
      const coap = client();
      coap.request(0, request);
      coap.tick(2_000);
      coap.receive(2_100, "tp1", response(lastToken(coap.take())));
      deepEqual(story(coap.take()), ["1 68: aa"]);
    });
  });

  describe("a separate response", () => {
    const separate = { type: Types.CON, messageId: 777 };

    it("is waited for after an empty ACK, and acknowledged", () => {
      const coap = client();
      coap.request(0, { ...request, timeout: 60_000 });
      const token = lastToken(coap.take());
      coap.receive(10, "tp1", encodeEmpty(Types.ACK, 0));
      equal(coap.nextWake(), 60_000);
      coap.tick(30_000);
      deepEqual(coap.take(), []);
      coap.receive(31_000, "tp1", response(token, separate));
      deepEqual(story(coap.take()), ["1 68: aa", "tp1 ACK #777"]);
    });

    it("stands for the acknowledgement when that was lost or comes later", () => {
      const coap = client();
      coap.request(0, request);
      coap.receive(10, "tp1", response(lastToken(coap.take()), separate));
      deepEqual(story(coap.take()), ["1 68: aa", "tp1 ACK #777"]);
      coap.receive(11, "tp1", encodeEmpty(Types.ACK, 0));
      deepEqual(coap.take(), []);
    });

    it("is not acknowledged when it is Non-confirmable", () => {
      const coap = client();
      coap.request(0, request);
      const datagram = response(lastToken(coap.take()), { type: Types.NON, messageId: 777 });
      coap.receive(10, "tp1", datagram);
      coap.receive(10, "tp1", datagram);
      deepEqual(story(coap.take()), ["1 68: aa"]);
    });

    it("is acknowledged again when it is duplicated, until EXCHANGE_LIFETIME is over", () => {
      const coap = client();
      coap.request(0, request);
      const datagram = response(lastToken(coap.take()), separate);
      coap.receive(10, "tp1", datagram);
      coap.take();
      coap.receive(247_009, "tp1", datagram);
      coap.receive(247_009, "tp2", datagram);
      coap.receive(247_010, "tp1", datagram);
      deepEqual(story(coap.take()), ["tp1 ACK #777", "tp2 RST #777", "tp1 RST #777"]);
    });

    it("is new when another request has its token, whatever the message ID", () => {
      const coap = client();
      for (const handle of [1, 2]) {
        coap.request(0, request);
        coap.receive(10, "tp1", response(lastToken(coap.take()), separate));
        deepEqual(story(coap.take()), [`${handle} 68: aa`, "tp1 ACK #777"]);
      }
    });

    it("must have the peer and the token of a request", () => {
      const coap = client();
      coap.request(0, request);
      const token = lastToken(coap.take());
      coap.receive(1, "tp2", response(token, separate));
      coap.receive(1, "tp1", response(fromHex("01020305"), separate));
      coap.receive(1, "tp1", response(fromHex("01020305"), { ...separate, type: Types.NON }));
      deepEqual(story(coap.take()), ["tp2 RST #777", "tp1 RST #777"]);
    });

    it("does not match a request that was not sent yet", () => {
      const coap = client({ random: plain() });
      coap.request(0, request);
      coap.request(0, request);
      coap.take();
      coap.receive(1, "tp1", response(fromHex("05060708"), separate));
      deepEqual(story(coap.take()), ["tp1 RST #777"]);
      coap.receive(1, "tp1", response(fromHex("05060708"), { messageId: 1 }));
      deepEqual(coap.take(), []);
    });

    it("is taken out of a piggybacked answer to a retransmission after the empty ACK", () => {
      const coap = client();
      coap.request(0, request);
      const token = lastToken(coap.take());
      coap.receive(10, "tp1", encodeEmpty(Types.ACK, 0));
      coap.receive(20, "tp1", response(token));
      deepEqual(story(coap.take()), ["1 68: aa"]);
    });
  });

  describe("NSTART", () => {
    it("holds back a second request to the same peer until the first is acknowledged", () => {
      const coap = client();
      coap.request(0, request);
      coap.request(0, request);
      coap.request(0, { ...request, peer: "tp2" });
      deepEqual(story(coap.take()), ["tp1 CON 2 #0", "tp2 CON 2 #2"]);
      coap.receive(5, "tp1", encodeEmpty(Types.ACK, 0));
      deepEqual(story(coap.take()), ["tp1 CON 2 #1"]);
    });

    it("lets the next request go when one ends in whatever way", () => {
      const ends: ((coap: CoapClient) => void)[] = [
        (coap) => coap.receive(5, "tp1", response(lastToken(coap.take()))),
        (coap) => coap.receive(5, "tp1", encodeEmpty(Types.RST, 0)),
        (coap) => coap.cancel(5, 1),
        (coap) => coap.tick(500),
      ];
      for (const end of ends) {
        const coap = client();
        coap.request(0, { ...request, timeout: 500 });
        coap.request(0, request);
        end(coap);
        const lines = story(coap.take());
        equal(lines[lines.length - 1], "tp1 CON 2 #1");
      }
    });

    it("is a parameter", () => {
      const coap = client({ parameters: { NSTART: 2 } });
      for (let i = 0; i < 3; i++) coap.request(0, request);
      deepEqual(story(coap.take()), ["tp1 CON 2 #0", "tp1 CON 2 #1"]);
    });
  });

  it("says whether a request still waits for its acknowledgement", () => {
    const coap = client();
    for (const handle of [1, 2]) {
      coap.request(0, request);
      ok(coap.isTransmitting(handle));
    }
    coap.receive(1, "tp1", encodeEmpty(Types.ACK, 0));
    deepEqual([coap.isTransmitting(1), coap.isTransmitting(2), coap.isTransmitting(3)], [false, true, false]);
  });
});
