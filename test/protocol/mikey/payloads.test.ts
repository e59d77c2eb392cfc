import fc from "fast-check";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { emptyMap } from "../../../protocol/mikey/header.js";
import {
  type KeyData,
  readKemacContents,
  tgk,
  writeKemacContents,
} from "../../../protocol/mikey/key-data.js";
import { decodeMessage, encodeMessage } from "../../../protocol/mikey/message.js";
import { MapTypes, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { macLength, type Payload, payloadName } from "../../../protocol/mikey/payloads.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { headers, identities, keyData, messages } from "./arbitraries.js";
import { computed } from "./samples.js";

const head = { dataType: 0, verify: false, prf: 0, csbId: computed.csbId };
const anyMap = { type: MapTypes.srtpId, sessions: [] } as const;

const filled = (length: number, value = 0xaa) => new Uint8Array(length).fill(value);
const hexOf = (length: number, value = "aa") => value.repeat(length);

/** Each payload, its type, and its bytes behind Next payload. */
const examples: [name: string, payload: Payload, type: string, body: string][] = [
  [
    "KEMAC",
    { type: 1, encryption: 1, encrypted: filled(3), mac: 1, tag: filled(20, 0xbb) },
    "01",
    `01 0003 aaaaaa 01 ${hexOf(20, "bb")}`,
  ],
  ["KEMAC", { type: 1, encryption: 0, encrypted: filled(0), mac: 0, tag: filled(0) }, "01", "00 0000 00"],
  ["PKE", { type: 2, caching: 2, data: filled(257) }, "02", `8101 ${hexOf(257)}`],
  ["DH", { type: 3, group: 0, value: filled(192), validity: { type: 0 } }, "03", `00 ${hexOf(192)} 00`],
  [
    "DH",
    { type: 3, group: 2, value: filled(128), validity: { type: 1, spi: filled(2) } },
    "03",
    `02 ${hexOf(128)} 01 02 aaaa`,
  ],
  ["T", { type: 5, timestamp: { type: 0, value: filled(8) } }, "05", `00 ${hexOf(8)}`],
  ["T", { type: 5, timestamp: { type: 2, value: filled(4) } }, "05", `02 ${hexOf(4)}`],
  ["ID", { type: 6, identity: { type: 1, data: ascii("sip:a@b") } }, "06", "01 0007 7369703a614062"],
  ["CERT", { type: 7, certificateType: 3, data: filled(2) }, "07", "03 0002 aaaa"],
  ["CHASH", { type: 8, hash: 0, value: filled(20) }, "08", `00 ${hexOf(20)}`],
  ["CHASH", { type: 8, hash: 1, value: filled(16) }, "08", `01 ${hexOf(16)}`],
  ["CHASH", { type: 8, hash: 2, value: filled(32) }, "08", `02 ${hexOf(32)}`],
  ["V", { type: 9, algorithm: 1, tag: filled(20) }, "09", `01 ${hexOf(20)}`],
  ["V", { type: 9, algorithm: 243, tag: filled(8) }, "09", `f3 ${hexOf(8)}`],
  [
    "SP",
    {
      type: 10,
      policy: 1,
      protocol: 0,
      parameters: [
        { type: 0, value: filled(1) },
        { type: 13, value: filled(0) },
      ],
    },
    "0a",
    "01 00 0005 00 01 aa 0d 00",
  ],
  ["RAND", { type: 11, rand: filled(16) }, "0b", `10 ${hexOf(16)}`],
  ["ERR", { type: 12, error: 3 }, "0c", "03 0000"],
  ["IDR", { type: 14, role: 240, identity: { type: 2, data: filled(3) } }, "0e", "f0 02 0003 aaaaaa"],
  ["RANDR", { type: 15, role: 2, rand: filled(8) }, "0f", `02 08 ${hexOf(8)}`],
  ["General Extension", { type: 21, extension: 241, data: filled(4) }, "15", "f1 0004 aaaaaaaa"],
];

describe("payloads of MIKEY", () => {
  for (const [name, payload, type, spaced] of examples) {
    const body = spaced.replaceAll(" ", "");
    it(`${name}: ${spaced.slice(0, 24)}…`, () => {
      const header = `0100${type}00112233440000`;
      // Once alone, and once before another payload.
      const alone = encodeMessage({ header: { ...head, map: anyMap }, payloads: [payload] });
      equal(toHex(alone), `${header}00${body}`);
      deepEqual(decodeMessage(alone).payloads, [payload]);
      const rand: Payload = { type: PayloadTypes.RAND, rand: filled(1) };
      const followed = encodeMessage({ header: { ...head, map: anyMap }, payloads: [payload, rand] });
      equal(toHex(followed), `${header}0b${body}0001aa`);
      deepEqual(decodeMessage(followed).payloads, [payload, rand]);
      equal(payloadName(payload.type), name);
    });
  }

  it("SIGN: last, without Next payload", () => {
    const sign: Payload = { type: PayloadTypes.SIGN, algorithm: 1, signature: filled(256) };
    const bytes = encodeMessage({ header: { ...head, map: emptyMap }, payloads: [sign] });
    equal(toHex(bytes), `01000400112233440001${"1100"}${hexOf(256)}`);
    deepEqual(decodeMessage(bytes).payloads, [sign]);
    const rand: Payload = { type: PayloadTypes.RAND, rand: filled(1) };
    throws(() => encodeMessage({ header: { ...head, map: emptyMap }, payloads: [sign, rand] }), {
      type: RangeError,
      message: "SIGN: must be the last payload",
    });
  });

  it("of other numbers have names too", () => {
    equal(payloadName(PayloadTypes.keyData), "Key data");
    equal(payloadName(13), "payload 13");
  });

  it("with an algorithm that is not known may only end a message", () => {
    for (const [type, body] of [
      ["01", "010000" + "c8"], // KEMAC, MAC alg 200
      ["08", "c8"], // CHASH
      ["09", "c8"], // V
    ]) {
      const bytes = fromHex(`0100${type}00112233440001${"00"}${body}aabbcc`);
      const message = decodeMessage(bytes);
      equal(message.trailing.length, 0);
      equal(toHex(encodeMessage(message)), toHex(bytes));
      throws(() => decodeMessage(fromHex(`0100${type}00112233440001${"0b"}${body}aabbcc`)), {
        type: DecodeError,
        message: /under algorithm 200 is not known$/,
      });
    }
  });

  it("with a TS type, DH-Group or KV that is not known can't be read", () => {
    const message = (hex: string) => () => decodeMessage(fromHex(hex));
    throws(message("01000500112233440001" + "0009aa"), {
      type: DecodeError,
      message: /^T at byte 12: TS type 9 /,
    });
    throws(message(`01000300112233440001${"0007"}${hexOf(200)}`), {
      type: DecodeError,
      message: /^DH at byte 12: DH-Group 7 /,
    });
    throws(message(`01000300112233440001${"0002"}${hexOf(128)}03`), {
      type: DecodeError,
      message: /KV 3 is not known$/,
    });
  });

  it("keep SP's parameters inside their length", () => {
    const sp = (hex: string) => () => decodeMessage(fromHex(`01000a00112233440000${hex}`));
    throws(sp("00" + "0100" + "0002" + "0001aa"), {
      type: DecodeError,
      message: /^SP at byte 18: the last parameter /,
    });
    throws(sp("00" + "0100" + "0001" + "0000"), {
      type: DecodeError,
      message: /^SP at byte 17: the last parameter /,
    });
    throws(sp("00" + "0100" + "0005" + "0001aa"), {
      type: DecodeError,
      message: /^SP at byte 15: parameters take 5 /,
    });
  });
});

describe("encoding MIKEY messages", () => {
  const encode = (payload: Payload) => () =>
    encodeMessage({ header: { ...head, map: anyMap }, payloads: [payload] });

  it("refuses what does not fit its field", () => {
    throws(encode({ type: PayloadTypes.RAND, rand: filled(256) }), {
      type: RangeError,
      message: /^RAND length: 256 /,
    });
    throws(encode({ type: PayloadTypes.PKE, caching: 0, data: filled(16384) }), RangeError);
    throws(encode({ type: PayloadTypes.PKE, caching: 4, data: filled(1) }), {
      type: RangeError,
      message: /^C: 4 /,
    });
    throws(encode({ type: PayloadTypes.SIGN, algorithm: 1, signature: filled(4096) }), RangeError);
    throws(encode({ type: PayloadTypes.ID, identity: { type: 0, data: filled(65536) } }), RangeError);
    throws(encode({ type: PayloadTypes.ID, identity: { type: 256, data: filled(1) } }), RangeError);
    throws(encode({ type: PayloadTypes.ERR, error: -1 }), RangeError);
    throws(encode({ type: PayloadTypes.ERR, error: 1.5 }), RangeError);
    throws(
      encode({
        type: PayloadTypes.SP,
        policy: 0,
        protocol: 0,
        parameters: [{ type: 0, value: filled(256) }],
      }),
      RangeError,
    );
  });

  it("refuses a value that is not as long as its algorithm says", () => {
    throws(encode({ type: PayloadTypes.T, timestamp: { type: 2, value: filled(8) } }), RangeError);
    throws(encode({ type: PayloadTypes.T, timestamp: { type: 9, value: filled(8) } }), RangeError);
    throws(encode({ type: PayloadTypes.V, algorithm: 2, tag: filled(31) }), {
      type: RangeError,
      message: "Ver data: algorithm 2 takes 32 bytes, got 31",
    });
    throws(encode({ type: PayloadTypes.V, algorithm: 0, tag: filled(1) }), RangeError);
    throws(encode({ type: PayloadTypes.CHASH, hash: 2, value: filled(20) }), RangeError);
    throws(
      encode({ type: PayloadTypes.DH, group: 0, value: filled(128), validity: { type: 0 } }),
      RangeError,
    );
    throws(
      encode({ type: PayloadTypes.KEMAC, encryption: 1, encrypted: filled(1), mac: 1, tag: filled(8) }),
      RangeError,
    );
  });

  it("refuses a KEMAC of more than 2^16 bytes (RFC 3830 §6.13)", () => {
    const kemac = (length: number) =>
      encode({ type: PayloadTypes.KEMAC, encryption: 1, encrypted: filled(length), mac: 1, tag: filled(20) });
    equal(kemac(65536 - 25)().length, 10 + 65536);
    throws(kemac(65536 - 24), { type: RangeError, message: /^KEMAC: / });
  });

  it("refuses an SP beside an empty map (RFC 4563 §5)", () => {
    const payloads: Payload[] = [{ type: PayloadTypes.SP, policy: 0, protocol: 0, parameters: [] }];
    throws(() => encodeMessage({ header: { ...head, map: emptyMap }, payloads }), {
      type: RangeError,
      message: /^SP: /,
    });
  });

  it("refuses a header that does not fit", () => {
    throws(() => encodeMessage({ header: { ...head, map: emptyMap, prf: 128 }, payloads: [] }), RangeError);
    throws(() => encodeMessage({ header: { ...head, map: emptyMap, csbId: filled(3) }, payloads: [] }), {
      type: RangeError,
      message: "CSB ID: expected 4 bytes, got 3",
    });
  });

  it("is undone by decoding, for any message", () => {
    fc.assert(
      fc.property(messages, (message) => {
        const bytes = encodeMessage(message);
        const { header, payloads, trailing, bytes: covered, offsets } = decodeMessage(bytes);
        deepEqual({ header, payloads }, message);
        equal(trailing.length, 0);
        equal(toHex(covered), toHex(bytes));
        equal(offsets.length, payloads.length);
      }),
      { numRuns: 150 },
    );
  });

  it("is undone by decoding for any header and identity at their ends", () => {
    fc.assert(
      fc.property(headers, identities, (header, identity) => {
        const payloads: Payload[] = [{ type: PayloadTypes.ID, identity }];
        deepEqual(decodeMessage(encodeMessage({ header, payloads })).payloads, payloads);
      }),
      { numRuns: 50 },
    );
  });
});

describe("contents of a KEMAC", () => {
  const key = filled(16);
  const spi = fromHex("0102");
  const keys: [name: string, key: KeyData, hex: string][] = [
    ["TGK", tgk(key), `00 0010 ${hexOf(16)}`],
    [
      "TGK and SALT",
      { type: 1, key, salt: filled(2, 0xcc), validity: { type: 0 } },
      `10 0010 ${hexOf(16)} 0002 cccc`,
    ],
    ["TEK with SPI", { type: 2, key, validity: { type: 1, spi } }, `21 0010 ${hexOf(16)} 02 0102`],
    [
      "TEK and SALT with an interval",
      {
        type: 3,
        key,
        salt: filled(1, 0xcc),
        validity: { type: 2, from: fromHex("01"), to: fromHex("0203") },
      },
      `32 0010 ${hexOf(16)} 0001 cc 01 01 02 0203`,
    ],
    ["GTGK", { type: 4, key, validity: { type: 0 } }, `40 0010 ${hexOf(16)}`],
    ["GTGK and SALT", { type: 5, key, salt: filled(0), validity: { type: 0 } }, `50 0010 ${hexOf(16)} 0000`],
    ["MPK", { type: 6, key, validity: { type: 0 } }, `60 0010 ${hexOf(16)}`],
  ];
  const identity = { type: 0, data: ascii("tp1@example") };

  for (const [name, keyData, spaced] of keys) {
    it(`${name}: ${spaced.slice(0, 20)}…`, () => {
      const hex = spaced.replaceAll(" ", "");
      const alone = writeKemacContents({ keys: [keyData] });
      equal(toHex(alone), `00${hex}`);
      deepEqual(readKemacContents(alone, "preSharedKey", 0), { keys: [keyData] });
      const twice = writeKemacContents({ keys: [keyData, tgk(key)] });
      equal(toHex(twice), `14${hex}00000010${hexOf(16)}`);
      const withIdentity = writeKemacContents({ identity, keys: [keyData] });
      equal(toHex(withIdentity), `1400000b747031406578616d706c6500${hex}`);
      deepEqual(readKemacContents(withIdentity, "publicKey", 0), { identity, keys: [keyData] });
    });
  }

  it("without keys, of an update (RFC 3830 §4.5, §6.2)", () => {
    equal(writeKemacContents({ keys: [] }).length, 0);
    deepEqual(readKemacContents(new Uint8Array(0), "preSharedKey", 0), { keys: [] });
    equal(toHex(writeKemacContents({ identity, keys: [] })), "0000000b747031406578616d706c65");
    deepEqual(readKemacContents(writeKemacContents({ identity, keys: [] }), "publicKey", 0), {
      identity,
      keys: [],
    });
  });

  it("in public-key mode begin with an identity", () => {
    throws(() => readKemacContents(new Uint8Array(0), "publicKey", 100), {
      type: DecodeError,
      message: /^ID at byte 100: /,
    });
  });

  it("take no other payload and nothing behind the last", () => {
    const one = writeKemacContents({ keys: [tgk(key)] });
    throws(() => readKemacContents(concat(one, fromHex("00")), "preSharedKey", 50), {
      type: DecodeError,
      message: "Key data at byte 70: 1 bytes behind the last sub-payload",
    });
    const other = concat(fromHex("0b"), one.subarray(1), fromHex("000100"));
    throws(() => readKemacContents(other, "preSharedKey", 50), {
      type: DecodeError,
      message: "Key data at byte 70: payload type 11 has no place in a KEMAC",
    });
    throws(() => readKemacContents(fromHex("0003000000"), "preSharedKey", 0), {
      type: DecodeError,
      message: /KV 3 /,
    });
  });

  it("have a salt exactly where the type says so", () => {
    throws(
      () => writeKemacContents({ keys: [{ type: 0, key, salt: key, validity: { type: 0 } }] }),
      RangeError,
    );
    throws(() => writeKemacContents({ keys: [{ type: 3, key, validity: { type: 0 } }] }), RangeError);
  });

  it("are the same after writing and reading, and cut anywhere a DecodeError", () => {
    fc.assert(
      fc.property(
        fc.array(keyData, { maxLength: 4 }),
        fc.option(identities, { nil: undefined }),
        (keys, identity) => {
          const contents = identity === undefined ? { keys } : { identity, keys };
          const mode = identity === undefined ? "preSharedKey" : "publicKey";
          const plaintext = writeKemacContents(contents);
          deepEqual(readKemacContents(plaintext, mode, 0), contents);
          for (
            let length = mode === "publicKey" ? 0 : 1;
            length < plaintext.length;
            length += 1 + (length >> 3)
          ) {
            throws(() => readKemacContents(plaintext.subarray(0, length), mode, 0), DecodeError);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it("say where in the message their fields are", () => {
    const offsets: number[] = [];
    readKemacContents(writeKemacContents({ keys: [tgk(key)] }), "preSharedKey", 77, ({ offset }) =>
      offsets.push(offset),
    );
    deepEqual(offsets, [77, 78, 78, 79, 81]);
  });
});

describe("MAC algorithms", () => {
  it("have the tag lengths of RFC 3830 §6.2 and RFC 6043 §6.2, and the profile's", () => {
    deepEqual([0, 1, 2, 241, 242, 243].map(macLength), [0, 20, 32, 16, 8, 8]);
    ok([3, 4, 240, 244, 255].every((algorithm) => macLength(algorithm) === undefined));
  });
});
