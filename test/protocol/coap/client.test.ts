import fc from "fast-check";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { encodeBlock } from "../../../protocol/coap/block.js";
import {
  type Action,
  CoapClient,
  type CoapClientOptions,
  type CoapRequest,
} from "../../../protocol/coap/client.js";
import { decodeMessage, encodeEmpty, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { bytes } from "./arbitraries.js";

const nothing = new Uint8Array(0);
const request: CoapRequest = {
  peer: "tp1",
  path: "mikey",
  payload: fromHex("0102"),
  contentFormat: ContentFormats.mikey,
};

/** Bytes that differ from call to call; the first draw is the first message ID. */
function counting(first = 0): (length: number) => Uint8Array {
  let next = first;
  return (length) => Uint8Array.from({ length }, () => next++ & 255);
}

/** A source whose random factor is 1: two-byte draws are 0, tokens count. */
function plain(): (length: number) => Uint8Array {
  const count = counting(1);
  return (length) => (length === 2 ? new Uint8Array(2) : count(length));
}

function client(options: Partial<CoapClientOptions> = {}): CoapClient {
  return new CoapClient({ random: plain(), ...options });
}

/** Actions in short: what is sent as type, code and ID, and what became of requests. */
function story(actions: readonly Action[]): string[] {
  return actions.map((action) => {
    if (action.kind === "send") {
      const { type, code, messageId } = parse(action.datagram);
      const kind = ["CON", "NON", "ACK", "RST"][type];
      return `${action.peer} ${kind}${code === 0 ? "" : ` ${code}`} #${messageId}`;
    }
    if (action.kind === "response") {
      return `${action.request} ${action.message.code}: ${toHex(action.message.payload)}`;
    }
    return `${action.request} ${action.reason}${action.code === undefined ? "" : ` ${action.code}`}`;
  });
}

function parse(datagram: Uint8Array): Message {
  const message = decodeMessage(datagram);
  ok(message);
  return message;
}

/** The token of the request that was sent last. */
function lastToken(actions: readonly Action[]): Uint8Array {
  const sent = actions.filter((action) => action.kind === "send");
  return parse(sent[sent.length - 1].datagram).token;
}

function response(token: Uint8Array, change: Partial<Message> = {}): Uint8Array {
  return encodeMessage({
    type: Types.ACK,
    code: Codes.changed,
    messageId: 0,
    token,
    options: [],
    payload: fromHex("aa"),
    ...change,
  });
}

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

  describe("failures", () => {
    it("name a Reset, but not one after the acknowledgement or of another peer", () => {
      const coap = client();
      coap.request(0, request);
      coap.take();
      coap.receive(1, "tp2", encodeEmpty(Types.RST, 0));
      coap.receive(1, "tp1", encodeEmpty(Types.RST, 1));
      deepEqual(coap.take(), []);
      coap.receive(1, "tp1", encodeEmpty(Types.RST, 0));
      deepEqual(story(coap.take()), ["1 reset"]);
      coap.request(2, request);
      coap.take();
      coap.receive(3, "tp1", encodeEmpty(Types.ACK, 1));
      coap.receive(4, "tp1", encodeEmpty(Types.RST, 1));
      deepEqual(coap.take(), []);
    });

    it("name the deadline, in each phase", () => {
      const coap = client();
      coap.request(0, { ...request, timeout: 1_000 });
      coap.receive(1, "tp1", encodeEmpty(Types.ACK, 0));
      coap.request(0, { ...request, timeout: 1_500 });
      coap.request(0, { ...request, timeout: 1_600 });
      coap.take();
      for (const [at, lines] of [
        [1_000, ["1 deadline"]],
        [1_500, ["2 deadline", "tp1 CON 2 #2"]],
        [1_600, ["3 deadline"]],
      ] as const) {
        equal(coap.nextWake(), at);
        coap.tick(at);
        deepEqual(story(coap.take()), [...lines]);
      }
    });

    it("reject critical options that are not understood", () => {
      const options = [{ number: OptionNumbers.oscore, value: nothing }];
      for (const [type, lines] of [
        [Types.ACK, ["1 bad option 68"]],
        [Types.NON, ["1 bad option 68"]],
        [Types.CON, ["1 bad option 68", "tp1 RST #0"]],
      ] as const) {
        const coap = client();
        coap.request(0, request);
        coap.receive(1, "tp1", response(lastToken(coap.take()), { type, options }));
        deepEqual(story(coap.take()), [...lines]);
      }
    });

    it("leave elective options and those that the caller understands", () => {
      for (const number of [OptionNumbers.oscore, 65000]) {
        const coap = client();
        coap.request(0, { ...request, understood: [OptionNumbers.oscore] });
        const options = [{ number, value: nothing }];
        coap.receive(1, "tp1", response(lastToken(coap.take()), { options }));
        deepEqual(story(coap.take()), ["1 68: aa"]);
      }
    });

    it("name block-wise transfer with the code that asks for it", () => {
      for (const [code, options] of [
        [Codes.continue, []],
        [
          Codes.requestEntityTooLarge,
          [{ number: OptionNumbers.block1, value: encodeBlock({ num: 0, more: false, szx: 2 }) }],
        ],
        [
          Codes.content,
          [{ number: OptionNumbers.block2, value: encodeBlock({ num: 0, more: true, szx: 2 }) }],
        ],
        [
          Codes.content,
          [{ number: OptionNumbers.block2, value: encodeBlock({ num: 1, more: false, szx: 2 }) }],
        ],
      ] as const) {
        const coap = client();
        coap.request(0, request);
        coap.receive(1, "tp1", response(lastToken(coap.take()), { code, options }));
        deepEqual(story(coap.take()), [`1 block-wise ${code}`]);
      }
    });

    it("reject a malformed Block option", () => {
      const coap = client();
      coap.request(0, request);
      const options = [{ number: OptionNumbers.block2, value: fromHex("07") }];
      coap.receive(1, "tp1", response(lastToken(coap.take()), { options }));
      deepEqual(story(coap.take()), ["1 bad option 68"]);
    });

    it("leave block-wise transfer to a caller that does it", () => {
      const block = { number: OptionNumbers.block1, value: encodeBlock({ num: 0, more: true, szx: 6 }) };
      const coap = client();
      coap.request(0, { ...request, options: [block] });
      const continued = { code: Codes.continue, options: [block] };
      coap.receive(1, "tp1", response(lastToken(coap.take()), continued));
      deepEqual(story(coap.take()), ["1 95: aa"]);
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

  describe("cancel", () => {
    it("ends a request without an outcome, and its late response is rejected", () => {
      const coap = client();
      const handle = coap.request(0, request);
      const token = lastToken(coap.take());
      coap.cancel(1, handle);
      coap.cancel(1, handle);
      equal(coap.nextWake(), undefined);
      coap.receive(2, "tp1", response(token, { type: Types.CON, messageId: 9 }));
      deepEqual(story(coap.take()), ["tp1 RST #9"]);
    });
  });

  describe("what is not for a client", () => {
    it("gets a Reset when it is Confirmable, and nothing otherwise", () => {
      const coap = client();
      const ping = encodeEmpty(Types.CON, 1);
      const getRequest = response(nothing, { type: Types.CON, code: Codes.GET, messageId: 2 });
      const reserved = response(nothing, { type: Types.CON, code: 0x21, messageId: 3 });
      for (const datagram of [ping, getRequest, reserved]) {
        coap.receive(0, "x", datagram);
        for (const type of [Types.NON, Types.ACK, Types.RST]) {
          const other = datagram.slice();
          other[0] = (other[0] & 0xcf) | (type << 4);
          coap.receive(0, "x", other);
        }
      }
      deepEqual(story(coap.take()), ["x RST #1", "x RST #2", "x RST #3"]);
    });

    it("gets a Reset when it is malformed or too long, but not in another version", () => {
      const coap = client();
      coap.receive(0, "x", fromHex("400107d0ff"));
      coap.receive(0, "x", concat(fromHex("400107d1ff"), new Uint8Array(2000)));
      coap.receive(0, "x", fromHex("800107d0ff"));
      coap.receive(0, "x", fromHex("4001"));
      coap.receive(0, "x", nothing);
      deepEqual(story(coap.take()), ["x RST #2000", "x RST #2001"]);
    });

    it("never throws, never sends more than it got, and leaves nothing behind", () => {
      fc.assert(
        fc.property(fc.array(bytes(0, 40), { maxLength: 50 }), fc.boolean(), (datagrams, versionOne) => {
          const coap = client();
          coap.request(0, request);
          coap.take();
          for (const datagram of datagrams) {
            if (versionOne && datagram.length > 0) datagram[0] = (datagram[0] & 0x3f) | 0x40;
            coap.receive(0, "tp2", datagram);
            const actions = coap.take();
            ok(actions.length <= 1);
            for (const action of actions) {
              ok(action.kind === "send" && action.datagram.length === 4 && datagram.length >= 4);
            }
          }
          equal(coap.nextWake(), 2_000);
        }),
      );
    });
  });

  describe("over a bad network", () => {
    it("ends every request once, and with its own response when enough arrives", () => {
      fc.assert(
        fc.property(
          fc.array(fc.record({ peer: fc.nat({ max: 2 }), mode: fc.nat({ max: 2 }) }), {
            minLength: 1,
            maxLength: 6,
          }),
          fc.array(fc.nat({ max: 7 }), { maxLength: 60 }),
          (requests, fates) => {
            // The first datagrams meet their fates, those after them arrive; MAX_RETRANSMIT losses end nothing.
            const outcomes = simulate(requests, fates, 600_000);
            equal(outcomes.size, requests.length);
            const losses = fates.filter((fate) => fate < 2).length;
            for (const [handle, outcome] of outcomes) {
              if (losses <= 4) equal(outcome, `response ${handle}`);
              else ok([`response ${handle}`, "timeout", "deadline"].includes(outcome), outcome);
            }
          },
        ),
      );
    });

    it("ends every request at its deadline when nothing arrives", () => {
      const requests = [0, 0, 1].map((peer) => ({ peer, mode: 0 }));
      const outcomes = simulate(requests, new Array(200).fill(0), 40_000);
      deepEqual([...outcomes.values()], ["deadline", "deadline", "deadline"]);
    });
  });
});

interface Flying {
  readonly at: number;
  readonly toServer: boolean;
  readonly peer: string;
  readonly datagram: Uint8Array;
}

/**
 * Runs requests against small servers, each of which answers piggybacked (mode 0), by a separate CON (1) or a
 * separate NON that it repeats with each duplicate (2). A fate below 2 loses a datagram, 2 doubles it, others
 * delay it. Returns the outcome of each request.
 */
function simulate(
  requests: readonly { readonly peer: number; readonly mode: number }[],
  fates: readonly number[],
  timeout: number,
): Map<number, string> {
  const coap = new CoapClient({ random: counting() });
  const outcomes = new Map<number, string>();
  const flying: Flying[] = [];
  const fate = fates[Symbol.iterator]();
  const retransmissions = new Map<
    string,
    { count: number; at: number; datagram: Uint8Array; peer: string }
  >();
  let serverMessageId = 0;
  let now = 0;

  const fly = (toServer: boolean, peer: string, datagram: Uint8Array) => {
    const next = fate.next();
    const number = next.done ? 3 : next.value;
    if (number < 2) return;
    flying.push({ at: now + 10 * number, toServer, peer, datagram });
    if (number === 2) flying.push({ at: now + 300, toServer, peer, datagram });
  };
  const act = () => {
    for (const action of coap.take()) {
      if (action.kind === "send") {
        fly(true, action.peer, action.datagram);
      } else {
        ok(!outcomes.has(action.request), "one outcome for each request");
        outcomes.set(
          action.request,
          action.kind === "response" ? `response ${action.message.payload[0]}` : action.reason,
        );
      }
    }
  };
  const serve = (peer: string, datagram: Uint8Array) => {
    const { type, code, messageId, token, payload } = parse(datagram);
    if (code === Codes.empty) {
      retransmissions.delete(`${peer}/${messageId}`);
      return;
    }
    equal(type, Types.CON);
    const mode = payload[1];
    if (mode === 0) {
      fly(false, peer, response(token, { messageId, payload: payload.subarray(0, 1) }));
      return;
    }
    fly(false, peer, encodeEmpty(Types.ACK, messageId));
    const known = [...retransmissions.values()].some(
      (it) => toHex(parse(it.datagram).token) === toHex(token),
    );
    if (known) return;
    const separate = response(token, {
      type: mode === 1 ? Types.CON : Types.NON,
      messageId: ++serverMessageId,
      payload: payload.subarray(0, 1),
    });
    fly(false, peer, separate);
    // A NON is not acknowledged, so this server repeats it without being asked.
    retransmissions.set(`${peer}/${serverMessageId}`, {
      count: 0,
      at: now + 2_500,
      datagram: separate,
      peer,
    });
  };

  requests.forEach(({ peer, mode }, i) => {
    coap.request(0, { peer: `tp${peer}`, path: "mikey", payload: Uint8Array.of(i + 1, mode), timeout });
  });
  act();
  while (outcomes.size < requests.length) {
    const dues = [
      coap.nextWake(),
      ...flying.map((it) => it.at),
      ...[...retransmissions.values()].map((it) => it.at),
    ];
    now = Math.max(now, Math.min(...dues.filter((due) => due !== undefined)));
    ok(now <= 600_000, "every request ends by its deadline");
    for (let i = 0; i < flying.length; ) {
      if (flying[i].at > now) {
        i++;
        continue;
      }
      const [{ toServer, peer, datagram }] = flying.splice(i, 1);
      if (toServer) serve(peer, datagram);
      else coap.receive(now, peer, datagram);
      act();
    }
    for (const [key, it] of retransmissions) {
      if (it.at > now) continue;
      if (++it.count > 4) retransmissions.delete(key);
      else {
        it.at = now + 2_500 * 2 ** it.count;
        fly(false, it.peer, it.datagram);
      }
    }
    coap.tick(now);
    act();
  }
  return outcomes;
}
