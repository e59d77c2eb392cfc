import { ascii, concat, uint } from "../../../protocol/bytes.js";
import {
  consumeForwardMessage,
  readForwardMessage,
  refuseOutsiders,
} from "../../../protocol/exchange/forward-message.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { labelContextOf } from "../../../protocol/exchange/session.js";
import { sealKemac } from "../../../protocol/mikey/kemac.js";
import { type KeyData, tgk, writeKemacContents } from "../../../protocol/mikey/key-data.js";
import {
  CertificateTypes,
  DataTypes,
  ErrorNumbers,
  ExtensionTypes,
  HashFunctions,
  PayloadTypes,
  Roles,
  SignatureTypes,
} from "../../../protocol/mikey/numbers.js";
import type { GeneralExtension } from "../../../protocol/mikey/payloads.js";
import { suiteByName, suiteNames } from "../../../protocol/mikey/suites.js";
import { counterTimestamp, ntpTimestamp } from "../../../protocol/mikey/timestamps.js";
import { deepEqual, equal, fail, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import {
  acceptForward,
  acceptShare,
  begin,
  forward,
  forwardingParty,
  identity,
  knownResponder,
  material,
  policyOf,
  receivingResponder,
  statement,
  unixTime,
  verifierOf,
} from "./parties.js";
import { type Edit, on, refuses, refusesDamage, resign, rewrite } from "./refusals.js";

const policy = policyOf();
const [first, second] = policy.thirdParties;
const accepted = acceptShare(policy, 1, begin(policy).messages[0]);
const { bytes: message, envelopeKey } = forward(policy, 1, accepted);
const accept = (bytes: Uint8Array, expected: Policy = policy) => acceptForward(expected, bytes);

const extension = (type: number, change: (data: Uint8Array) => Uint8Array | undefined): Edit =>
  on(PayloadTypes.generalExtension, (payload): GeneralExtension | undefined => {
    if (payload.extension !== type) return payload;
    const data = change(payload.data);
    return data && { ...payload, data };
  });
const setParameter = (index: number, value: number) =>
  extension(ExtensionTypes.share, (data) => data.map((byte, i) => (i === index ? value : byte)));
const ofRole = (role: number, name: string): Edit =>
  on(PayloadTypes.IDR, (payload) =>
    payload.role === role ? { ...payload, identity: identity(name) } : payload,
  );

/** The message with a KEMAC over other contents, under the envelope key, signed by the third party. */
function resealed(
  inner: string | undefined,
  keys: readonly KeyData[],
  suite = accepted.session.suite,
): Uint8Array {
  const contents =
    inner === undefined
      ? writeKemacContents({ keys })
      : writeKemacContents({ identity: identity(inner), keys });
  const { timestamp } = readForwardMessage(message);
  const context = labelContextOf({ ...accepted.session, suite });
  const protection = { key: envelopeKey, context, timestamp, cover: new Uint8Array(0) };
  const kemac = sealKemac(primitives, protection, suite.encryption, suite.mac, contents);
  return resign(
    message,
    first,
    on(PayloadTypes.KEMAC, () => kemac),
    { prf: suite.prf },
  );
}

describe("TP_R", () => {
  for (const suite of suiteNames) {
    it(`is never accepted damaged: ${suite}`, () => {
      const under = policyOf(2, 1, 3, suite);
      const { messages } = begin(under);
      const { bytes } = forward(under, 3, acceptShare(under, 3, messages[2]));
      equal(acceptForward(under, bytes).x, 3);
      refusesDamage(bytes, (damaged) => acceptForward(under, damaged));
    });
  }

  it("says what the third party knows", () => {
    const read = readForwardMessage(message);
    deepEqual(read.session, accepted.session);
    deepEqual(read.checkValue, accepted.checkValue);
    deepEqual(read.thirdParty, first);
    deepEqual(read.chain, [...forwardingParty(first).chain]);
    deepEqual(read.statement, statement);
    equal(Math.abs(read.unixTime - unixTime) < 0.001, true);
    equal(accept(message).x, 1);
    deepEqual(accept(message).thirdParty, first);
  });

  it("survives being signed again unchanged, so that the changes below are what is refused", () => {
    deepEqual(
      resign(message, first, (payload) => payload),
      message,
    );
    deepEqual(resealed("tp-1", [tgk(accepted.share)]), message);
  });

  it("has the share index of who signs it, whatever it says", () => {
    for (const x of [1, 2, 3]) {
      const share = acceptShare(policy, x, begin(policy).messages[x - 1]);
      equal(accept(forward(policy, x, share).bytes).x, x);
    }
    // In another's name, its signature is not the other's.
    const stolen = resign(message, first, ofRole(Roles.thirdParty, "tp-2"));
    refuses(() => accept(stolen), ErrorNumbers.authentication, /the signature does not hold/);
    // Nor is the other's signature over what is sealed in the first one's name.
    const borrowed = resign(message, second, ofRole(Roles.thirdParty, "tp-2"));
    refuses(() => accept(borrowed), ErrorNumbers.identity, /inside the KEMAC is not the signer's/);
  });

  it("comes from a third party of the policy", () => {
    const stranger = resign(message, identity("tp-9"), ofRole(Roles.thirdParty, "tp-9"));
    refuses(() => accept(stranger), ErrorNumbers.identity, /0x74702d392d2d2d2d is not a third party/);
    const others = { ...policy, thirdParties: [identity("a"), second, identity("b")] };
    refuses(() => accept(message, others), ErrorNumbers.identity, /is not a third party of this sensor/);
    // At another place it has another index, which the policy alone decides.
    equal(accept(message, { ...policy, thirdParties: [second, first, identity("c")] }).x, 2);
  });

  it("goes to the Responder that the sensor named", () => {
    const other = receivingResponder(identity("other"));
    const consume = () =>
      consumeForwardMessage(primitives, readForwardMessage(message), policy, other, verifierOf(first));
    refuses(consume, ErrorNumbers.identity, /the sensor authorised another Responder/);
    const diverted = resign(message, first, ofRole(Roles.responder, "other"));
    refuses(() => accept(diverted), ErrorNumbers.identity, /the sensor authorised another Responder/);
  });

  it("is checked by what is cheap before any key is used", () => {
    const untouchable = {
      ...receivingResponder(),
      unwrap: () => fail("PKE was opened"),
    };
    const consume = (bytes: Uint8Array) => () =>
      consumeForwardMessage(primitives, readForwardMessage(bytes), policy, untouchable, () =>
        fail("a signature was checked"),
      );
    for (const edit of [
      ofRole(Roles.responder, "other"),
      ofRole(Roles.thirdParty, "tp-9"),
      ofRole(Roles.initiator, "other"),
      setParameter(1, 3),
      on(PayloadTypes.CHASH, (payload) => ({ ...payload, value: material("other", 32) })),
    ]) {
      throws(consume(rewrite(message, edit)), { name: "Refusal" });
    }
    // And the signature before anything is decrypted.
    const unsigned = () =>
      consumeForwardMessage(primitives, readForwardMessage(message), policy, untouchable, () => false);
    refuses(unsigned, ErrorNumbers.authentication, /the signature does not hold/);
    // One without any of the checks before them: refuseOutsiders alone.
    equal(refuseOutsiders(accepted.session, second, policy, receivingResponder().identity), 2);
  });

  it("with k, t, n, suite or sensor that differ from the policy is refused, under a signature that holds", () => {
    const under = (index: number, value: number) => () =>
      accept(resign(message, first, setParameter(index, value)));
    refuses(under(1, 3), ErrorNumbers.share, /threshold 3 is not the enrolled 2/);
    refuses(under(1, 1), ErrorNumbers.share, /threshold 1 is below 2/);
    refuses(under(2, 0), ErrorNumbers.share, /privacy 0 is not the enrolled 1/);
    refuses(under(3, 4), ErrorNumbers.share, /number of third parties 4 is not the enrolled 3/);
    const sensor = resign(message, first, ofRole(Roles.initiator, "other"));
    refuses(() => accept(sensor), ErrorNumbers.identity, /the sensor is not the enrolled one/);
    for (const name of suiteNames) {
      if (name === policy.suite) continue;
      const bytes = resealed("tp-1", [tgk(accepted.share)], suiteByName(name));
      refuses(() => accept(bytes), ErrorNumbers.encryption, new RegExp(`suite ${name} is not the enrolled`));
    }
  });

  it("is refused by name when it is of another profile", () => {
    const other = resign(message, first, setParameter(0, 0x22));
    refuses(
      () => accept(other),
      ErrorNumbers.messageType,
      /profile 2 with scheme 2 is not profile 1 with scheme 1/,
    );
    const none = resign(
      message,
      first,
      extension(ExtensionTypes.share, () => undefined),
    );
    refuses(() => accept(none), ErrorNumbers.messageType, /does not speak profile 1/);
  });

  it("needs one T, an NTP-UTC", () => {
    const edit = (value: Parameters<typeof on<typeof PayloadTypes.T>>[1]) =>
      resign(message, first, on(PayloadTypes.T, value));
    for (const timestamp of [
      counterTimestamp(7),
      { ...ntpTimestamp(unixTime), type: 1 },
      { type: 3, value: new Uint8Array(4) },
    ]) {
      refuses(
        () => accept(edit((payload) => ({ ...payload, timestamp }))),
        ErrorNumbers.timestamp,
        /T of the third party is not NTP-UTC/,
      );
    }
    refuses(() => accept(edit(() => undefined)), ErrorNumbers.timestamp, /T is missing/);
    refuses(() => accept(edit((t) => [t, t])), ErrorNumbers.timestamp, /T stands 2 times/);
  });

  it("needs the sensor's T, a COUNTER", () => {
    const edit = (change: () => Uint8Array | undefined) =>
      resign(message, first, extension(ExtensionTypes.initiatorTimestamp, change));
    const number = ErrorNumbers.timestamp;
    refuses(() => accept(edit(() => undefined)), number, /the sensor's T is missing/);
    for (const length of [0, 1, 4, 6, 9]) {
      refuses(() => accept(edit(() => new Uint8Array(length))), number, /the sensor's T is missing/);
    }
    for (const type of [0, 1, 3, 77]) {
      const other = concat(uint(type, 1), uint(7, 4));
      refuses(() => accept(edit(() => other)), number, /the sensor's T is not a COUNTER/);
    }
    equal(accept(edit(() => concat(uint(2, 1), uint(8, 4)))).session.t, 8);
  });

  it("needs the enrolment statement, once", () => {
    const none = resign(
      message,
      first,
      extension(ExtensionTypes.statement, () => undefined),
    );
    refuses(() => accept(none), ErrorNumbers.certificate, /the enrolment statement is missing/);
    const twice = resign(
      message,
      first,
      on(PayloadTypes.generalExtension, (payload) =>
        payload.extension === ExtensionTypes.statement ? [payload, payload] : payload,
      ),
    );
    refuses(() => accept(twice), ErrorNumbers.unspecified, /General Extension 244 stands more than once/);
  });

  it("needs the third party's identity, once", () => {
    const edit = (list: 0 | 2) =>
      resign(
        message,
        first,
        on(PayloadTypes.IDR, (payload) => {
          if (payload.role !== Roles.thirdParty) return payload;
          return list === 0 ? undefined : [payload, payload];
        }),
      );
    refuses(() => accept(edit(0)), ErrorNumbers.identity, /no identity of the third party/);
    refuses(() => accept(edit(2)), ErrorNumbers.identity, /two identities of the third party/);
  });

  it("has X.509 certificates in its chain", () => {
    for (const certificateType of [CertificateTypes.x509Url, CertificateTypes.x509Sign, 241]) {
      const edit = on(PayloadTypes.CERT, (payload) => ({ ...payload, certificateType }));
      refuses(() => accept(resign(message, first, edit)), ErrorNumbers.certificate, /not X\.509/);
    }
    const none = readForwardMessage(
      resign(
        message,
        first,
        on(PayloadTypes.CERT, () => undefined),
      ),
    );
    deepEqual(none.chain, []);
  });

  it("has the hash of this Responder's certificate", () => {
    const edit = (value: Parameters<typeof on<typeof PayloadTypes.CHASH>>[1]) =>
      resign(message, first, on(PayloadTypes.CHASH, value));
    const { certificateHash } = knownResponder(identity("other"));
    refuses(
      () => accept(edit((payload) => ({ ...payload, value: certificateHash }))),
      ErrorNumbers.certificate,
      /CHASH is not of this Responder's certificate/,
    );
    for (const [hash, length] of [
      [HashFunctions.sha1, 20],
      [HashFunctions.md5, 16],
    ]) {
      const other = edit((payload) => ({ ...payload, hash, value: new Uint8Array(length) }));
      refuses(
        () => accept(other),
        ErrorNumbers.hash,
        new RegExp(`Hash func ${hash} of CHASH is not SHA-256`),
      );
    }
    refuses(() => accept(edit(() => undefined)), ErrorNumbers.hash, /CHASH is missing/);
    refuses(() => accept(edit((hash) => [hash, hash])), ErrorNumbers.hash, /CHASH stands 2 times/);
  });

  it("has a signature under RSA-PSS, at the end", () => {
    for (const algorithm of [SignatureTypes.rsaPkcs1, SignatureTypes.eccsi, 15]) {
      const other = resign(
        message,
        first,
        on(PayloadTypes.SIGN, (payload) => ({ ...payload, algorithm })),
      );
      refuses(
        () => accept(other),
        ErrorNumbers.authentication,
        new RegExp(`S type ${algorithm} is not accepted`),
      );
    }
    const none = rewrite(
      message,
      on(PayloadTypes.SIGN, () => undefined),
    );
    refuses(() => accept(none), ErrorNumbers.authentication, /SIGN is missing/);
    const trailing = concat(message, ascii("x"));
    refuses(() => accept(trailing), ErrorNumbers.authentication, /1 bytes behind the last payload/);
    const other = resign(message, second, (payload) => payload);
    refuses(() => accept(other), ErrorNumbers.authentication, /the signature does not hold/);
  });

  it("opens, or is refused in one way", () => {
    const edit = (change: Edit) => () => accept(resign(message, first, change));
    const closed = /^the envelope does not open$/;
    const number = ErrorNumbers.authentication;
    const key = (bytes: Uint8Array) =>
      edit(on(PayloadTypes.PKE, (payload) => ({ ...payload, data: knownResponder().wrap(bytes) })));
    refuses(
      edit(on(PayloadTypes.PKE, (payload) => ({ ...payload, data: payload.data.map((byte) => byte ^ 1) }))),
      number,
      closed,
    );
    refuses(key(material("another envelope key", 32)), number, closed);
    refuses(key(material("short", 8)), number, closed);
    refuses(
      edit(on(PayloadTypes.KEMAC, (payload) => ({ ...payload, tag: payload.tag.map((byte) => byte ^ 1) }))),
      number,
      closed,
    );
    refuses(
      edit(on(PayloadTypes.RAND, (payload) => ({ ...payload, rand: material("another", 16) }))),
      number,
      closed,
    );
    refuses(edit(on(PayloadTypes.PKE, () => undefined)), number, /PKE is missing/);
    refuses(edit(on(PayloadTypes.KEMAC, () => undefined)), number, /KEMAC is missing/);
  });

  it("is bound to its CSB ID, RAND and T", () => {
    const other = resign(message, first, (payload) => payload, { csbId: material("csb", 4) });
    refuses(() => accept(other), ErrorNumbers.authentication, /the envelope does not open/);
    const later = resign(
      message,
      first,
      on(PayloadTypes.T, (payload) => ({ ...payload, timestamp: ntpTimestamp(unixTime + 1) })),
    );
    refuses(() => accept(later), ErrorNumbers.authentication, /the envelope does not open/);
  });

  it("holds the signer's identity and one TGK of 16 bytes", () => {
    const share = tgk(accepted.share);
    refuses(() => accept(resealed("tp-2", [share])), ErrorNumbers.identity, /not the signer's/);
    for (const keys of [[], [share, share], [tgk(new Uint8Array(17))], [{ ...share, type: 2 }]]) {
      refuses(() => accept(resealed("tp-1", keys)), ErrorNumbers.share, /one share of 16 bytes/);
    }
    // Contents of pre-shared-key mode, without an identity: the share's own bytes are read as one.
    refuses(() => accept(resealed(undefined, [share])), ErrorNumbers.identity, /not the signer's/);
  });

  it("is of data type 2", () => {
    for (const dataType of [DataTypes.preSharedKey, DataTypes.publicKeyVerification, DataTypes.error]) {
      const other = resign(message, first, (payload) => payload, { dataType });
      refuses(() => accept(other), ErrorNumbers.dataType, new RegExp(`data type ${dataType} came where 2`));
    }
  });
});
