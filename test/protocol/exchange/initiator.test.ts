import { createConfirmation } from "../../../protocol/exchange/confirmation.js";
import {
  beginExchange,
  FinishedInitiator,
  type WaitingInitiator,
} from "../../../protocol/exchange/initiator.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import type { RandomSource } from "../../../protocol/primitives.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { primitives, steps } from "../../support/primitives.js";
import {
  begin,
  freshness,
  material,
  policyOf,
  pskList,
  pskOf,
  randomOf,
  rebuild,
  responder,
} from "./parties.js";
import { refuses } from "./refusals.js";

const policy = policyOf();

/** TP_I of third party x, with R_I or without. */
const answerOf = (waiting: WaitingInitiator, x: number, confirmation?: Uint8Array) =>
  createShareVerification(primitives, waiting.session, policy.thirdParties[x - 1], pskOf(x), confirmation);

function confirmationOf(waiting: WaitingInitiator): Uint8Array {
  const rebuilt = rebuild(policy, waiting, [1, 3]);
  ok(rebuilt);
  return rebuilt.confirm(primitives, freshness).message;
}

describe("an Initiator that waits", () => {
  it("goes on waiting after receipts, and finishes with R_I through any third party", () => {
    for (const x of [1, 2, 3]) {
      const waiting = begin(policy);
      const keys = waiting.provisionalKeys;
      const confirmation = confirmationOf(waiting);
      equal(waiting.consumeVerification(2, answerOf(waiting, 2)), waiting);
      equal(waiting.consumeVerification(2, answerOf(waiting, 2)), waiting);
      const finished = waiting.consumeVerification(x, answerOf(waiting, x, confirmation));
      ok(finished instanceof FinishedInitiator);
      deepEqual(finished.keys, keys);
      deepEqual(finished.confirmation, freshness);
    }
  });

  it("is not changed by anything that it refuses", () => {
    const waiting = begin(policy);
    const other = begin(policy, { t: 8 });
    const keys = waiting.provisionalKeys;
    const good = confirmationOf(waiting);
    const number = ErrorNumbers.authentication;
    refuses(() => waiting.consumeVerification(1, answerOf(waiting, 2)), number, /V does not hold/);
    refuses(() => waiting.consumeVerification(1, answerOf(other, 1)), number, /V does not hold/);
    // R_I of another session, and of another key, in a TP_I that is good.
    const strange = answerOf(waiting, 1, confirmationOf(other));
    refuses(() => waiting.consumeVerification(1, strange), number, /V does not hold/);
    const forged = createConfirmation(primitives, waiting.session, pskOf(1), freshness);
    refuses(() => waiting.consumeVerification(1, answerOf(waiting, 1, forged)), number, /V does not hold/);
    // TP_I in the place of R_I.
    const nested = answerOf(waiting, 1, answerOf(waiting, 1));
    refuses(() => waiting.consumeVerification(1, nested), number, /V does not hold/);
    // R_I that nobody vouches for: it needs TP_I around it.
    refuses(() => waiting.consumeVerification(1, good), number, /V does not hold/);
    refuses(() => waiting.consumeVerification(1, new Uint8Array(0)), number, /V does not hold/);
    const empty = answerOf(waiting, 1, new Uint8Array(0));
    refuses(() => waiting.consumeVerification(1, empty), number, /V does not hold/);

    deepEqual(waiting.provisionalKeys, keys);
    ok(waiting.consumeVerification(3, answerOf(waiting, 3, good)) instanceof FinishedInitiator);
  });

  it("can't be used once it is over: a wiped TGK makes no keys", () => {
    const waiting = begin(policy);
    const confirmation = confirmationOf(waiting);
    const answer = answerOf(waiting, 1, confirmation);
    ok(waiting.consumeVerification(1, answer) instanceof FinishedInitiator);
    throws(() => waiting.consumeVerification(1, answer), /it is over/);
    throws(() => waiting.provisionalKeys, /it is over/);

    const given = begin(policy);
    given.abandon();
    given.abandon();
    const zeros = createConfirmation(primitives, given.session, new Uint8Array(16), freshness);
    throws(() => given.consumeVerification(1, answerOf(given, 1, zeros)), /it is over/);
    throws(() => given.provisionalKeys, /it is over/);
  });

  it("gives keys that are the caller's, whatever becomes of the TGK", () => {
    const waiting = begin(policy);
    const keys = waiting.provisionalKeys;
    const copy = { tek: keys.tek.slice(), salt: keys.salt.slice() };
    waiting.abandon();
    deepEqual(keys, copy);
  });
});

describe("the beginning of an exchange", () => {
  const weights = weightMatrix({ threshold: 2, privacy: 1, shares: 3 });
  const start = (random: RandomSource, t = 1, psks = pskList(policy)) =>
    beginExchange(steps, random, { policy, weights, psks }, responder, t);

  it("draws a nonce of 8 bytes and a TGK of 16 · (k − t), and nothing else", () => {
    for (const [k, t, expected] of [
      [2, 1, 16],
      [2, 0, 32],
      [4, 1, 48],
    ]) {
      const sharing = { threshold: k, privacy: t, shares: 5 };
      const drawn: number[] = [];
      const random: RandomSource = (length) => {
        drawn.push(length);
        return material(`${drawn.length}`, length);
      };
      const enrolled = policyOf(k, t, 5);
      const credentials = { policy: enrolled, weights: weightMatrix(sharing), psks: pskList(enrolled) };
      beginExchange(steps, random, credentials, responder, 1);
      deepEqual(drawn, [8, expected]);
    }
  });

  it("takes one PSK for each third party, neither more nor less", () => {
    const psks = pskList(policy);
    for (const wrong of [psks.slice(1), [...psks, pskOf(4)]]) {
      throws(() => start(randomOf("psks"), 77, wrong), {
        type: RangeError,
        message: `PSKs: expected 3, got ${wrong.length}`,
      });
    }
    equal(start(randomOf("psks"), 77, psks).session.t, 77);
  });

  it("fails when the random source does", () => {
    for (const failing of [1, 2]) {
      let calls = 0;
      const random: RandomSource = (length) => {
        if (++calls === failing) throw new Error("entropy: none");
        return new Uint8Array(length);
      };
      throws(() => start(random), /entropy: none/);
    }
    throws(() => start(() => new Uint8Array(7)), {
      type: RangeError,
      message: "nonce: expected 8 bytes, got 7",
    });
  });

  it("fails for a T that is no COUNTER", () => {
    for (const t of [-1, 2 ** 32, 1.5]) throws(() => start(randomOf("t"), t), RangeError);
    equal(start(randomOf("t"), 2 ** 32 - 1).session.t, 2 ** 32 - 1);
  });
});
