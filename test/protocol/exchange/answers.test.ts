/** TP_I, R_TP and R_I: what answers a message, and what passes for an answer and is none. */

import { concat } from "../../../protocol/bytes.js";
import { createConfirmation } from "../../../protocol/exchange/confirmation.js";
import { readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import {
  consumeForwardVerification,
  createForwardVerification,
} from "../../../protocol/exchange/forward-verification.js";
import { labelContextOf } from "../../../protocol/exchange/session.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import type { Identity } from "../../../protocol/mikey/identity.js";
import {
  DataTypes,
  ErrorNumbers,
  ExtensionTypes,
  MacAlgorithms,
  PayloadTypes,
  Roles,
} from "../../../protocol/mikey/numbers.js";
import type { GeneralExtension } from "../../../protocol/mikey/payloads.js";
import { suiteNames } from "../../../protocol/mikey/suites.js";
import { counterTimestamp, ntpTimestamp, type Timestamp } from "../../../protocol/mikey/timestamps.js";
import type { VerificationContext } from "../../../protocol/mikey/verification.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { primitives, steps } from "../../support/primitives.js";
import {
  acceptShare,
  begin,
  forward,
  freshness,
  identity,
  material,
  policyOf,
  pskOf,
  responder,
  sensor,
  unixTime,
} from "./parties.js";
import { on, refusesDamage, refuses as refusesWhy, reverify } from "./refusals.js";

/** One kind of answer: how it is made and checked, and what its V stands on. */
interface Kind {
  readonly bytes: Uint8Array;
  readonly context: VerificationContext;
  readonly role: number;
  readonly dataType: number;
  readonly name: string;
  consume(bytes: Uint8Array): unknown;
  /** Checked as the answer of another session, under the same key. */
  consumeElsewhere(bytes: Uint8Array): unknown;
  /** Made under another key. */
  foreign(): Uint8Array;
}

function kinds(suite: (typeof suiteNames)[number]): Record<"TP_I" | "R_TP" | "R_I", Kind> {
  const policy = policyOf(2, 1, 3, suite);
  const waiting = begin(policy);
  const other = begin(policy, { t: 8 }).session;
  const { session } = waiting;
  const [thirdParty] = policy.thirdParties;
  const tgk = material("TGK", 16);
  const psk = pskOf(1);
  const { bytes: forwarded, envelopeKey } = forward(policy, 1, acceptShare(policy, 1, waiting.messages[0]));
  const { timestamp } = readForwardMessage(forwarded);
  const confirmation = createConfirmation(primitives, session, tgk, freshness);
  const forwardContext = { session, thirdParty, timestamp, envelopeKey };
  const contextOf = (key: Uint8Array, initiator: Identity, answering: Identity, t: Timestamp) => {
    return { key, context: labelContextOf(session), initiator, responder: answering, timestamp: t };
  };
  const t = counterTimestamp(session.t);
  return {
    TP_I: {
      bytes: createShareVerification(primitives, session, thirdParty, psk, confirmation),
      context: contextOf(psk, sensor, thirdParty, t),
      role: Roles.thirdParty,
      dataType: DataTypes.preSharedKeyVerification,
      name: "third party",
      consume: (bytes) => steps.consumeShareVerification(bytes, session, thirdParty, psk),
      consumeElsewhere: (bytes) => steps.consumeShareVerification(bytes, other, thirdParty, psk),
      foreign: () => createShareVerification(primitives, session, thirdParty, pskOf(2)),
    },
    R_TP: {
      bytes: createForwardVerification(primitives, forwardContext, confirmation),
      context: contextOf(envelopeKey, thirdParty, responder, timestamp),
      role: Roles.responder,
      dataType: DataTypes.publicKeyVerification,
      name: "Responder",
      consume: (bytes) => consumeForwardVerification(primitives, bytes, forwardContext),
      consumeElsewhere: (bytes) =>
        consumeForwardVerification(primitives, bytes, { ...forwardContext, session: other }),
      foreign: () =>
        createForwardVerification(primitives, { ...forwardContext, envelopeKey: material("other", 32) }),
    },
    R_I: {
      bytes: confirmation,
      context: contextOf(tgk, sensor, responder, t),
      role: Roles.responder,
      dataType: DataTypes.preSharedKeyVerification,
      name: "Responder",
      consume: (bytes) => steps.consumeConfirmation(bytes, session, tgk),
      consumeElsewhere: (bytes) => steps.consumeConfirmation(bytes, other, tgk),
      foreign: () => createConfirmation(primitives, session, material("other", 16), freshness),
    },
  };
}

const names = ["TP_I", "R_TP", "R_I"] as const;

/** A sensor says the same of whatever is wrong with an answer. */
const refusesAlike: typeof refusesWhy = (call) =>
  refusesWhy(call, ErrorNumbers.authentication, /V does not hold/);

for (const kind of names) {
  describe(kind, () => {
    const refuses = kind === "R_TP" ? refusesWhy : refusesAlike;
    for (const suite of suiteNames) {
      it(`is never accepted damaged: ${suite}`, () => {
        const { bytes, consume } = kinds(suite)[kind];
        consume(bytes);
        refusesDamage(bytes, consume);
      });
    }

    const { bytes, consume, consumeElsewhere, foreign, context, role, name, dataType } =
      kinds("aes-ccm-128")[kind];
    const lie = (changes: Parameters<typeof reverify>[2], over: Partial<VerificationContext> = {}) =>
      reverify(bytes, { ...context, ...over }, changes);

    it("survives being verified again unchanged, so that the changes below are what is refused", () => {
      deepEqual(lie({}), bytes);
    });

    it("needs the right key", () => {
      refuses(() => consume(foreign()), ErrorNumbers.authentication, /V does not hold/);
    });

    it("is of this session", () => {
      refuses(() => consumeElsewhere(bytes), ErrorNumbers.authentication, /V does not hold/);
    });

    it("copies the CSB ID", () => {
      const other = lie({ header: { csbId: material("csb", 4) } });
      refuses(() => consume(other), ErrorNumbers.unspecified, /CSB ID is of another session/);
    });

    it("copies T, once, in type and value", () => {
      const edit = (timestamp: Timestamp) =>
        lie({ edit: on(PayloadTypes.T, (payload) => ({ ...payload, timestamp })) });
      const { type, value } = context.timestamp;
      for (const timestamp of [
        { type, value: value.map((byte) => byte ^ 1) },
        type === 2 ? ntpTimestamp(unixTime) : counterTimestamp(7),
        type === 2 ? { type: 3, value } : { type: 1, value },
      ]) {
        refuses(() => consume(edit(timestamp)), ErrorNumbers.timestamp, /T is not a copy/);
      }
      const none = lie({ edit: on(PayloadTypes.T, () => undefined) });
      refuses(() => consume(none), ErrorNumbers.timestamp, /T is missing/);
      const twice = lie({ edit: on(PayloadTypes.T, (t) => [t, t]) });
      refuses(() => consume(twice), ErrorNumbers.timestamp, /T stands 2 times/);
    });

    it("has RAND and T under its MAC", () => {
      const rand = lie({}, { context: { ...context.context, rand: material("another", 16) } });
      refuses(() => consume(rand), ErrorNumbers.authentication, /V does not hold/);
      const t = lie({}, { timestamp: { ...context.timestamp, value: new Uint8Array(8) } });
      refuses(() => consume(t), ErrorNumbers.authentication, /V does not hold/);
    });

    it("says who answers, once", () => {
      const edit = (change: () => Identity | 0 | 2) =>
        lie({
          edit: on(PayloadTypes.IDR, (payload) => {
            const to = change();
            if (to === 0) return undefined;
            return to === 2 ? [payload, payload] : { ...payload, identity: to };
          }),
        });
      const number = ErrorNumbers.identity;
      refuses(() => consume(edit(() => identity("other"))), number, new RegExp(`the ${name} is not the one`));
      refuses(() => consume(edit(() => 0)), number, new RegExp(`no identity of the ${name}`));
      refuses(() => consume(edit(() => 2)), number, new RegExp(`two identities of the ${name}`));
      const role2 = lie({
        edit: on(PayloadTypes.IDR, (payload) => ({ ...payload, role: role === 240 ? 2 : 240 })),
      });
      refuses(() => consume(role2), number, new RegExp(`no identity of the ${name}`));
    });

    it("has both identities under its MAC", () => {
      const initiator = lie({}, { initiator: identity("other") });
      refuses(() => consume(initiator), ErrorNumbers.authentication, /V does not hold/);
      const answering = lie({}, { responder: identity("other") });
      refuses(() => consume(answering), ErrorNumbers.authentication, /V does not hold/);
    });

    it("has V under the algorithm of the suite", () => {
      for (const algorithm of [MacAlgorithms.hmacSha1, MacAlgorithms.hmacSha256Truncated8]) {
        refuses(
          () => consume(lie({ algorithm })),
          ErrorNumbers.mac,
          new RegExp(`Auth alg ${algorithm} of V is not the expected 2`),
        );
      }
      const end = bytes.length - 33;
      const none = concat(bytes.subarray(0, end), Uint8Array.of(MacAlgorithms.null));
      refuses(() => consume(none), ErrorNumbers.mac, /Auth alg 0 of V is not the expected 2/);
    });

    it("is of its data type", () => {
      const types = [DataTypes.preSharedKey, DataTypes.publicKey, DataTypes.error];
      for (const other of [...types, dataType === 1 ? 3 : 1]) {
        const lied = lie({ header: { dataType: other } });
        refuses(() => consume(lied), ErrorNumbers.dataType, new RegExp(`data type ${other} came where`));
      }
    });
  });
}

describe("an R_I on its way", () => {
  const all = kinds("aes-ccm-128");

  it("comes out of TP_I and R_TP as it went in", () => {
    deepEqual(all.TP_I.consume(all.TP_I.bytes), all.R_I.bytes);
    deepEqual(all.R_TP.consume(all.R_TP.bytes), all.R_I.bytes);
  });

  it("may be missing: then they are receipts", () => {
    for (const kind of [all.TP_I, all.R_TP]) {
      const edit = on(PayloadTypes.generalExtension, () => undefined);
      equal(kind.consume(reverify(kind.bytes, kind.context, { edit })), undefined);
    }
  });

  it("stands in them once", () => {
    for (const [kind, refuses] of [
      [all.TP_I, refusesAlike],
      [all.R_TP, refusesWhy],
    ] as const) {
      const edit = on(PayloadTypes.generalExtension, (payload) => [payload, payload]);
      refuses(
        () => kind.consume(reverify(kind.bytes, kind.context, { edit })),
        ErrorNumbers.unspecified,
        /General Extension 242 stands more than once/,
      );
    }
  });

  it("can't be made by a third party: its PSK does not verify it", () => {
    const { bytes, context } = all.R_I;
    const forged = reverify(bytes, { ...context, key: pskOf(1) }, {});
    refusesAlike(() => all.R_I.consume(forged), ErrorNumbers.authentication, /V does not hold/);
  });
});

describe("what R_I brings", () => {
  const { bytes, context, consume } = kinds("aes-ccm-128").R_I;
  const session = begin(policyOf()).session;
  const tgk = material("TGK", 16);
  const refusesAll = (edit: NonNullable<Parameters<typeof reverify>[2]["edit"]>) =>
    refusesWhy(
      () => consume(reverify(bytes, context, { edit })),
      ErrorNumbers.authentication,
      /V does not hold/,
    );

  it("is a nonce and a sender ID", () => {
    deepEqual(consume(bytes), freshness);
    for (const length of [0, 1, 7]) {
      const confirmation = { ...freshness, senderId: new Uint8Array(length).fill(9) };
      const message = createConfirmation(primitives, session, tgk, confirmation);
      deepEqual(steps.consumeConfirmation(message, session, tgk), confirmation);
    }
  });

  it("needs one nonce, of the Responder, of 8 bytes", () => {
    for (const role of [Roles.initiator, Roles.kms, Roles.thirdParty]) {
      refusesAll(on(PayloadTypes.RANDR, (payload) => ({ ...payload, role })));
    }
    for (const length of [0, 7, 9, 16]) {
      const rand = new Uint8Array(length);
      refusesAll(on(PayloadTypes.RANDR, (payload) => ({ ...payload, rand })));
    }
    refusesAll(on(PayloadTypes.RANDR, () => undefined));
    refusesAll(on(PayloadTypes.RANDR, (payload) => [payload, payload]));
  });

  it("needs one sender ID, of at most 7 bytes, that is not the Responder's own", () => {
    const edit = (change: (payload: GeneralExtension) => GeneralExtension | GeneralExtension[] | undefined) =>
      refusesAll(on(PayloadTypes.generalExtension, change));
    edit(() => undefined);
    edit((payload) => ({ ...payload, data: new Uint8Array(8) }));
    edit((payload) => ({ ...payload, extension: ExtensionTypes.confirmation }));
    edit((payload) => [payload, payload]);
    edit((payload) => ({ ...payload, data: Uint8Array.of(2) }));
  });

  it("is not made with a nonce or sender ID that does not fit", () => {
    const create = (changes: Partial<typeof freshness>) => () =>
      createConfirmation(primitives, session, tgk, { ...freshness, ...changes });
    throws(create({ nonce: new Uint8Array(7) }), {
      type: RangeError,
      message: "nonce: expected 8 bytes, got 7",
    });
    throws(create({ senderId: new Uint8Array(8) }), {
      type: RangeError,
      message: "sender ID: expected at most 7 bytes, got 8",
    });
    throws(create({ senderId: Uint8Array.of(2) }), {
      type: RangeError,
      message: "sender ID: it is the Responder's own",
    });
  });
});
