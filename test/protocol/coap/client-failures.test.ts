import fc from "fast-check";
import { concat, fromHex } from "../../../protocol/bytes.js";
import { encodeBlock } from "../../../protocol/coap/block.js";
import { encodeEmpty } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { deepEqual, equal, ok } from "../../support/assert.js";
import { bytes } from "./arbitraries.js";
import { client, lastToken, nothing, request, response, story } from "./client-fixture.js";

describe("CoAP client: failures", () => {
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
});
