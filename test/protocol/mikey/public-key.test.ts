import fc from "fast-check";
import { ascii, concat, fromHex, equal as sameBytes, toHex } from "../../../protocol/bytes.js";
import { emptyMap, type Header } from "../../../protocol/mikey/header.js";
import { openKemac, sealKemac } from "../../../protocol/mikey/kemac.js";
import { readKemacContents, tgk, writeKemacContents } from "../../../protocol/mikey/key-data.js";
import { decodeMessage, encodeMessage } from "../../../protocol/mikey/message.js";
import {
  EnvelopeCaching,
  ErrorNumbers,
  PayloadTypes,
  SignatureTypes,
} from "../../../protocol/mikey/numbers.js";
import type { Payload } from "../../../protocol/mikey/payloads.js";
import {
  checkSignature,
  consumePublicKeyMessage,
  createPublicKeyMessage,
  type PublicKeyDraft,
  type Signer,
} from "../../../protocol/mikey/public-key.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { suiteByName, suiteNames } from "../../../protocol/mikey/suites.js";
import { deepEqual, equal, fail, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { keyData } from "./arbitraries.js";
import { computed } from "./samples.js";

const { csbId, rand, envelopeKey } = computed;
const timestamp = { type: 0, value: computed.timestamp };
const initiator = { type: 0, data: ascii("tp1@example") };
const wrappedKey = new Uint8Array(256).fill(0xee);
const certificateHash = primitives.sha256(ascii("a certificate"));

/** Signs and verifies with an HMAC: what is covered is seen as well with it as with RSA. */
const signingKey = ascii("a signing key");
const signer: Signer = {
  algorithm: SignatureTypes.rsaPss,
  length: 32,
  sign: (data) => primitives.hmac("sha-256", signingKey, data),
};
const verify = (data: Uint8Array, signature: Uint8Array) => sameBytes(signer.sign(data), signature);
const unwrap = (wrapped: Uint8Array) => (sameBytes(wrapped, wrappedKey) ? envelopeKey.slice() : undefined);

function draft(name: (typeof suiteNames)[number]): PublicKeyDraft {
  const suite = suiteByName(name);
  const header: Header = { dataType: 2, verify: true, prf: suite.prf, csbId, map: emptyMap };
  const payloads: Payload[] = [
    { type: PayloadTypes.T, timestamp },
    { type: PayloadTypes.RAND, rand },
    { type: PayloadTypes.ID, identity: initiator },
  ];
  return {
    header,
    payloads,
    suite,
    timestamp,
    rand,
    initiator,
    keys: [tgk(computed.tgk)],
    envelopeKey,
    wrappedKey,
    certificateHash,
  };
}

const create = (name: (typeof suiteNames)[number], change: Partial<PublicKeyDraft> = {}) =>
  createPublicKeyMessage(primitives, { ...draft(name), ...change }, signer);

function consume(bytes: Uint8Array, opens = unwrap, updateRand?: Uint8Array) {
  const message = decodeMessage(bytes);
  checkSignature(message, SignatureTypes.rsaPss, verify);
  return consumePublicKeyMessage(primitives, message, opens, updateRand);
}

function refuses(call: () => unknown, errorNumber: number, message?: RegExp): void {
  const error = throws(call, message === undefined ? Refusal : { type: Refusal, message });
  ok(error instanceof Refusal);
  equal(error.errorNumber, errorNumber, error.message);
}

/** The message with another chain of payloads, signed anew. */
function signed(header: Header, payloads: readonly Payload[]): Uint8Array {
  const sign: Payload = {
    type: PayloadTypes.SIGN,
    algorithm: signer.algorithm,
    signature: new Uint8Array(32),
  };
  const bytes = encodeMessage({ header, payloads: [...payloads, sign] });
  bytes.set(signer.sign(bytes.subarray(0, bytes.length - 32)), bytes.length - 32);
  return bytes;
}

describe("KEMAC of public-key messages (RFC 3830 §6.2)", () => {
  const contents = writeKemacContents({ identity: initiator, keys: [tgk(computed.tgk)] });

  it("has the Initiator's identity before the keys", () => {
    equal(toHex(contents), "1400000b747031406578616d706c65" + "00000010404142434445464748494a4b4c4d4e4f");
  });

  for (const [hash, mac, kemac] of [
    [
      "sha-1",
      1,
      "020100234f524a83c02e0f118b9bec4c9c7927b0d21eeeed878dcb00f88953191333ff3fa4a536012598d63157782663bf6342d5e6b5a165cf746de7",
    ],
    [
      "sha-256",
      2,
      "0201002383e3b5825a134106871375cab29ec58b0aa707d333c3fa8c38c2b39a1e667bd4abdc3d02dbfb86d6d940818de369515a04ef246ce01da98ac6158e0602cb129631f2327f",
    ],
  ] as const) {
    it(`${hash}: the computed payload, byte for byte`, () => {
      const context = { hash, csbId, rand };
      const protection = { key: envelopeKey, context, timestamp, cover: new Uint8Array(0) };
      const sealed = sealKemac(primitives, protection, 1, mac, contents);
      // Before a PKE payload: Next payload is 2 on the wire, and was 0 under the MAC.
      const pke: Payload = { type: PayloadTypes.PKE, caching: 0, data: wrappedKey };
      const header: Header = { dataType: 2, verify: false, prf: 0, csbId, map: emptyMap };
      const bytes = encodeMessage({ header, payloads: [sealed, pke] });
      equal(toHex(bytes.subarray(10, 10 + kemac.length / 2)), kemac);
      const [read] = decodeMessage(bytes).payloads;
      if (read.type !== PayloadTypes.KEMAC) fail("expected KEMAC");
      const opened = openKemac(primitives, protection, read);
      deepEqual(readKemacContents(opened, "publicKey", 0), {
        identity: initiator,
        keys: [tgk(computed.tgk)],
      });
    });
  }
});

describe("public-key messages of MIKEY", () => {
  for (const name of suiteNames) {
    it(`${name}: what was created can be consumed`, () => {
      const bytes = create(name);
      const { payloads } = decodeMessage(bytes);
      deepEqual(
        payloads.map(({ type }) => type),
        [5, 11, 6, 1, 8, 2, 4],
      );
      const accepted = consume(bytes);
      deepEqual(accepted.identity, initiator);
      deepEqual(accepted.keys, [tgk(computed.tgk)]);
      deepEqual(accepted.timestamp, timestamp);
      equal(toHex(accepted.envelopeKey), toHex(envelopeKey));
    });

    it(`${name}: a changed byte anywhere is never accepted, and nothing is opened`, () => {
      const bytes = create(name);
      const neverOpened = () => fail("PKE was opened before the signature was checked");
      for (let i = 0; i < bytes.length; i++) {
        const changed = bytes.slice();
        changed[i] ^= 1 << (i % 8);
        const error = throws(() => consume(changed, neverOpened));
        ok(error instanceof Refusal || error instanceof DecodeError, String(error));
      }
    });

    it(`${name}: a KEMAC that was changed and signed is refused`, () => {
      const { header, payloads } = decodeMessage(create(name));
      const kemac = payloads[3];
      if (kemac.type !== PayloadTypes.KEMAC) fail("expected KEMAC");
      for (const field of ["encrypted", "tag"] as const) {
        for (let i = 0; i < kemac[field].length; i++) {
          const value = kemac[field].slice();
          value[i] ^= 0x10;
          const changed = payloads.map((payload) =>
            payload === kemac ? { ...kemac, [field]: value } : payload,
          );
          refuses(
            () => consume(signed(header, changed.slice(0, -1))),
            ErrorNumbers.authentication,
            /^the envelope does not open$/,
          );
        }
      }
    });
  }

  it("carry any keys", () => {
    fc.assert(
      fc.property(fc.array(keyData, { maxLength: 3 }), (keys) => {
        deepEqual(consume(create("aes-ccm-128", { keys })).keys, keys);
      }),
      { numRuns: 25 },
    );
  });

  it("are signed up to SIGN's own header (RFC 3830 §5.2)", () => {
    let covered = new Uint8Array(0);
    const bytes = createPublicKeyMessage(primitives, draft("aes-ccm-128"), {
      ...signer,
      sign: (data) => {
        covered = data.slice();
        return signer.sign(data);
      },
    });
    equal(toHex(covered), toHex(bytes.subarray(0, bytes.length - 32)));
    // S type 1 and the final length stand in the last two bytes that are signed.
    equal(toHex(covered.subarray(-2)), "1020");
  });

  it("may have their payloads in any order", () => {
    const { header, payloads } = decodeMessage(create("aes-cm-128-hmac-sha-256"));
    const shuffled = payloads.slice(0, -1).reverse();
    deepEqual(consume(signed(header, shuffled)).keys, [tgk(computed.tgk)]);
  });

  it("may leave out CHASH", () => {
    const { header, payloads } = decodeMessage(create("aes-ccm-128"));
    const rest = payloads.filter(({ type }) => type !== PayloadTypes.CHASH && type !== PayloadTypes.SIGN);
    deepEqual(consume(signed(header, rest)).keys, [tgk(computed.tgk)]);
  });
});

describe("signatures of public-key messages", () => {
  const bytes = create("aes-ccm-128");
  const check =
    (changed: Uint8Array, algorithm: number = SignatureTypes.rsaPss, verifier = verify) =>
    () =>
      checkSignatureOf(changed, algorithm, verifier);

  it("must hold, be there and be of the accepted type", () => {
    check(bytes)();
    refuses(check(bytes, SignatureTypes.rsaPkcs1), ErrorNumbers.authentication, /S type 1 is not accepted/);
    refuses(
      check(bytes, SignatureTypes.rsaPss, () => false),
      ErrorNumbers.authentication,
      /does not hold/,
    );
    const { header, payloads } = decodeMessage(bytes);
    refuses(
      check(encodeMessage({ header, payloads: payloads.slice(0, -1) })),
      ErrorNumbers.authentication,
      /SIGN is missing/,
    );
  });

  it("cover all that stands in the message: nothing may stand behind it", () => {
    refuses(check(concat(bytes, fromHex("00"))), ErrorNumbers.authentication, /behind the last/);
  });

  it("must be as long as was said before signing", () => {
    const short: Signer = { ...signer, sign: () => new Uint8Array(31) };
    throws(() => createPublicKeyMessage(primitives, draft("aes-ccm-128"), short), {
      type: RangeError,
      message: "signature: expected 32 bytes, got 31",
    });
  });
});

describe("refusing public-key messages", () => {
  const { header, payloads } = decodeMessage(create("aes-ccm-128"));
  const unsigned = payloads.slice(0, -1);
  const without = (type: number) => unsigned.filter((payload) => payload.type !== type);
  const notOpened = () => fail("PKE was opened");

  it("says the same whether PKE does not open, opens to a short key or to a wrong one", () => {
    const bytes = create("aes-ccm-128");
    for (const wrong of [
      undefined,
      new Uint8Array(0),
      new Uint8Array(15),
      new Uint8Array(16),
      new Uint8Array(32),
    ]) {
      refuses(() => consume(bytes, () => wrong), ErrorNumbers.authentication, /^the envelope does not open$/);
    }
  });

  it("refuses everything else before PKE is opened", () => {
    const consumed =
      (changed: readonly Payload[], change: Partial<Header> = {}) =>
      () =>
        consume(signed({ ...header, ...change }, changed), notOpened);
    const kemac = unsigned[3];
    if (kemac.type !== PayloadTypes.KEMAC) fail("expected KEMAC");
    const altered = (change: Partial<typeof kemac>) =>
      unsigned.map((payload) => (payload === kemac ? { ...kemac, ...change } : payload));
    refuses(consumed(unsigned, { dataType: 0 }), ErrorNumbers.dataType);
    refuses(consumed(unsigned, { prf: 9 }), ErrorNumbers.prf);
    refuses(consumed(altered({ encryption: 0 })), ErrorNumbers.encryption);
    refuses(consumed(altered({ mac: 0, tag: new Uint8Array(0) })), ErrorNumbers.mac);
    refuses(consumed(altered({ mac: 2, tag: new Uint8Array(32) })), ErrorNumbers.mac);
    refuses(consumed(without(PayloadTypes.KEMAC)), ErrorNumbers.authentication, /KEMAC is missing/);
    refuses(consumed([kemac, ...unsigned]), ErrorNumbers.authentication, /KEMAC stands 2 times/);
    refuses(consumed(without(PayloadTypes.PKE)), ErrorNumbers.authentication, /PKE is missing/);
    refuses(consumed(without(PayloadTypes.T)), ErrorNumbers.timestamp);
    refuses(consumed(without(PayloadTypes.RAND)), ErrorNumbers.unspecified);
  });

  it("with SP beside an empty map (RFC 4563 §5)", () => {
    // No writer writes it: an SP is cut in before the first payload.
    const bytes = signed(header, unsigned);
    const changed = concat(bytes.subarray(0, 10), fromHex("0500000000"), bytes.subarray(10));
    changed[2] = PayloadTypes.SP;
    changed.set(signer.sign(changed.subarray(0, changed.length - 32)), changed.length - 32);
    refuses(() => consume(changed, notOpened), ErrorNumbers.securityPolicy);
  });

  it("names the place of contents that can't be read", () => {
    const { suite } = draft("aes-ccm-128");
    const context = { hash: suite.hash, csbId, rand };
    // An identity of 64 bytes, of which none is there.
    const contents = fromHex("00000040");
    const protection = { key: envelopeKey, context, timestamp, cover: new Uint8Array(0) };
    const sealed = sealKemac(primitives, protection, suite.encryption, suite.mac, contents);
    const bytes = signed(header, [...unsigned.slice(0, 3), sealed, ...unsigned.slice(4)]);
    throws(() => consume(bytes), {
      type: DecodeError,
      message: /^ID at byte 61: identity takes 64 bytes, 0 left$/,
    });
  });
});

describe("CSB updates in public-key mode (RFC 3830 §4.5)", () => {
  const later = { type: 0, value: fromHex("ec00000112345678") };
  const payloads: Payload[] = [{ type: PayloadTypes.T, timestamp: later }];

  for (const name of suiteNames) {
    it(`${name}: without RAND and keys, the identity still under encryption`, () => {
      const bytes = create(name, { payloads, timestamp: later, keys: [] });
      refuses(() => consume(bytes), ErrorNumbers.unspecified, /RAND is missing/);
      const { identity, keys } = consume(bytes, unwrap, rand);
      deepEqual(identity, initiator);
      deepEqual(keys, []);
    });
  }

  it("without KEMAC: a new envelope key for the answer, and no keys", () => {
    const update = decodeMessage(create("aes-ccm-128", { payloads, timestamp: later }));
    const rest = update.payloads.filter(
      ({ type }) => type !== PayloadTypes.KEMAC && type !== PayloadTypes.SIGN,
    );
    const accepted = consume(signed(update.header, rest), unwrap, rand);
    deepEqual(accepted.keys, []);
    equal(accepted.identity, undefined);
    equal(toHex(accepted.envelopeKey), toHex(envelopeKey));
  });

  it("say whether the envelope key is cached, in C of PKE", () => {
    for (const caching of [EnvelopeCaching.none, EnvelopeCaching.always, EnvelopeCaching.thisSession]) {
      const { payloads } = decodeMessage(create("aes-ccm-128", { caching }));
      const pke = payloads.find(({ type }) => type === PayloadTypes.PKE);
      ok(pke?.type === PayloadTypes.PKE && pke.caching === caching);
    }
  });
});

describe("creating public-key messages", () => {
  it("needs a header, T, RAND and envelope key that fit", () => {
    const creating = (change: Partial<PublicKeyDraft>) => () => create("aes-ccm-128", change);
    const { header } = draft("aes-ccm-128");
    throws(creating({ header: { ...header, dataType: 0 } }), { type: RangeError, message: /^data type: / });
    throws(creating({ header: { ...header, prf: 0 } }), { type: RangeError, message: /^PRF func: / });
    throws(creating({ payloads: [] }), { type: RangeError, message: /^T: / });
    throws(creating({ rand: new Uint8Array(16) }), { type: RangeError, message: /^RAND: / });
    throws(creating({ envelopeKey: new Uint8Array(15) }), { type: RangeError, message: /^envelope key: / });
    throws(creating({ certificateHash: new Uint8Array(20) }), { type: RangeError, message: /^Hash: / });
  });
});

function checkSignatureOf(bytes: Uint8Array, algorithm: number, verifier: typeof verify): void {
  checkSignature(decodeMessage(bytes), algorithm, verifier);
}
