import { ascii, concat } from "../../../protocol/bytes.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import { createSession } from "../../../protocol/exchange/session.js";
import { createShareMessages } from "../../../protocol/exchange/share-message.js";
import { tgk } from "../../../protocol/mikey/key-data.js";
import {
  DataTypes,
  ErrorNumbers,
  ExtensionTypes,
  KeyTypes,
  PayloadTypes,
  Roles,
} from "../../../protocol/mikey/numbers.js";
import type { GeneralExtension } from "../../../protocol/mikey/payloads.js";
import { suiteByName, suiteNames } from "../../../protocol/mikey/suites.js";
import { counterTimestamp, ntpTimestamp } from "../../../protocol/mikey/timestamps.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { acceptShare, begin, identity, material, policyOf, pskOf, responder, unixTime } from "./parties.js";
import { on, refuses, refusesDamage, reseal, rewrite } from "./refusals.js";

const policy = policyOf();
const message = begin(policy).messages[0];
const accept = (bytes: Uint8Array, expected: Policy = policy) => acceptShare(expected, 1, bytes);
const extension = (change: (data: Uint8Array) => Uint8Array) =>
  on(PayloadTypes.generalExtension, (payload): GeneralExtension => {
    return { ...payload, data: change(payload.data) };
  });
const setByte = (index: number, value: number) =>
  extension((data) => data.map((byte, i) => (i === index ? value : byte)));
const role = (number: number, change: () => ReturnType<Parameters<typeof on>[1]>) =>
  on(PayloadTypes.IDR, (payload) => (payload.role === number ? change() : payload));

describe("I_TP", () => {
  for (const suite of suiteNames) {
    it(`is never accepted damaged: ${suite}`, () => {
      const under = policyOf(2, 1, 3, suite);
      const { messages } = begin(under);
      for (const x of [1, 3]) {
        equal(acceptShare(under, x, messages[x - 1]).share.length, 16);
        refusesDamage(messages[x - 1], (bytes) => acceptShare(under, x, bytes));
      }
    });

    it(`needs the right PSK: ${suite}`, () => {
      const under = policyOf(2, 1, 3, suite);
      const [bytes] = begin(under).messages;
      refuses(() => acceptShare(under, 2, bytes), ErrorNumbers.authentication, /MAC of KEMAC does not hold/);
    });
  }

  it("survives being sealed again unchanged, so that the changes below are what is refused", () => {
    deepEqual(reseal(message, pskOf(1), {}), message);
  });

  it("needs one T, a COUNTER", () => {
    const edit = (value: Parameters<typeof on<typeof PayloadTypes.T>>[1]) =>
      rewrite(message, on(PayloadTypes.T, value));
    for (const timestamp of [ntpTimestamp(unixTime), { ...ntpTimestamp(unixTime), type: 1 }]) {
      const other = edit((payload) => ({ ...payload, timestamp }));
      refuses(() => accept(other), ErrorNumbers.timestamp, /T is not a COUNTER/);
    }
    const ntp32 = { type: 3, value: new Uint8Array(4) };
    refuses(
      () => accept(edit((payload) => ({ ...payload, timestamp: ntp32 }))),
      ErrorNumbers.timestamp,
      /not a COUNTER/,
    );
    refuses(() => accept(edit(() => undefined)), ErrorNumbers.timestamp, /T is missing/);
    refuses(() => accept(edit((t) => [t, t])), ErrorNumbers.timestamp, /T stands 2 times/);
  });

  it("is of this T only: another one does not verify", () => {
    const later = rewrite(
      message,
      on(PayloadTypes.T, (payload) => ({ ...payload, timestamp: counterTimestamp(8) })),
    );
    refuses(() => accept(later), ErrorNumbers.authentication, /MAC/);
  });

  it("needs one RAND of 16 bytes", () => {
    const edit = (value: Parameters<typeof on<typeof PayloadTypes.RAND>>[1]) =>
      rewrite(message, on(PayloadTypes.RAND, value));
    for (const length of [0, 15, 17]) {
      const other = edit((payload) => ({ ...payload, rand: new Uint8Array(length) }));
      refuses(() => accept(other), ErrorNumbers.unspecified, /RAND: expected 16 bytes/);
    }
    refuses(() => accept(edit(() => undefined)), ErrorNumbers.unspecified, /RAND is missing/);
    refuses(() => accept(edit((rand) => [rand, rand])), ErrorNumbers.unspecified, /RAND stands 2 times/);
    refuses(
      () => accept(edit((payload) => ({ ...payload, rand: material("other", 16) }))),
      ErrorNumbers.authentication,
      /MAC/,
    );
  });

  it("needs the identities of sensor and Responder, once each", () => {
    for (const [number, name] of [
      [Roles.initiator, "sensor"],
      [Roles.responder, "Responder"],
    ] as const) {
      const missing = rewrite(
        message,
        role(number, () => undefined),
      );
      refuses(() => accept(missing), ErrorNumbers.identity, new RegExp(`no identity of the ${name}`));
      const payload = { type: PayloadTypes.IDR, role: number, identity: identity("other") } as const;
      const twice = rewrite(
        message,
        role(number, () => [payload, payload]),
      );
      refuses(() => accept(twice), ErrorNumbers.identity, new RegExp(`two identities of the ${name}`));
    }
  });

  it("under the PSK of this sensor, but in another's name", () => {
    const other = { type: PayloadTypes.IDR, role: Roles.initiator, identity: identity("other") } as const;
    const bytes = reseal(message, pskOf(1), { edit: role(Roles.initiator, () => other) });
    refuses(() => accept(bytes), ErrorNumbers.identity, /the sensor is not the enrolled one/);
  });

  it("tells a sensor's identity from the same bytes of another type", () => {
    const other = { ...identity("sensor"), type: 0 };
    const edit = role(Roles.initiator, () => ({
      type: PayloadTypes.IDR,
      role: Roles.initiator,
      identity: other,
    }));
    refuses(() => accept(reseal(message, pskOf(1), { edit })), ErrorNumbers.identity, /not the enrolled one/);
  });

  it("authorises the Responder that the sensor names", () => {
    deepEqual(accept(message).session.responder, responder);
    const other = { type: PayloadTypes.IDR, role: Roles.responder, identity: identity("other") } as const;
    const edit = role(Roles.responder, () => other);
    refuses(() => accept(rewrite(message, edit)), ErrorNumbers.authentication, /MAC/);
  });

  it("is refused by name when it is of another profile", () => {
    const number = ErrorNumbers.messageType;
    const under = (profile: number) => () => accept(rewrite(message, setByte(0, profile)));
    refuses(under(0x21), number, /profile 2 with scheme 1 is not profile 1 with scheme 1/);
    refuses(under(0x12), number, /profile 1 with scheme 2 is not profile 1 with scheme 1/);
    refuses(under(0x00), number, /profile 0 with scheme 0/);
    const empty = rewrite(
      message,
      extension(() => new Uint8Array(0)),
    );
    refuses(() => accept(empty), number, /an unnamed profile is not profile 1 with scheme 1/);
    // Whatever else it says: its length may be another one too.
    const long = rewrite(
      message,
      extension(() => Uint8Array.of(0x31, 1, 2, 3)),
    );
    refuses(() => accept(long), number, /profile 3 with scheme 1/);
    const none = rewrite(
      message,
      on(PayloadTypes.generalExtension, () => undefined),
    );
    refuses(() => accept(none), number, /does not speak profile 1/);
  });

  it("needs share parameters of 12 bytes, once", () => {
    for (const change of [
      (data: Uint8Array) => data.subarray(0, 11),
      (data: Uint8Array) => data.subarray(0, 1),
      (data: Uint8Array) => concat(data, Uint8Array.of(0)),
    ]) {
      refuses(() => accept(rewrite(message, extension(change))), ErrorNumbers.share, /expected 12 bytes/);
    }
    const twice = rewrite(
      message,
      on(PayloadTypes.generalExtension, (payload) => [payload, payload]),
    );
    refuses(() => accept(twice), ErrorNumbers.unspecified, /General Extension 241 stands more than once/);
  });

  it("with k, t or n that differ from the policy is refused, under a MAC that holds", () => {
    const under = (index: number, value: number) => () =>
      accept(reseal(message, pskOf(1), { edit: setByte(index, value) }));
    const number = ErrorNumbers.share;
    refuses(under(1, 3), number, /threshold 3 is not the enrolled 2/);
    refuses(under(1, 1), number, /threshold 1 is below 2/);
    refuses(under(1, 0), number, /threshold 0 is below 2/);
    refuses(under(2, 0), number, /privacy 0 is not the enrolled 1/);
    refuses(under(2, 2), number, /privacy 2 is not the enrolled 1/);
    refuses(under(3, 4), number, /number of third parties 4 is not the enrolled 3/);
    refuses(under(3, 2), number, /number of third parties 2 is not the enrolled 3/);
  });

  it("of k = 1 is refused even where the policy says so", () => {
    const lax = { ...policy, threshold: 1 };
    const bytes = reseal(message, pskOf(1), { edit: setByte(1, 1) });
    refuses(() => accept(bytes, lax), ErrorNumbers.share, /threshold 1 is below 2/);
  });

  it("does not say what the policy is to someone without the PSK", () => {
    for (const index of [1, 2, 3]) {
      refuses(
        () => accept(rewrite(message, setByte(index, 9))),
        ErrorNumbers.authentication,
        /^the MAC of KEMAC does not hold$/,
      );
    }
  });

  it("under another suite than the enrolled one is refused, under a MAC that holds", () => {
    for (const name of suiteNames) {
      if (name === policy.suite) continue;
      const bytes = reseal(message, pskOf(1), { suite: suiteByName(name) });
      refuses(() => accept(bytes), ErrorNumbers.encryption, new RegExp(`suite ${name} is not the enrolled`));
    }
  });

  it("under algorithms that make no suite is refused with the number of the one that is not known", () => {
    const under = (encryption: number, mac: number, tag: number) => () =>
      accept(
        rewrite(
          message,
          on(PayloadTypes.KEMAC, (payload) => ({ ...payload, encryption, mac, tag: new Uint8Array(tag) })),
        ),
      );
    refuses(under(0, 2, 32), ErrorNumbers.encryption, /Encr alg 0 is not supported/);
    refuses(under(3, 2, 32), ErrorNumbers.encryption, /Encr alg 3 is not supported/);
    refuses(under(241, 0, 0), ErrorNumbers.mac, /MAC alg 0 does not go with Encr alg 241/);
    refuses(under(1, 0, 0), ErrorNumbers.mac, /MAC alg 0 does not go with Encr alg 1/);
    refuses(under(1, 241, 16), ErrorNumbers.mac, /MAC alg 241 does not go with Encr alg 1/);
    // Known algorithms, but not together: PRF 1 with HMAC-SHA-1.
    refuses(under(1, 1, 20), ErrorNumbers.encryption, /make no suite of profile 1/);
    const prf = rewrite(message, (payload) => payload, { prf: 2 });
    refuses(() => accept(prf), ErrorNumbers.prf, /PRF func 2 is not supported/);
    const sha1 = rewrite(message, (payload) => payload, { prf: 0 });
    refuses(() => accept(sha1), ErrorNumbers.encryption, /make no suite of profile 1/);
  });

  it("needs its KEMAC, once and last", () => {
    const none = rewrite(
      message,
      on(PayloadTypes.KEMAC, () => undefined),
    );
    refuses(() => accept(none), ErrorNumbers.authentication, /KEMAC is missing/);
    const twice = rewrite(
      message,
      on(PayloadTypes.KEMAC, (payload) => [payload, payload]),
    );
    refuses(() => accept(twice), ErrorNumbers.authentication, /KEMAC stands 2 times/);
    const vendor: GeneralExtension = { type: PayloadTypes.generalExtension, extension: 0, data: ascii("x") };
    const first = rewrite(
      message,
      on(PayloadTypes.KEMAC, (payload) => [payload, vendor]),
    );
    refuses(() => accept(first), ErrorNumbers.authentication, /KEMAC is not the last payload/);
  });

  it("holds one TGK of 16 bytes", () => {
    const share = tgk(new Uint8Array(16));
    const holding =
      (...keys: Parameters<typeof reseal>[2]["keys"] & object) =>
      () =>
        accept(reseal(message, pskOf(1), { keys }));
    equal(holding(share)().share.length, 16);
    for (const keys of [
      [],
      [share, share],
      [tgk(new Uint8Array(15))],
      [tgk(new Uint8Array(32))],
      [tgk(new Uint8Array(0))],
      [{ ...share, type: KeyTypes.tek }],
      [{ ...share, type: KeyTypes.tgkAndSalt, salt: new Uint8Array(14) }],
    ]) {
      refuses(holding(...keys), ErrorNumbers.share, /KEMAC does not hold one share of 16 bytes/);
    }
  });

  it("is of data type 0", () => {
    for (const dataType of [DataTypes.preSharedKeyVerification, DataTypes.publicKey, DataTypes.error, 77]) {
      const other = rewrite(message, (payload) => payload, { dataType });
      refuses(() => accept(other), ErrorNumbers.dataType, new RegExp(`data type ${dataType} came where 0`));
    }
  });

  it("may have extensions that this end does not know, under the MAC", () => {
    const vendor: GeneralExtension = {
      type: PayloadTypes.generalExtension,
      extension: ExtensionTypes.vendorId,
      data: ascii("vendor"),
    };
    const edit = on(PayloadTypes.RAND, (rand) => [rand, vendor]);
    deepEqual(accept(reseal(message, pskOf(1), { edit })), accept(message));
    refuses(() => accept(rewrite(message, edit)), ErrorNumbers.authentication, /MAC/);
  });

  it("is not made with PSKs, weights or a TGK that do not fit", () => {
    const session = createSession(primitives, policy, responder, new Uint8Array(8), 1);
    const weights = weightMatrix(sharingOf(policy));
    const psks = [1, 2, 3].map(pskOf);
    const secret = new Uint8Array(16);
    const create = (keys: Uint8Array[], matrix: Uint8Array, key: Uint8Array) => () =>
      createShareMessages(primitives, session, keys, matrix, key);
    equal(create(psks, weights, secret)().length, 3);
    throws(create(psks.slice(1), weights, secret), { type: RangeError, message: "PSKs: expected 3, got 2" });
    throws(create(psks, weights.subarray(1), secret), { type: RangeError, message: /weights/ });
    throws(create(psks, weights, new Uint8Array(32)), { type: RangeError, message: /TGK/ });
  });
});
