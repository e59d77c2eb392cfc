/** CoAP messages as GATT values. */

import fc from "fast-check";
import { ascii, fromHex, toHex } from "../../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { decodeGatt, encodeGatt, type GattMessage } from "../../../protocol/gatt/message.js";
import { MAX_VALUE } from "../../../protocol/gatt/service.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { messages } from "../coap/arbitraries.js";

const bare = { token: fromHex(""), options: [], payload: fromHex("") };

describe("CoAP over GATT: values", () => {
  it("has the bits, the token's length, then code, token, options and payload", () => {
    const observe = { number: OptionNumbers.observe, value: fromHex("") };
    const request = { code: Codes.GET, token: fromHex("01"), options: [observe], payload: ascii("x") };
    const value = encodeGatt({ messageId: 1, confirm: true, acknowledged: 0, content: request });
    equal(toHex(value), "61010160ff78");
    deepEqual(decodeGatt(value), { messageId: 1, confirm: true, acknowledged: 0, content: request });
  });

  it("is one byte when it is empty", () => {
    for (const [hex, messageId, confirm, acknowledged] of [
      ["00", 0, false, 0],
      ["10", 0, false, 1],
      ["20", 0, true, 0],
      ["40", 1, false, 0],
      ["70", 1, true, 1],
    ] as const) {
      const message = { messageId, confirm, acknowledged, content: undefined };
      equal(toHex(encodeGatt(message)), hex);
      deepEqual(decodeGatt(fromHex(hex)), message);
    }
  });

  it("is ignored with the reserved bit set", () => {
    equal(decodeGatt(fromHex("80")), undefined);
    equal(decodeGatt(fromHex("e10101")), undefined);
  });

  it("refuses what is malformed", () => {
    for (const hex of [
      "",
      "01",
      "0f",
      "0000",
      "6101",
      "69010102030405060708",
      "6001ff",
      "6001f0",
      "600100ff",
    ]) {
      throws(() => decodeGatt(fromHex(hex)), SyntaxError, hex);
    }
    throws(() => decodeGatt(new Uint8Array(MAX_VALUE + 1)), SyntaxError);
  });

  it("refuses to write what would be no message, or too long", () => {
    const of = (content: GattMessage["content"]): GattMessage => ({
      messageId: 0,
      confirm: false,
      acknowledged: 0,
      content,
    });
    throws(() => encodeGatt(of({ ...bare, code: 0 })), RangeError);
    throws(() => encodeGatt(of({ ...bare, code: 256 })), RangeError);
    const longest = { ...bare, code: Codes.POST, payload: new Uint8Array(MAX_VALUE - 3) };
    equal(encodeGatt(of(longest)).length, MAX_VALUE);
    throws(() => encodeGatt(of({ ...longest, payload: new Uint8Array(MAX_VALUE - 2) })), {
      type: RangeError,
      message: "value: expected at most 512 bytes, got 513",
    });
  });

  it("decodes what it encodes", () => {
    fc.assert(
      fc.property(messages(), fc.boolean(), fc.boolean(), fc.boolean(), (message, m, c, a) => {
        const { code, token, options, payload } = message;
        if (code === Codes.empty) return;
        const content = { code, token, options, payload };
        const whole = { messageId: m ? 1 : 0, confirm: c, acknowledged: a ? 1 : 0, content } as const;
        let value: Uint8Array;
        try {
          value = encodeGatt(whole);
        } catch (error) {
          ok(error instanceof RangeError);
          return;
        }
        deepEqual(decodeGatt(value), whole);
      }),
    );
  });

  it("throws SyntaxErrors only, whatever it reads", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (value) => {
        try {
          decodeGatt(value);
        } catch (error) {
          ok(error instanceof SyntaxError, `${error}`);
        }
      }),
    );
  });
});
