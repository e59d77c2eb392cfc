import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import { DERIVED_SHARE_CONSTANT } from "../../../protocol/exchange/profile.js";
import {
  channelKeys,
  checkValue,
  createSession,
  derivedShare,
  type Session,
  sessionRand,
} from "../../../protocol/exchange/session.js";
import { MessageKeys, SessionKeys } from "../../../protocol/mikey/keys.js";
import { mikeyPrf } from "../../../protocol/mikey/prf.js";
import { suiteByName, suiteNames } from "../../../protocol/mikey/suites.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { identity, material, policyOf, responder, sensor } from "./parties.js";

const nonce = fromHex("1122334455667788");
const session = createSession(primitives, policyOf(3, 1, 5), responder, nonce, 0x01020304);
const tgk = material("TGK", 32);
/** Of third party 1, for t is 1. */
const derived = [material("derived", 16)];

/** PRF(key, constant ‖ cs_id ‖ CSB ID ‖ RAND), from HMACs alone. */
const prf = (key: Uint8Array, constant: string, csId: string, length: number, of = session) =>
  mikeyPrf(primitives.hmac, of.suite.hash, key, concat(fromHex(constant + csId), of.csbId, of.rand), length);

describe("a session", () => {
  it("has the first half of N as its CSB ID, and RAND of the sensor, N and T", () => {
    deepEqual(session.csbId, fromHex("11223344"));
    // type 2, length 0008, then the identity.
    const input = concat(
      ascii("symbolon-rand"),
      fromHex("020008"),
      ascii("sensor--"),
      nonce,
      fromHex("01020304"),
    );
    deepEqual(session.rand, primitives.sha256(input).slice(0, 16));
    deepEqual(sessionRand(primitives, sensor, nonce, 0x01020304), session.rand);
    deepEqual(session.sharing, { threshold: 3, privacy: 1, shares: 5 });
  });

  it("has another RAND for another sensor, N or T", () => {
    const rands = [
      session.rand,
      sessionRand(primitives, identity("other"), nonce, 0x01020304),
      sessionRand(primitives, { ...sensor, type: 0 }, nonce, 0x01020304),
      sessionRand(primitives, sensor, fromHex("1122334455667789"), 0x01020304),
      sessionRand(primitives, sensor, nonce, 0x01020305),
    ];
    equal(new Set(rands.map(toHex)).size, rands.length);
  });

  it("needs a nonce of 8 bytes and a T that is a COUNTER", () => {
    const create = (n: Uint8Array, t: number) => () => createSession(primitives, policyOf(), responder, n, t);
    for (const length of [0, 4, 7, 9]) {
      throws(create(new Uint8Array(length), 1), {
        type: RangeError,
        message: `nonce: expected 8 bytes, got ${length}`,
      });
    }
    throws(create(nonce, 2 ** 32), RangeError);
  });

  it("has the check value of design: HMAC under kc over everything that the parties agree on", () => {
    for (const name of suiteNames) {
      const under = { ...session, suite: suiteByName(name) };
      const kc = prf(tgk, "1b5c7973", "00", 32, under);
      const covered = concat(
        ascii("symbolon-cv"),
        fromHex("11030105"),
        fromHex("020008"),
        ascii("sensor--"),
        fromHex("020008"),
        ascii("server--"),
        fromHex("01020304"),
        session.csbId,
        session.rand,
        ...derived,
      );
      deepEqual(
        checkValue(primitives, under, tgk, derived),
        primitives.hmac("sha-256", kc, covered).slice(0, 8),
        name,
      );
    }
  });

  it("has another check value for whatever differs", () => {
    const { sharing } = session;
    const others: Session[] = [
      { sensor: identity("other") },
      { responder: identity("other") },
      // The same bytes, cut elsewhere.
      {
        sensor: { type: 2, data: ascii("sensor--s") },
        responder: { type: 2, data: ascii("erver--") },
      },
      { sharing: { ...sharing, threshold: 4 } },
      { sharing: { ...sharing, shares: 6 } },
      { t: 1 },
      { csbId: material("csb", 4) },
      { rand: material("rand", 16) },
    ].map((change) => ({ ...session, ...change }));
    const hexOf = (of: Session, secret = tgk, shares = derived) =>
      toHex(checkValue(primitives, of, secret, shares));
    const second = material("second", 16);
    const two = { ...session, sharing: { ...sharing, privacy: 2 } };
    const values = [
      ...[session, ...others].map((other) => hexOf(other)),
      hexOf(session, material("other", 32)),
      hexOf(session, tgk, [second]),
      hexOf(two, tgk, [...derived, second]),
      hexOf(two, tgk, [second, ...derived]),
      hexOf({ ...session, sharing: { ...sharing, privacy: 0 } }, tgk, []),
    ];
    equal(new Set(values).size, others.length + 6);
  });

  it("has no check value of fewer or more derived shares than t", () => {
    for (const shares of [[], [...derived, ...derived]]) {
      throws(() => checkValue(primitives, session, tgk, shares), {
        name: "RangeError",
        message: `derived shares: expected 1, got ${shares.length}`,
      });
    }
  });

  it("has TEK and salt of RFC 3830 §4.1.3 for crypto session 1", () => {
    for (const name of suiteNames) {
      const under = { ...session, suite: suiteByName(name) };
      const keys = channelKeys(primitives, under, tgk);
      deepEqual(keys.tek, prf(tgk, "2ad01c64", "01", 16, under), name);
      deepEqual(keys.salt, prf(tgk, "39a2c14b", "01", 8, under), name);
      equal(fingerprint(primitives, keys), toHex(primitives.sha256(keys.tek)).slice(0, 32));
    }
  });

  it("has the TEKs of the computed vectors (PRF 0 and 1)", () => {
    const computed = {
      ...session,
      csbId: fromHex("11223344"),
      rand: fromHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"),
    };
    const key = fromHex("404142434445464748494a4b4c4d4e4f");
    const tek = (name: (typeof suiteNames)[number]) =>
      toHex(channelKeys(primitives, { ...computed, suite: suiteByName(name) }, key).tek);
    equal(tek("aes-cm-128-hmac-sha-1"), "3bcf36c2069304edad26ad43ba8d308d");
    equal(tek("aes-ccm-128"), "8c5f3fbfc6727b57e7b4286a74703293");
    const sha1 = { ...computed, suite: suiteByName("aes-cm-128-hmac-sha-1") };
    equal(toHex(channelKeys(primitives, sha1, key).salt), "b9557b8a34ce142a");
    equal(toHex(channelKeys(primitives, computed, key).salt), "5a29986623e5b248");
  });

  it("derives shares with a constant of its own: the digits of e that RFC 6043 leaves", () => {
    // The decimals of e, nine by nine: four for keys of a TGK, three for messages, four of RFC 6043.
    const e =
      "718281828459045235360287471352662497757247093699959574966967627" +
      "724076630353547594571382178525166427427466391932003059";
    for (const taken of [...Object.values(SessionKeys), ...Object.values(MessageKeys)]) {
      equal(e.slice(0, 63).includes(`${taken}`), true, `${taken}`);
    }
    equal(DERIVED_SHARE_CONSTANT, Number(e.slice(99, 108)));
    const psk = material("psk", 16);
    const constant = DERIVED_SHARE_CONSTANT.toString(16).padStart(8, "0");
    deepEqual(derivedShare(primitives, session, psk), prf(psk, constant, "ff", 16));
  });

  it("shows a fingerprint that is no key", () => {
    const keys = channelKeys(primitives, session, tgk);
    equal(fingerprint(primitives, keys).includes(toHex(keys.tek).slice(0, 8)), false);
  });
});
