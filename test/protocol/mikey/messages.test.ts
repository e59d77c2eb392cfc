import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import type { CsIdMap } from "../../../protocol/mikey/header.js";
import { identityToText } from "../../../protocol/mikey/identity.js";
import { readKemacContents } from "../../../protocol/mikey/key-data.js";
import { type DecodedMessage, decodeMessage, encodeMessage } from "../../../protocol/mikey/message.js";
import { DataTypes, MapTypes, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { type Payload, payloadName } from "../../../protocol/mikey/payloads.js";
import { DecodeError, type Field } from "../../../protocol/mikey/reader.js";
import { unixMilliseconds } from "../../../protocol/mikey/timestamps.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { allSamples, computed, type SampleName, samples } from "./samples.js";

const decodeSample = (name: SampleName): DecodedMessage => decodeMessage(fromHex(samples[name]));

/** The payloads with their offsets, as "T at 19". */
function outline(message: DecodedMessage): string[] {
  return message.payloads.map(({ type }, i) => `${payloadName(type)} at ${message.offsets[i]}`);
}

const sipParameters = [
  [0, "01"],
  [1, "10"],
  [2, "01"],
  [3, "0a"],
  [7, "01"],
  [8, "01"],
  [10, "01"],
] as const;

describe("sample messages of MIKEY", () => {
  for (const [name, bytes] of allSamples()) {
    it(`${name}: encodes to the bytes that were read`, () => {
      const message = decodeMessage(bytes);
      equal(message.trailing.length, 0);
      equal(toHex(message.bytes), toHex(bytes));
      equal(toHex(encodeMessage(message)), toHex(bytes));
    });

    it(`${name}: every byte belongs to one field`, () => {
      let end = 0;
      let start = 0;
      decodeMessage(bytes, ({ payload, name, offset, size, value }) => {
        // A part of a byte stands where the field before it stands.
        const isPart = typeof value === "number" && size === 0;
        equal(offset, isPart ? start : end, `${payload} ${name}`);
        if (!isPart) start = offset;
        end += size;
      });
      equal(end, bytes.length);
    });
  }

  it("RFC 4567 §5.1", () => {
    const message = decodeSample("rfc4567");
    deepEqual(message.header, {
      dataType: DataTypes.preSharedKey,
      verify: true,
      prf: 0,
      csbId: fromHex("cd177e50"),
      map: { type: MapTypes.srtpId, sessions: [{ policy: 0, ssrc: 0, roc: 0 }] },
    });
    deepEqual(outline(message), ["T at 19", "RAND at 29", "ID at 47", "SP at 66", "KEMAC at 71"]);
    const expected: Payload[] = [
      { type: PayloadTypes.T, timestamp: { type: 0, value: fromHex("c8e350ea00000000") } },
      { type: PayloadTypes.RAND, rand: fromHex("4a28da979ee21a7651a0d7f19136d98c") },
      { type: PayloadTypes.ID, identity: { type: 0, data: ascii("donald@duck.com") } },
      { type: PayloadTypes.SP, policy: 0, protocol: 0, parameters: [] },
      {
        type: PayloadTypes.KEMAC,
        encryption: 1,
        encrypted: fromHex("d092a981a5640da6b08bdc21541b41b74299d78ca636ebbadbe36fde8ccf2f28302bf19b"),
        mac: 1,
        tag: fromHex("5f627a69c6508675f5f59050e4abcca4c0bfdcd5"),
      },
    ];
    deepEqual(message.payloads, expected);
    equal(
      unixMilliseconds({ type: 0, value: fromHex("c8e350ea00000000") }),
      Date.UTC(2006, 9, 20, 13, 43, 6),
    );
  });

  it("GStreamer: a header alone", () => {
    deepEqual(decodeSample("gstreamerHeader"), {
      header: {
        dataType: 0,
        verify: false,
        prf: 0,
        csbId: fromHex("12345678"),
        map: { type: MapTypes.srtpId, sessions: [] },
      },
      payloads: [],
      offsets: [],
      bytes: fromHex(samples.gstreamerHeader),
      trailing: new Uint8Array(0),
    });
  });

  it("GStreamer: two sessions", () => {
    deepEqual(decodeSample("gstreamerSessions").header.map, {
      type: MapTypes.srtpId,
      sessions: [
        { policy: 1, ssrc: 0x12345678, roc: 0 },
        { policy: 2, ssrc: 0x23456789, roc: 1 },
      ],
    });
  });

  for (const [name, csbId, ssrc, t, rand, key] of [
    [
      "camera",
      "e69d51f8",
      0x30685760,
      "ebfe6f2db1c13fd0",
      "c2dde443a84930a5757a7ed9c3a417fb",
      "9091783dfce8ddcd443a53508b64509f35bd8a86bc4d8b7637a502493daf",
    ],
    [
      "rtspServer",
      "7a23295e",
      0x958c2327,
      "ebf99d4cb05ea24c",
      "6c1c02e3ebc63ebf7a7c9bf80dbeacd7",
      "5fc5ef382cc8321d094ce5a2bd62f111f953512a757e38f68bcc46ec3f43",
    ],
  ] as const) {
    it(`RTSP: ${name}`, () => {
      const message = decodeSample(name);
      deepEqual(message.header, {
        dataType: DataTypes.preSharedKey,
        verify: false,
        prf: 0,
        csbId: fromHex(csbId),
        map: { type: MapTypes.srtpId, sessions: [{ policy: 0, ssrc, roc: 0 }] },
      });
      const contents = concat(fromHex("0020001e"), fromHex(key));
      const expected: Payload[] = [
        { type: PayloadTypes.T, timestamp: { type: 0, value: fromHex(t) } },
        { type: PayloadTypes.RAND, rand: fromHex(rand) },
        {
          type: PayloadTypes.SP,
          policy: 0,
          protocol: 0,
          parameters: sipParameters.map(([type, value]) => ({ type, value: fromHex(value) })),
        },
        { type: PayloadTypes.KEMAC, encryption: 0, encrypted: contents, mac: 0, tag: new Uint8Array(0) },
      ];
      deepEqual(message.payloads, expected);
      // TEK (type 2) of 16 bytes of key and 14 of salt, as cameras send it.
      deepEqual(readKemacContents(contents, "preSharedKey", 0), {
        keys: [{ type: 2, key: fromHex(key), validity: { type: 0 } }],
      });
    });
  }

  it("gortsplib: a key with an SPI", () => {
    const message = decodeSample("keyWithSpi");
    deepEqual(message.header.map, {
      type: MapTypes.srtpId,
      sessions: [{ policy: 3, ssrc: 0x11223344, roc: 0x55667788 }],
    });
    const [kemac] = message.payloads;
    ok(kemac.type === PayloadTypes.KEMAC && kemac.encryption === 0 && kemac.mac === 0);
    deepEqual(readKemacContents(kemac.encrypted, "preSharedKey", 0), {
      keys: [{ type: 2, key: fromHex("aabbcc"), validity: { type: 1, spi: fromHex("1122") } }],
    });
  });

  it("the computed exchange", () => {
    const message = decodeSample("preSharedKey");
    deepEqual(message.header, {
      dataType: DataTypes.preSharedKey,
      verify: true,
      prf: 0,
      csbId: computed.csbId,
      map: { type: MapTypes.empty, count: 0 },
    });
    deepEqual(outline(message), ["T at 10", "RAND at 20", "ID at 38", "ID at 58", "KEMAC at 73"]);
    const identities = message.payloads.flatMap((payload) =>
      payload.type === PayloadTypes.ID ? [identityToText(payload.identity)] : [],
    );
    deepEqual(identities, ["sensor-1@example", "tp1@example"]);
    deepEqual(outline(decodeSample("preSharedKeyVerification")), ["T at 10", "ID at 20", "V at 35"]);
    deepEqual(outline(decodeSample("confirmation")), ["T at 10", "ID at 20", "V at 42"]);
    equal(decodeSample("ccm").header.prf, 1);
    equal(decodeSample("ccm").bytes.length, 114);
    equal(decodeSample("ccm8").bytes.length, 106);
  });
});

describe("CS ID maps", () => {
  const head = { dataType: 0, verify: false, prf: 0, csbId: computed.csbId };
  const encode = (map: CsIdMap) => toHex(encodeMessage({ header: { ...head, map }, payloads: [] }));

  it("SRTP-ID: 9 bytes a session (RFC 3830 §6.1.1)", () => {
    const map: CsIdMap = {
      type: MapTypes.srtpId,
      sessions: [{ policy: 1, ssrc: 0x01020304, roc: 0xffffffff }],
    };
    equal(encode(map), "01000000112233440100" + "01" + "01020304" + "ffffffff");
  });

  it("Empty map: no bytes, whatever #CS (RFC 4563 §5)", () => {
    equal(encode({ type: MapTypes.empty, count: 0 }), "01000000112233440001");
    equal(encode({ type: MapTypes.empty, count: 3 }), "01000000112233440301");
    deepEqual(decodeMessage(fromHex("01000000112233440301")).header.map, { type: MapTypes.empty, count: 3 });
  });

  it("GENERIC-ID: blocks of three lists (RFC 6043 §6.1.1)", () => {
    const map: CsIdMap = {
      type: MapTypes.genericId,
      sessions: [
        {
          csId: 7,
          protocol: 0,
          sessionFlag: true,
          policies: [3, 4],
          sessionData: fromHex("0a0b0c0d000000010002"),
          spi: fromHex("aabb"),
        },
        {
          csId: 8,
          protocol: 241,
          sessionFlag: false,
          policies: [],
          sessionData: new Uint8Array(0),
          spi: new Uint8Array(0),
        },
      ],
    };
    // Session Data Length takes 16 bits, SPI Length 8.
    const hex =
      "01000000112233440202" +
      "0700820304" +
      "000a0a0b0c0d000000010002" +
      "02aabb" +
      "08f100" +
      "0000" +
      "00";
    equal(encode(map), hex);
    deepEqual(decodeMessage(fromHex(hex)).header.map, map);
  });

  it("of another type can't be read", () => {
    throws(() => decodeMessage(fromHex("01000000112233440003")), {
      type: DecodeError,
      message: "HDR at byte 10: CS ID map type 3 is not known",
    });
  });

  it("has as many entries as fit their fields", () => {
    const session = { policy: 0, ssrc: 0, roc: 0 };
    const sessions = Array.from({ length: 256 }, () => session);
    throws(() => encode({ type: MapTypes.srtpId, sessions }), RangeError);
    const policies = Array.from({ length: 128 }, () => 0);
    const generic = {
      csId: 1,
      protocol: 0,
      sessionFlag: false,
      policies,
      sessionData: fromHex(""),
      spi: fromHex(""),
    };
    throws(() => encode({ type: MapTypes.genericId, sessions: [generic] }), RangeError);
  });
});

describe("decoding MIKEY messages", () => {
  it("takes payloads in any order", () => {
    const message = decodeSample("rfc4567");
    const reversed = { header: message.header, payloads: message.payloads.slice().reverse() };
    deepEqual(decodeMessage(encodeMessage(reversed)).payloads, reversed.payloads);
  });

  it("reads no other version", () => {
    throws(() => decodeMessage(fromHex(`02${samples.gstreamerHeader.slice(2)}`)), {
      type: DecodeError,
      message: /^HDR at byte 1: version 2 /,
    });
  });

  it("stops at a payload type that is not known, for nothing tells its length", () => {
    for (const type of ["0d", "10", "12", "f1", "ff"]) {
      const error = throws(
        () => decodeMessage(fromHex(`0100${type}00112233440001000000000000`)),
        DecodeError,
      );
      ok(error instanceof DecodeError);
      equal(error.offset, 10);
    }
  });

  it("names the payload that it can't go on behind", () => {
    // T, then payload type 0x17 (ESK of RFC 6267).
    const error = throws(
      () => decodeMessage(fromHex("01000500112233440001" + "170200000001" + "0000")),
      DecodeError,
    );
    ok(error instanceof DecodeError);
    equal(error.message, "T at byte 16: payload type 23 is not known, and what follows can't be found");
  });

  it("keeps an extension that is not known", () => {
    const bytes = fromHex("01001500112233440001" + "00fe0003aabbcc");
    const message = decodeMessage(bytes);
    deepEqual(message.payloads, [
      { type: PayloadTypes.generalExtension, extension: 254, data: fromHex("aabbcc") },
    ]);
    equal(toHex(encodeMessage(message)), toHex(bytes));
  });

  it("keeps numbers that are not known where lengths are given", () => {
    const bytes = fromHex(
      "01c80600112233440000" + // data type 200
        "0ac80001aa" + // ID type 200
        "07c8c8000403020102" + // policy 200, Prot type 200
        "0e63000155" + // Cert type 99
        "0ec8c8000155" + // ID role 200
        "0f01020001aa" +
        "0cc803010203" + // RAND role 200
        "00c80000", // error 200
    );
    const message = decodeMessage(bytes);
    equal(message.payloads.length, 7);
    equal(toHex(encodeMessage(message)), toHex(bytes));
  });

  it("sets apart what stands behind the last payload", () => {
    for (const stray of ["00", "0000", "deadbeef"]) {
      const message = decodeMessage(fromHex(samples.camera + stray));
      equal(toHex(message.bytes), samples.camera);
      equal(toHex(message.trailing), stray);
    }
  });

  it("gives views of the message, no copies", () => {
    const bytes = fromHex(samples.rfc4567);
    const message = decodeMessage(bytes);
    bytes.fill(0);
    equal(toHex(message.header.csbId), "00000000");
    const [, rand] = message.payloads;
    ok(rand.type === PayloadTypes.RAND && rand.rand.every((byte) => byte === 0));
  });

  it("reads a message that stands inside a larger buffer", () => {
    const sample = fromHex(samples.rfc4567);
    const buffer = concat(new Uint8Array(5).fill(0xee), sample, new Uint8Array(5).fill(0xee));
    const message = decodeMessage(buffer.subarray(5, 5 + sample.length));
    equal(toHex(message.bytes), samples.rfc4567);
    equal(message.trailing.length, 0);
  });

  it("tells every field, in order", () => {
    const fields: string[] = [];
    const tell = ({ payload, name, offset, size }: Field) =>
      fields.push(`${offset}+${size} ${payload} ${name}`);
    decodeMessage(fromHex(samples.keyWithSpi), tell);
    deepEqual(fields, [
      "0+1 HDR version",
      "1+1 HDR data type",
      "2+1 HDR next payload",
      "3+1 HDR V",
      "3+0 HDR PRF func",
      "4+4 HDR CSB ID",
      "8+1 HDR #CS",
      "9+1 HDR CS ID map type",
      "10+1 HDR policy",
      "11+4 HDR SSRC",
      "15+4 HDR ROC",
      "19+1 KEMAC next payload",
      "20+1 KEMAC Encr alg",
      "21+2 KEMAC Encr data length",
      "23+10 KEMAC Encr data",
      "33+1 KEMAC MAC alg",
      "34+0 KEMAC MAC",
    ]);
  });
});
