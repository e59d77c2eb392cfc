import fc from "fast-check";
import { ascii, equal as bytesEqual, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import {
  decodeMessage,
  encodeEmpty,
  encodeMessage,
  encodeReset,
  MAX_OPTIONS,
  type Message,
} from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, type Type, Types } from "../../../protocol/coap/numbers.js";
import { decodeUint, encodeUint, findOption } from "../../../protocol/coap/options.js";
import { deepEqual, equal, match, ok, throws } from "../../support/assert.js";
import { bytes, messages } from "./arbitraries.js";

const nothing = new Uint8Array(0);

function decodedMessage(datagram: Uint8Array): Message {
  const message = decodeMessage(datagram);
  ok(message, "expected a known version");
  return message;
}

/** Message and bytes of RFC 7252 appendix A (figures 16 and 17) and RFC 8613 appendix C.4 and C.7. */
const examples: [name: string, hex: string, message: Message][] = [
  [
    "figure 16, request",
    `40017d34bb${toHex(ascii("temperature"))}`,
    {
      type: Types.CON,
      code: Codes.GET,
      messageId: 0x7d34,
      token: nothing,
      options: [{ number: OptionNumbers.uriPath, value: ascii("temperature") }],
      payload: nothing,
    },
  ],
  [
    "figure 16, piggybacked response",
    `60457d34ff${toHex(ascii("22.3 C"))}`,
    {
      type: Types.ACK,
      code: Codes.content,
      messageId: 0x7d34,
      token: nothing,
      options: [],
      payload: ascii("22.3 C"),
    },
  ],
  [
    "figure 17, request with a token",
    `41017d3520bb${toHex(ascii("temperature"))}`,
    {
      type: Types.CON,
      code: Codes.GET,
      messageId: 0x7d35,
      token: fromHex("20"),
      options: [{ number: OptionNumbers.uriPath, value: ascii("temperature") }],
      payload: nothing,
    },
  ],
  [
    "figure 17, response with a token",
    `61457d3520ff${toHex(ascii("22.3 C"))}`,
    {
      type: Types.ACK,
      code: Codes.content,
      messageId: 0x7d35,
      token: fromHex("20"),
      options: [],
      payload: ascii("22.3 C"),
    },
  ],
  [
    "RFC 8613 C.4, unprotected request",
    "44015d1f00003974396c6f63616c686f737483747631",
    {
      type: Types.CON,
      code: Codes.GET,
      messageId: 0x5d1f,
      token: fromHex("00003974"),
      options: [
        { number: OptionNumbers.uriHost, value: ascii("localhost") },
        { number: OptionNumbers.uriPath, value: ascii("tv1") },
      ],
      payload: nothing,
    },
  ],
  [
    "RFC 8613 C.7, unprotected response",
    "64455d1f00003974ff48656c6c6f20576f726c6421",
    {
      type: Types.ACK,
      code: Codes.content,
      messageId: 0x5d1f,
      token: fromHex("00003974"),
      options: [],
      payload: ascii("Hello World!"),
    },
  ],
  [
    "an empty acknowledgement",
    "60007d37",
    { type: Types.ACK, code: 0, messageId: 0x7d37, token: nothing, options: [], payload: nothing },
  ],
];

/** Each format error of RFC 7252 §3 and §4.1, with the field and the offset that must be named. */
const malformed: [what: string, hex: string, message: RegExp][] = [
  ["no bytes", "", /header at offset 0: expected 4 bytes, got 0/],
  ["half a header", "4001", /header at offset 0: expected 4 bytes, got 2/],
  ["token length 9", `4901000${"0".repeat(19)}`, /token length at offset 0: 9 is reserved/],
  ["token length 15", `4f01000${"0".repeat(31)}`, /token length at offset 0: 15 is reserved/],
  ["token cut short", "44010000aabb", /token at offset 4: expected 4 bytes, got 2/],
  ["Empty message with a token length", "41000000aa", /token length at offset 0/],
  ["Empty message with bytes after it", "40000000ff01", /code at offset 1/],
  ["option delta 15", "40010000f0", /option delta at offset 4: 15 is reserved/],
  ["option length 15", "400100000f", /option length at offset 4: 15 is reserved/],
  ["option delta's byte missing", "40010000d0", /option delta at offset 5: expected 1 bytes, got 0/],
  ["option delta's second byte missing", "40010000e000", /option delta at offset 5: expected 2 bytes, got 1/],
  ["option length's byte missing", "400100000d", /option length at offset 5: expected 1 bytes, got 0/],
  [
    "option length's second byte missing",
    "400100001e01",
    /option length at offset 5: expected 2 bytes, got 1/,
  ],
  ["option value cut short", "40010000b3aabb", /value of option 11 at offset 5: expected 3 bytes, got 2/],
  ["option number over 16 bits", "40010000e0ffff", /option number at offset 4: 65804 is over 16 bits/],
  ["marker without payload", "40010000ff", /payload at offset 4/],
];

describe("CoAP message", () => {
  for (const [name, hex, message] of examples) {
    it(`writes and reads ${name}`, () => {
      equal(toHex(encodeMessage(message)), hex);
      deepEqual(decodeMessage(fromHex(hex)), message);
    });
  }

  for (const [what, hex, message] of malformed) {
    it(`refuses ${what}`, () => {
      throws(() => decodeMessage(fromHex(hex)), { type: SyntaxError, message });
    });
  }

  it("reads what it writes", () => {
    fc.assert(
      fc.property(messages(), (message) => {
        deepEqual(decodeMessage(encodeMessage(message)), message);
      }),
    );
  });

  it("refuses a truncation with a named field and offset, or reads a shorter message", () => {
    fc.assert(
      fc.property(messages(), (message) => {
        const datagram = encodeMessage(message);
        for (let length = 0; length < datagram.length; length++) {
          try {
            const shorter = decodedMessage(datagram.subarray(0, length));
            ok(encodeMessage(shorter).length <= length, "a shorter message");
          } catch (error) {
            ok(error instanceof SyntaxError, `expected a SyntaxError, got ${error}`);
            match(error.message, /^CoAP [a-z 0-9]+ at offset \d+: /);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it("reads any bytes or refuses them by name", () => {
    fc.assert(
      fc.property(bytes(0, 64), fc.boolean(), (datagram, versionOne) => {
        if (versionOne && datagram.length > 0) datagram[0] = (datagram[0] & 0x3f) | 0x40;
        try {
          const message = decodeMessage(datagram);
          if (message === undefined) ok(datagram[0] >> 6 !== 1, "only another version is ignored");
          else deepEqual(decodeMessage(encodeMessage(message)), message);
        } catch (error) {
          ok(error instanceof SyntaxError, `expected a SyntaxError, got ${error}`);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("tells unknown versions from errors, however short", () => {
    for (const first of ["00", "80", "c0"]) {
      equal(decodeMessage(fromHex(first)), undefined);
      equal(decodeMessage(fromHex(`${first}010000`)), undefined);
    }
  });

  it("stops at its limit of options", () => {
    const full = concat(fromHex("40010000b0"), new Uint8Array(MAX_OPTIONS - 1));
    equal(decodedMessage(full).options.length, MAX_OPTIONS);
    throws(() => decodeMessage(concat(full, new Uint8Array(1))), /options at offset 36: more than 32/);
  });

  it("does not write what can't be read", () => {
    const message = decodedMessage(fromHex("40010000b161"));
    const wrong: [Partial<Message>, RegExp][] = [
      [{ type: 4 as Type }, /^type: /],
      [{ code: 256 }, /^code: /],
      [{ code: 0 }, /^code: an Empty message/],
      [{ messageId: 65536 }, /^message ID: /],
      [{ messageId: -1 }, /^message ID: /],
      [{ token: new Uint8Array(9) }, /^token: expected at most 8 bytes, got 9/],
      [{ options: [{ number: 65536, value: nothing }] }, /^option number: /],
      [
        {
          options: [
            { number: 12, value: nothing },
            { number: 11, value: nothing },
          ],
        },
        /^option number: expected 12 to 65535 here, got 11/,
      ],
      [{ options: [{ number: 1, value: new Uint8Array(65805) }] }, /^value of option 1: /],
    ];
    for (const [change, text] of wrong) {
      throws(() => encodeMessage({ ...message, ...change }), { type: RangeError, message: text });
    }
  });

  it("writes and reads an option of any length", () => {
    for (const length of [12, 13, 268, 269, 65804]) {
      const value = new Uint8Array(length).fill(length);
      const [option] = decodedMessage(
        encodeMessage({ ...decodedMessage(fromHex("40010000b161")), options: [{ number: 300, value }] }),
      ).options;
      ok(option.number === 300 && bytesEqual(option.value, value), `${length} bytes`);
    }
  });

  it("writes Empty messages, and Resets for what is Confirmable only", () => {
    equal(toHex(encodeEmpty(Types.ACK, 0x1234)), "60001234");
    equal(toHex(encodeReset(fromHex("49011234")) ?? nothing), "70001234");
    for (const hex of ["", "490112", "59011234", "69011234", "79011234", "89011234"]) {
      equal(encodeReset(fromHex(hex)), undefined);
    }
  });

  it("finds the first option of a number", () => {
    const { options } = decodedMessage(fromHex("40010000b1610162"));
    equal(toHex(findOption(options, OptionNumbers.uriPath) ?? nothing), "61");
    equal(findOption(options, OptionNumbers.accept), undefined);
  });

  it("writes uint options in as few bytes as it takes", () => {
    for (const [value, hex] of [
      [0, ""],
      [1, "01"],
      [255, "ff"],
      [256, "0100"],
      [65000, "fde8"],
      [0xffffffff, "ffffffff"],
    ] as const) {
      equal(toHex(encodeUint(value)), hex);
      equal(decodeUint(fromHex(hex)), value);
    }
    for (const value of [-1, 1.5, 2 ** 32, Number.NaN]) throws(() => encodeUint(value), RangeError);
    throws(() => decodeUint(new Uint8Array(5)), SyntaxError);
  });
});
