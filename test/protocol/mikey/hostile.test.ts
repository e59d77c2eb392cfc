/** What damaged messages get: a DecodeError that names payload and offset, never another exception. */

import fc from "fast-check";
import { concat, fromHex, toHex, writeUint } from "../../../protocol/bytes.js";
import { type DecodedMessage, decodeMessage, encodeMessage } from "../../../protocol/mikey/message.js";
import { PayloadTypes } from "../../../protocol/mikey/numbers.js";
import type { Payload } from "../../../protocol/mikey/payloads.js";
import { DecodeError, type Field } from "../../../protocol/mikey/reader.js";
import { equal, fail, ok } from "../../support/assert.js";
import { bytes as anyBytes, messages } from "./arbitraries.js";
import { allSamples, computed } from "./samples.js";

const filled = (length: number) => new Uint8Array(length).fill(0xaa);

/** A message with every payload, so that every length field there is gets damaged. */
const everything: Payload[] = [
  { type: PayloadTypes.T, timestamp: { type: 0, value: filled(8) } },
  { type: PayloadTypes.RAND, rand: filled(16) },
  { type: PayloadTypes.ID, identity: { type: 0, data: filled(5) } },
  { type: PayloadTypes.IDR, role: 240, identity: { type: 2, data: filled(8) } },
  { type: PayloadTypes.RANDR, role: 2, rand: filled(8) },
  { type: PayloadTypes.CERT, certificateType: 0, data: filled(20) },
  { type: PayloadTypes.SP, policy: 0, protocol: 0, parameters: [{ type: 0, value: filled(1) }] },
  { type: PayloadTypes.generalExtension, extension: 241, data: filled(12) },
  { type: PayloadTypes.ERR, error: 1 },
  {
    type: PayloadTypes.DH,
    group: 1,
    value: filled(96),
    validity: { type: 2, from: filled(6), to: filled(6) },
  },
  { type: PayloadTypes.KEMAC, encryption: 1, encrypted: filled(20), mac: 1, tag: filled(20) },
  { type: PayloadTypes.CHASH, hash: 2, value: filled(32) },
  { type: PayloadTypes.PKE, caching: 1, data: filled(30) },
  { type: PayloadTypes.V, algorithm: 2, tag: filled(32) },
  { type: PayloadTypes.SIGN, algorithm: 1, signature: filled(40) },
];

const victims: [string, Uint8Array][] = [
  ...allSamples(),
  [
    "every payload",
    encodeMessage({
      header: {
        dataType: 0,
        verify: true,
        prf: 1,
        csbId: computed.csbId,
        map: {
          type: 2,
          sessions: [
            {
              csId: 1,
              protocol: 0,
              sessionFlag: true,
              policies: [0, 1],
              sessionData: filled(10),
              spi: filled(4),
            },
          ],
        },
      },
      payloads: everything,
    }),
  ],
];

const payloadNames = [
  "HDR",
  "KEMAC",
  "PKE",
  "DH",
  "SIGN",
  "T",
  "ID",
  "CERT",
  "CHASH",
  "V",
  "SP",
  "RAND",
  "ERR",
  "IDR",
  "RANDR",
  "General Extension",
];

/** The message, or undefined after a DecodeError that names a payload and an offset inside the bytes. */
function decodeOrExplain(bytes: Uint8Array): DecodedMessage | undefined {
  // What stands around the message in memory must never be read: it would differ from run to run.
  const padding = new Uint8Array(64).fill(0x5a);
  const surrounded = concat(padding, bytes, padding).subarray(64, 64 + bytes.length);
  let message: DecodedMessage;
  try {
    message = decodeMessage(surrounded);
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    ok(payloadNames.includes(error.payload), error.payload);
    ok(error.offset >= 0 && error.offset <= bytes.length, `offset ${error.offset} of ${bytes.length}`);
    ok(error.message.startsWith(`${error.payload} at byte ${error.offset}: `), error.message);
    return undefined;
  }
  checkConsistency(message, bytes);
  return message;
}

/** A message that could be read accounts for all bytes, and says the same when it is written again. */
function checkConsistency(message: DecodedMessage, bytes: Uint8Array): void {
  equal(message.bytes.length + message.trailing.length, bytes.length);
  let end = 0;
  for (const offset of message.offsets) {
    ok(offset > end && offset < message.bytes.length);
    end = offset;
  }
  // Reserved bits are read and not kept; SP beside an empty map is read and not written.
  const { header, payloads } = message;
  if (header.map.type === 1 && payloads.some(({ type }) => type === PayloadTypes.SP)) return;
  equal(encodeMessage(message).length, message.bytes.length);
}

function lengthFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  decodeMessage(bytes, (field) => {
    if (/length$|^#/.test(field.name)) fields.push(field);
  });
  return fields;
}

describe("damaged MIKEY messages", () => {
  for (const [name, bytes] of victims) {
    it(`${name}: cut at every byte`, () => {
      for (let length = 0; length < bytes.length; length++) {
        if (decodeOrExplain(bytes.subarray(0, length)) !== undefined) fail(`read ${length} bytes of it`);
      }
    });

    it(`${name}: every length field damaged`, () => {
      for (const { offset, size, value, name: field } of lengthFields(bytes)) {
        ok(typeof value === "number");
        // #P, Data length and Signature length share their bytes with another field.
        const [at, width] = size > 0 ? [offset, size] : [offset, field === "#P" ? 1 : 2];
        const largest = 256 ** width - 1;
        const damaged = new Set([0, 1, value - 1, value + 1, value + 2, 127, 255, 256, largest - 1, largest]);
        for (let bit = 0; bit < 8 * width; bit++) damaged.add(value ^ (2 ** bit));
        for (const other of damaged) {
          if (other < 0 || other > largest) continue;
          const copy = bytes.slice();
          writeUint(copy, at, width, other);
          decodeOrExplain(copy);
        }
      }
    });

    it(`${name}: every byte with another value`, () => {
      for (let i = 0; i < bytes.length; i++) {
        for (const mask of [0x01, 0x80, 0xff]) {
          const copy = bytes.slice();
          copy[i] ^= mask;
          decodeOrExplain(copy);
        }
      }
    });
  }

  it("a length larger than the message names the field that goes past the end", () => {
    const [, sample] = victims[0];
    for (const { offset, size, name } of lengthFields(sample)) {
      if (size !== 2) continue;
      const copy = sample.slice();
      writeUint(copy, offset, 2, 0xffff);
      try {
        decodeMessage(copy);
        fail(`${name} was believed`);
      } catch (error) {
        ok(error instanceof DecodeError);
        equal(error.offset, offset + 2);
        ok(/takes? 65535 bytes, \d+ left$/.test(error.message), error.message);
      }
    }
  });

  it("an endless chain ends: every payload takes bytes", () => {
    // ERR payloads that name ERR as the next, as many as go into the longest datagram.
    const chain = new Uint8Array(10 + 4 * 4000);
    chain.set(fromHex("01000c00112233440001"));
    for (let i = 0; i < 4000; i++) chain.set([12, 0, 0, 0], 10 + 4 * i);
    ok(decodeOrExplain(chain) === undefined, "a chain without an end");
  });

  it("any bytes at all", () => {
    fc.assert(
      fc.property(anyBytes(0, 80), (bytes) => {
        decodeOrExplain(bytes);
        decodeOrExplain(concat(fromHex("01"), bytes));
      }),
      { numRuns: 300 },
    );
  });

  it("any message with one byte changed", () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.nat({ max: 255 }), (message, at, value) => {
        const bytes = encodeMessage(message);
        bytes[at % bytes.length] = value;
        decodeOrExplain(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it("never depend on what stands around them in memory", () => {
    for (const [, bytes] of victims) {
      const cut = bytes.subarray(0, bytes.length - 1);
      const surrounded = concat(bytes, bytes);
      for (const view of [cut, surrounded.subarray(0, bytes.length - 1)]) {
        equal(decodeOrExplain(view), undefined, toHex(view));
      }
    }
  });
});
