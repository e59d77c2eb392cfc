import fc from "fast-check";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { emptyMap, type Header } from "../../../protocol/mikey/header.js";
import { openKemac, sealKemac } from "../../../protocol/mikey/kemac.js";
import { type KeyData, tgk } from "../../../protocol/mikey/key-data.js";
import { decodeMessage, encodeMessage } from "../../../protocol/mikey/message.js";
import { DataTypes, ErrorNumbers, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import type { Kemac, Payload } from "../../../protocol/mikey/payloads.js";
import {
  consumePreSharedKeyMessage,
  createPreSharedKeyMessages,
  type PreSharedKeyDraft,
} from "../../../protocol/mikey/pre-shared-key.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { type Suite, suiteByName, suiteByNumbers, suiteNames } from "../../../protocol/mikey/suites.js";
import { counterTimestamp } from "../../../protocol/mikey/timestamps.js";
import { deepEqual, equal, fail, notEqual, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { keyData, bytes as randomBytes } from "./arbitraries.js";
import { computed, type SampleName, samples } from "./samples.js";

const { psk, csbId, rand } = computed;
const timestamp = { type: 0, value: computed.timestamp };

/** The computed messages' draft under a suite. */
function draft(suite: Suite): PreSharedKeyDraft {
  const header: Header = { dataType: 0, verify: true, prf: suite.prf, csbId, map: emptyMap };
  const payloads: Payload[] = [
    { type: PayloadTypes.T, timestamp },
    { type: PayloadTypes.RAND, rand },
    { type: PayloadTypes.ID, identity: { type: 0, data: ascii("sensor-1@example") } },
    { type: PayloadTypes.ID, identity: { type: 0, data: ascii("tp1@example") } },
  ];
  return { header, payloads, suite, timestamp, rand };
}

const create = (suite: Suite, keys: readonly KeyData[] = [tgk(computed.tgk)]) =>
  createPreSharedKeyMessages(primitives, draft(suite), [{ psk, keys }])[0];
const consume = (bytes: Uint8Array, key = psk, updateRand?: Uint8Array) =>
  consumePreSharedKeyMessage(primitives, decodeMessage(bytes), key, updateRand);

/** `call` throws a Refusal with this ERR number. */
function refuses(call: () => unknown, errorNumber: number, message?: RegExp): void {
  const error = throws(call, message === undefined ? Refusal : { type: Refusal, message });
  ok(error instanceof Refusal);
  equal(error.errorNumber, errorNumber, error.message);
}

describe("pre-shared-key messages of MIKEY", () => {
  for (const [suite, sample] of [
    ["aes-cm-128-hmac-sha-1", "preSharedKey"],
    ["aes-ccm-128", "ccm"],
    ["aes-ccm-128-8", "ccm8"],
  ] as const) {
    it(`${suite}: the computed message, byte for byte`, () => {
      equal(toHex(create(suiteByName(suite))), samples[sample]);
      const { keys, context, timestamp: t } = consume(fromHex(samples[sample]));
      deepEqual(keys, [tgk(computed.tgk)]);
      deepEqual(t, timestamp);
      deepEqual(context, { hash: suiteByName(suite).hash, csbId, rand });
    });
  }

  for (const name of suiteNames) {
    const suite = suiteByName(name);

    it(`${name}: what was created can be consumed, with any keys`, () => {
      fc.assert(
        fc.property(fc.array(keyData, { maxLength: 3 }), randomBytes(1, 70), (keys, key) => {
          const [bytes] = createPreSharedKeyMessages(primitives, draft(suite), [{ psk: key, keys }]);
          deepEqual(consume(bytes, key).keys, keys);
        }),
        { numRuns: 15 },
      );
    });

    it(`${name}: a changed byte anywhere is never accepted`, () => {
      const bytes = create(suite);
      for (let i = 0; i < bytes.length; i++) {
        for (const mask of i % 8 === 0 ? [0x01, 0x80, 0xff] : [1 << (i % 8)]) {
          const changed = bytes.slice();
          changed[i] ^= mask;
          try {
            consume(changed);
          } catch (error) {
            if (error instanceof Refusal || error instanceof DecodeError) continue;
            throw error;
          }
          fail(`byte ${i} may change by ${mask}`);
        }
      }
    });

    it(`${name}: another key is refused`, () => {
      const bytes = create(suite);
      refuses(() => consume(bytes, fromHex("000102030405060708090a0b0c0d0e0e")), ErrorNumbers.authentication);
    });

    it(`${name}: the message to one recipient is refused under another's key`, () => {
      const other = new Uint8Array(16).fill(9);
      const [first, second] = createPreSharedKeyMessages(primitives, draft(suite), [
        { psk, keys: [tgk(computed.tgk)] },
        { psk: other, keys: [tgk(other)] },
      ]);
      equal(toHex(first), toHex(create(suite)));
      deepEqual(consume(second, other).keys, [tgk(other)]);
      refuses(() => consume(first, other), ErrorNumbers.authentication);
      refuses(() => consume(second, psk), ErrorNumbers.authentication);
      // They differ in Encr data and tag only.
      const common = first.length - 16 - 1 - decodedKemac(first).tag.length - 4;
      equal(toHex(first.subarray(0, common)), toHex(second.subarray(0, common)));
    });

    it(`${name}: bytes behind the message are refused`, () => {
      refuses(
        () => consume(concat(create(suite), fromHex("00"))),
        ErrorNumbers.authentication,
        /behind the last/,
      );
    });
  }

  it("are found again by their numbers", () => {
    for (const name of suiteNames) {
      const { prf, encryption, mac } = suiteByName(name);
      equal(suiteByNumbers(prf, encryption, mac)?.name, name);
    }
    equal(suiteByNumbers(0, 241, 241), undefined);
    equal(suiteByNumbers(0, 1, 2), undefined);
    equal(suiteByNumbers(1, 0, 0), undefined);
  });

  it("take their timestamp as 64 bits, a COUNTER with zeros on the left (RFC 3830 §6.6)", () => {
    const suite = suiteByName("aes-cm-128-hmac-sha-1");
    const counter = counterTimestamp(0x01020304);
    const base = draft(suite);
    const payloads: Payload[] = [{ type: PayloadTypes.T, timestamp: counter }, ...base.payloads.slice(1)];
    const [bytes] = createPreSharedKeyMessages(primitives, { ...base, payloads, timestamp: counter }, [
      { psk, keys: [tgk(computed.tgk)] },
    ]);
    deepEqual(consume(bytes).keys, [tgk(computed.tgk)]);
    // IV = (S xor (0x0000 || CSB ID || T)) || 0x0000, with S and encr_key of the computed vectors.
    const salt = fromHex("8d7d506a4a99390d7da6288dcab0");
    const mask = concat(new Uint8Array(2), csbId, fromHex("0000000001020304"));
    const iv = new Uint8Array(16);
    for (let i = 0; i < 14; i++) iv[i] = salt[i] ^ mask[i];
    const plaintext = primitives.aesCtr(
      fromHex("72dfc1da3690f6ad530e3062cd3a902f"),
      iv,
      decodedKemac(bytes).encrypted,
    );
    equal(toHex(plaintext), `00000010${toHex(computed.tgk)}`);
  });
});

describe("refusing pre-shared-key messages", () => {
  const sample = decodeMessage(fromHex(samples.preSharedKey));
  const { header, payloads } = sample;
  const kemac = decodedKemac(fromHex(samples.preSharedKey));
  const without = (type: number) => payloads.filter((payload) => payload.type !== type);
  const consumed = (message: { header?: Partial<Header>; payloads?: readonly Payload[] }) => () =>
    consume(
      encodeMessage({ header: { ...header, ...message.header }, payloads: message.payloads ?? payloads }),
    );

  it("of another data type, even with a right MAC", () => {
    refuses(consumed({ header: { dataType: DataTypes.publicKey } }), ErrorNumbers.dataType);
    refuses(() => consume(fromHex(samples.preSharedKeyVerification)), ErrorNumbers.dataType);
  });

  it("of a PRF that is not known", () => {
    refuses(consumed({ header: { prf: 2 } }), ErrorNumbers.prf, /PRF func 2/);
  });

  it("without T, RAND or KEMAC, or with two of them", () => {
    refuses(consumed({ payloads: without(PayloadTypes.T) }), ErrorNumbers.timestamp, /T is missing/);
    refuses(consumed({ payloads: [payloads[0], ...payloads] }), ErrorNumbers.timestamp, /T stands 2 times/);
    refuses(consumed({ payloads: without(PayloadTypes.RAND) }), ErrorNumbers.unspecified, /RAND is missing/);
    refuses(consumed({ payloads: [payloads[1], ...payloads] }), ErrorNumbers.unspecified, /RAND stands 2/);
    refuses(
      consumed({ payloads: without(PayloadTypes.KEMAC) }),
      ErrorNumbers.authentication,
      /KEMAC is not the last/,
    );
    refuses(
      consumed({ payloads: [kemac, ...payloads] }),
      ErrorNumbers.authentication,
      /KEMAC stands 2 times/,
    );
    refuses(consumed({ payloads: [] }), ErrorNumbers.unspecified, /RAND is missing/);
  });

  it("with a payload behind KEMAC, which its MAC would not cover", () => {
    const extension: Payload = { type: PayloadTypes.generalExtension, extension: 0, data: fromHex("00") };
    refuses(consumed({ payloads: [...payloads, extension] }), ErrorNumbers.authentication, /not the last/);
  });

  it("with SP beside an empty map (RFC 4563 §5)", () => {
    // An SP cut into the bytes of a message that was right: between RAND and the first ID.
    const bytes = fromHex(samples.preSharedKey);
    const changed = concat(bytes.subarray(0, 38), fromHex("0601000000"), bytes.subarray(38));
    changed[20] = PayloadTypes.SP;
    refuses(() => consume(changed), ErrorNumbers.securityPolicy, /an SP stands beside an empty/);
  });

  it("under algorithms that protect nothing or are not known", () => {
    const last = (change: Partial<Kemac>): readonly Payload[] => [
      ...without(PayloadTypes.KEMAC),
      { ...kemac, ...change },
    ];
    const none = new Uint8Array(0);
    refuses(consumed({ payloads: last({ mac: 0, tag: none }) }), ErrorNumbers.mac);
    refuses(consumed({ payloads: last({ encryption: 0 }) }), ErrorNumbers.encryption);
    refuses(consumed({ payloads: last({ encryption: 0, mac: 0, tag: none }) }), ErrorNumbers.encryption);
    refuses(consumed({ payloads: last({ encryption: 2 }) }), ErrorNumbers.encryption);
    refuses(consumed({ payloads: last({ encryption: 3 }) }), ErrorNumbers.encryption);
    refuses(consumed({ payloads: last({ mac: 99 }) }), ErrorNumbers.mac);
    // Each half of a suite with the half of another.
    refuses(consumed({ payloads: last({ mac: 241, tag: new Uint8Array(16) }) }), ErrorNumbers.mac);
    refuses(consumed({ payloads: last({ mac: 243, tag: new Uint8Array(8) }) }), ErrorNumbers.mac);
    refuses(consumed({ payloads: last({ encryption: 241 }) }), ErrorNumbers.mac);
    for (const name of ["camera", "rtspServer", "keyWithSpi"] satisfies SampleName[]) {
      throws(() => consume(fromHex(samples[name])), Refusal);
    }
  });

  it("names the place of contents that can't be read", () => {
    const suite = suiteByName("aes-cm-128-hmac-sha-1");
    // A Key data sub-payload that says that another payload follows: sealed by hand, for no writer writes it.
    const bytes = create(suite);
    const cover = bytes.subarray(0, 73);
    const context = { hash: suite.hash, csbId, rand };
    const contents = concat(fromHex("06000010"), computed.tgk);
    const sealed = sealKemac(primitives, { key: psk, context, timestamp, cover }, 1, 1, contents);
    const message = encodeMessage({ header, payloads: [...without(PayloadTypes.KEMAC), sealed] });
    throws(() => consume(message), {
      type: DecodeError,
      message: "Key data at byte 97: payload type 6 has no place in a KEMAC",
    });
  });
});

describe("CSB updates in pre-shared-key mode (RFC 3830 §4.5)", () => {
  const later = { type: 0, value: fromHex("ec00000112345678") };

  for (const name of suiteNames) {
    const suite = suiteByName(name);
    const update = (keys: readonly KeyData[], key = psk) => {
      const header: Header = { dataType: 0, verify: false, prf: suite.prf, csbId, map: emptyMap };
      const payloads: Payload[] = [{ type: PayloadTypes.T, timestamp: later }];
      return createPreSharedKeyMessages(primitives, { header, payloads, suite, timestamp: later, rand }, [
        { psk: key, keys },
      ])[0];
    };

    it(`${name}: without RAND, under the RAND of the first exchange`, () => {
      const bytes = update([tgk(computed.tgk)]);
      refuses(() => consume(bytes), ErrorNumbers.unspecified, /RAND is missing/);
      deepEqual(consume(bytes, psk, rand).keys, [tgk(computed.tgk)]);
      refuses(() => consume(bytes, psk, new Uint8Array(16)), ErrorNumbers.authentication);
    });

    it(`${name}: without keys`, () => {
      const bytes = update([]);
      equal(decodedKemac(bytes).encrypted.length, 0);
      deepEqual(consume(bytes, psk, rand).keys, []);
      for (let i = 0; i < bytes.length; i++) {
        const changed = bytes.slice();
        changed[i] ^= 1;
        const error = throws(() => consume(changed, psk, rand));
        ok(error instanceof Refusal || error instanceof DecodeError);
      }
    });

    it(`${name}: under a cached envelope key, which then is the PSK`, () => {
      const bytes = update([tgk(computed.tgk)], computed.envelopeKey);
      deepEqual(consume(bytes, computed.envelopeKey, rand).keys, [tgk(computed.tgk)]);
      refuses(() => consume(bytes, psk, rand), ErrorNumbers.authentication);
    });
  }

  it("bring no other RAND", () => {
    const bytes = fromHex(samples.preSharedKey);
    deepEqual(consume(bytes, psk, rand).keys, [tgk(computed.tgk)]);
    refuses(() => consume(bytes, psk, new Uint8Array(16)), ErrorNumbers.unspecified, /RAND is not the one/);
  });
});

describe("creating pre-shared-key messages", () => {
  const suite = suiteByName("aes-ccm-128");
  const base = draft(suite);
  const recipient = { psk, keys: [tgk(computed.tgk)] };
  const creating = (change: Partial<PreSharedKeyDraft>) => () =>
    createPreSharedKeyMessages(primitives, { ...base, ...change }, [recipient]);

  it("needs a T and RAND that are the ones of the keys", () => {
    const [, ...untimed] = base.payloads;
    throws(creating({ payloads: untimed }), { type: RangeError, message: /^T: / });
    throws(creating({ timestamp: counterTimestamp(1) }), { type: RangeError, message: /^T: / });
    throws(creating({ timestamp: { type: 1, value: computed.timestamp } }), {
      type: RangeError,
      message: /^T: /,
    });
    throws(creating({ rand: new Uint8Array(16) }), { type: RangeError, message: /^RAND: / });
  });

  it("needs the header of its mode and suite", () => {
    throws(creating({ header: { ...base.header, dataType: 2 } }), {
      type: RangeError,
      message: /^data type: /,
    });
    throws(creating({ header: { ...base.header, prf: 0 } }), { type: RangeError, message: /^PRF func: / });
  });

  it("needs recipients, with contents of one length", () => {
    throws(() => createPreSharedKeyMessages(primitives, base, []), {
      type: RangeError,
      message: /^recipients: /,
    });
    const short = { psk, keys: [tgk(new Uint8Array(15))] };
    throws(() => createPreSharedKeyMessages(primitives, base, [recipient, short]), {
      type: RangeError,
      message: /^keys: /,
    });
  });

  it("leaves the caller's keys alone", () => {
    creating({})();
    equal(toHex(recipient.psk), "000102030405060708090a0b0c0d0e0f");
    equal(toHex(recipient.keys[0].key), toHex(computed.tgk));
  });
});

describe("KEMAC", () => {
  const context = { hash: "sha-256", csbId, rand } as const;
  const cover = fromHex("0001020304");
  const contents = fromHex("00000001ff");
  const seal = (encryption: number, mac: number, t = timestamp) =>
    sealKemac(primitives, { key: psk, context, timestamp: t, cover }, encryption, mac, contents);

  it("is not sealed under algorithms that protect nothing or do not go together", () => {
    for (const [encryption, mac] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 241],
      [1, 243],
      [2, 1],
      [3, 2],
      [241, 0],
      [241, 1],
      [241, 2],
      [241, 243],
    ]) {
      throws(() => seal(encryption, mac), {
        type: RangeError,
        message: /^KEMAC: Encr alg \d+ with MAC alg \d+ /,
      });
    }
  });

  it("depends on T, CSB ID, RAND, key and cover", () => {
    for (const [encryption, mac] of [
      [1, 1],
      [1, 2],
      [241, 241],
      [241, 242],
    ]) {
      const protection = { key: psk, context, timestamp, cover };
      const kemac = seal(encryption, mac);
      equal(toHex(openKemac(primitives, protection, kemac)), toHex(contents));
      const other = new Uint8Array(16).fill(1);
      for (const change of [
        { key: other },
        { cover: fromHex("0001020305") },
        { cover: new Uint8Array(0) },
        { context: { ...context, rand: other } },
        { context: { ...context, csbId: fromHex("11223345") } },
        { context: { ...context, hash: "sha-1" as const } },
      ]) {
        refuses(
          () => openKemac(primitives, { ...protection, ...change }, kemac),
          ErrorNumbers.authentication,
        );
      }
      // T is in the cover too; here it enters IV and nonce alone.
      notEqual(toHex(seal(encryption, mac, counterTimestamp(7)).encrypted), toHex(kemac.encrypted));
    }
  });
});

function decodedKemac(bytes: Uint8Array): Kemac {
  const { payloads } = decodeMessage(bytes);
  const last = payloads[payloads.length - 1];
  if (last.type !== PayloadTypes.KEMAC) fail("expected a KEMAC at the end");
  return last;
}
