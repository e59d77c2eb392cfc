import { equal as sameBytes } from "../../../protocol/bytes.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import { readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { consumeForwardVerification } from "../../../protocol/exchange/forward-verification.js";
import { FinishedInitiator } from "../../../protocol/exchange/initiator.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { derivedShare } from "../../../protocol/exchange/session.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { type SuiteName, suiteNames } from "../../../protocol/mikey/suites.js";
import { deepEqual, equal, notDeepEqual, ok } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import {
  acceptForward,
  acceptShare,
  answerForward,
  begin,
  forward,
  freshness,
  groupOf,
  policyOf,
  pskOf,
  rebuild,
} from "./parties.js";
import { refuses } from "./refusals.js";

/** The five messages, through third parties `xs` and back by the last of them. */
function wholeExchange(policy: Policy, xs: readonly number[]) {
  const waiting = begin(policy);
  const accepted = xs.map((x) => acceptShare(policy, x, waiting.messages[x - 1]));
  for (const { session } of accepted) deepEqual(session, waiting.session);

  const forwarded = xs.map((x, i) => forward(policy, x, accepted[i]));
  const shares = forwarded.map(({ bytes }) => acceptForward(policy, bytes));
  shares.forEach(({ x, session, envelopeKey, share }, i) => {
    equal(x, xs[i]);
    deepEqual(session, waiting.session);
    deepEqual(envelopeKey, forwarded[i].envelopeKey);
    deepEqual(share, accepted[i].share);
  });

  const rebuilt = groupOf(shares).rebuild(primitives);
  ok(rebuilt, "no key was rebuilt");
  deepEqual(rebuilt.misfits, []);
  const { message: confirmation, keys } = rebuilt.confirm(primitives, freshness);

  const last = xs.length - 1;
  const answer = answerForward(forwarded[last].bytes, shares[last], confirmation);
  const { session, thirdParty, timestamp } = readForwardMessage(forwarded[last].bytes);
  const { envelopeKey } = forwarded[last];
  const context = { session, thirdParty, timestamp, envelopeKey };
  const relayed = consumeForwardVerification(primitives, answer, context);
  deepEqual(relayed, confirmation);

  const x = xs[last];
  const psk = pskOf(x);
  const receipt = createShareVerification(
    primitives,
    waiting.session,
    policy.thirdParties[x - 1],
    psk,
    relayed,
  );
  const finished = waiting.consumeVerification(x, receipt);
  ok(finished instanceof FinishedInitiator, "the sensor did not finish");
  return { waiting, forwarded, answer, receipt, confirmation, finished, keys };
}

describe("an exchange", () => {
  for (const suite of suiteNames) {
    for (const [k, t, n] of [
      [2, 1, 2],
      [2, 1, 3],
      [2, 0, 3],
      [3, 2, 5],
      [3, 1, 5],
      [5, 1, 8],
    ]) {
      it(`ends with the same keys at both ends: ${suite}, ${k} of ${n}, privacy ${t}`, () => {
        const policy = policyOf(k, t, n, suite);
        const xs = Array.from({ length: k }, (_, i) => n - i);
        const { finished, keys, waiting } = wholeExchange(policy, xs);
        deepEqual(finished.keys, keys);
        deepEqual(finished.confirmation, freshness);
        equal(finished.session, waiting.session);
        equal(keys.tek.length, 16);
        equal(keys.salt.length, 8);
        equal(fingerprint(primitives, keys).length, 32);
      });
    }
  }

  it("agrees with 10 of 20", () => {
    const { finished, keys } = wholeExchange(policyOf(10, 9, 20), [1, 20, 2, 19, 3, 18, 4, 17, 5, 16]);
    deepEqual(finished.keys, keys);
  });

  it("agrees with any k of n", () => {
    const policy = policyOf(3, 2, 5);
    const { keys } = wholeExchange(policy, [1, 2, 3]);
    for (const xs of [
      [3, 2, 1],
      [1, 4, 5],
      [5, 3, 4],
      [5, 2, 1, 4],
      [1, 2, 3, 4, 5],
    ]) {
      deepEqual(wholeExchange(policy, xs).finished.keys, keys, `${xs}`);
    }
  });

  it("has other keys with another nonce, another T and another TGK", () => {
    const policy = policyOf();
    const teks = [
      begin(policy),
      begin(policy, { t: 8 }),
      begin(policy, { seed: "another" }),
      begin(policyOf(2, 0, 3)),
    ].map((waiting) => fingerprint(primitives, waiting.provisionalKeys));
    equal(new Set(teks).size, teks.length);
    equal(fingerprint(primitives, begin(policy).provisionalKeys), teks[0]);
  });

  it("does not end with k − 1 shares", () => {
    for (const [k, t, n] of [
      [2, 1, 3],
      [3, 0, 5],
      [4, 2, 6],
    ]) {
      const policy = policyOf(k, t, n);
      const xs = Array.from({ length: k - 1 }, (_, i) => i + 1);
      equal(rebuild(policy, begin(policy), xs), undefined);
    }
  });

  it("sends the first t third parties the shares that follow from their PSKs", () => {
    for (const suite of suiteNames) {
      const policy = policyOf(4, 2, 5, suite);
      const waiting = begin(policy);
      for (const x of [1, 2, 3, 4, 5]) {
        const { share } = acceptShare(policy, x, waiting.messages[x - 1]);
        const derived = derivedShare(primitives, waiting.session, pskOf(x));
        equal(sameBytes(share, derived), x <= 2, `${suite}, third party ${x}`);
      }
    }
  });

  it("derives other shares for another session", () => {
    const [one, other] = [7, 8].map((t) => begin(policyOf(), { t }).session);
    notDeepEqual(derivedShare(primitives, one, pskOf(1)), derivedShare(primitives, other, pskOf(1)));
  });

  it("differs from one third party to the next in the KEMAC only", () => {
    const { messages } = begin(policyOf(3, 1, 4));
    const kemac = 117 - 41;
    for (const message of messages) {
      deepEqual(message.subarray(0, kemac), messages[0].subarray(0, kemac));
      if (message !== messages[0]) notDeepEqual(message.subarray(kemac), messages[0].subarray(kemac));
    }
  });

  it("has messages of the documented sizes, with identities of 8 bytes", () => {
    const sizes: Record<SuiteName, number> = {
      "aes-ccm-128": 117,
      "aes-ccm-128-8": 109,
      "aes-cm-128-hmac-sha-256": 133,
      "aes-cm-128-hmac-sha-1": 121,
    };
    for (const suite of suiteNames) {
      const { waiting } = wholeExchange(policyOf(2, 1, 3, suite), [1, 3]);
      equal(waiting.messages[0].length, sizes[suite], suite);
    }
    // HDR 10, T 6, IDR 13, V 2 + tag: the parts of an answer.
    const { receipt, answer, confirmation } = wholeExchange(policyOf(), [1, 3]);
    equal(confirmation.length, 10 + 6 + (3 + 8) + (4 + 3) + 13 + 34);
    equal(receipt.length, 10 + 6 + 13 + (4 + confirmation.length) + 34);
    equal(answer.length, 10 + 10 + 13 + (4 + confirmation.length) + 34);
  });

  it("gives each third party a message that no other can open", () => {
    const policy = policyOf();
    const { messages } = begin(policy);
    for (const x of [1, 2, 3]) {
      for (const y of [1, 2, 3]) {
        const open = () => acceptShare(policy, y, messages[x - 1]);
        if (x === y) equal(open().share.length, 16);
        else refuses(open, ErrorNumbers.authentication, /MAC of KEMAC does not hold/);
      }
    }
  });
});
