/** The sensor's steps in C against those in TypeScript; on Node, where there is no C, they are the same. */

import fc from "fast-check";
import { concat } from "../../../protocol/bytes.js";
import { nextPsk } from "../../../protocol/exchange/chain.js";
import { createConfirmation } from "../../../protocol/exchange/confirmation.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import type { SensorSteps } from "../../../protocol/exchange/steps.js";
import { suiteNames } from "../../../protocol/mikey/suites.js";
import { secretLength } from "../../../protocol/shares/points.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { primitives, steps } from "../../support/primitives.js";
import { material, policyOf, pskOf } from "./parties.js";
import { refuses } from "./refusals.js";

const reference = referenceSteps(primitives);
const identity = fc.record({ type: fc.nat(255), data: fc.uint8Array({ maxLength: 40 }) });
const sharing = fc
  .tuple(fc.integer({ min: 2, max: 5 }), fc.nat(3), fc.nat(4))
  .map(([k, t, more]) => ({ threshold: k, privacy: t % k, shares: k + more }));
const cases = fc.record({
  sharing,
  suite: fc.constantFrom(...suiteNames),
  sensor: identity,
  responder: identity,
  thirdParty: identity,
  t: fc.nat(2 ** 32 - 1),
  nonce: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  senderId: fc.uint8Array({ maxLength: 7 }).filter((id) => id.length !== 1 || id[0] !== 2),
});

describe("the sensor's steps", () => {
  it("are those of the reference", () => {
    fc.assert(
      fc.property(cases, ({ sharing, suite, sensor, responder, thirdParty, t, nonce, senderId }) => {
        const policy: Policy = {
          ...policyOf(sharing.threshold, sharing.privacy, sharing.shares, suite),
          sensor,
        };
        const psks = policy.thirdParties.map((_, i) => pskOf(i + 1));
        const weights = weightMatrix(sharing);
        const tgk = material("tgk", secretLength(sharing));
        const run = (by: SensorSteps) => {
          const session = by.createSession(policy, responder, nonce, t);
          const { csbId, rand } = session;
          equal(session.t, t);
          deepEqual(session.sharing, sharing);
          const r = createConfirmation(primitives, session, tgk, { nonce, senderId });
          const receipt = createShareVerification(primitives, session, thirdParty, psks[0]);
          const relay = createShareVerification(primitives, session, thirdParty, psks[0], r);
          equal(by.consumeShareVerification(receipt, session, thirdParty, psks[0]), undefined);
          deepEqual(by.consumeShareVerification(relay, session, thirdParty, psks[0]), r);
          deepEqual(by.consumeConfirmation(r, session, tgk), { nonce, senderId });
          const { tek, salt } = by.channelKeys(session, tgk);
          return concat(csbId, rand, ...by.createShareMessages(session, psks, weights, tgk), tek, salt);
        };
        deepEqual(run(steps), run(reference));
      }),
      { numRuns: 30 },
    );
  });

  it("step PSKs as the reference does, each on its own and where it is", () => {
    const key = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(fc.array(key, { maxLength: 9 }), fc.nat(3), (keys, before) => {
        const run = (by: SensorSteps) => {
          const all = concat(new Uint8Array(before).fill(0xaa), ...keys, 0xaa);
          by.stepPsks(all.subarray(before, all.length - 1));
          return all;
        };
        const stepped = run(steps);
        deepEqual(stepped, run(reference));
        const one = keys.map((key) => nextPsk(primitives, key));
        deepEqual(stepped, concat(new Uint8Array(before).fill(0xaa), ...one, 0xaa));
      }),
      { numRuns: 30 },
    );
  });

  it("step no part of a PSK", () => {
    for (const by of [steps, reference]) {
      for (const length of [1, 15, 17, 47]) {
        const bytes = material("psks", length);
        throws(() => by.stepPsks(bytes), {
          type: RangeError,
          message: `PSKs: expected a multiple of 16 bytes, got ${length}`,
        });
        deepEqual(bytes, material("psks", length));
      }
    }
  });

  it("refuse lengths that do not fit", () => {
    const policy = policyOf();
    const responder = policy.sensor;
    const session = steps.createSession(policy, responder, material("nonce", 8), 1);
    const psks = [1, 2, 3].map(pskOf);
    const weights = weightMatrix({ threshold: 2, privacy: 1, shares: 3 });
    const tgk = material("tgk", 16);
    const create = (keys: Uint8Array[], matrix: Uint8Array, key: Uint8Array) => () =>
      steps.createShareMessages(session, keys, matrix, key);
    create(psks, weights, tgk)();
    throws(create(psks.slice(1), weights, tgk), RangeError);
    throws(create([...psks, pskOf(4)], weights, tgk), RangeError);
    throws(create(psks, weights.subarray(1), tgk), RangeError);
    throws(create(psks, weights, tgk.subarray(1)), RangeError);
    throws(() => steps.createSession(policy, responder, material("nonce", 9), 1), RangeError);
  });

  it("give no key to who cuts a message short", () => {
    const policy = policyOf();
    const session = steps.createSession(policy, policy.sensor, material("nonce", 8), 1);
    const [thirdParty] = policy.thirdParties;
    for (const length of [0, 1, 16, 17, 31, 32, 60]) {
      const bytes = new Uint8Array(length);
      refuses(() => steps.consumeShareVerification(bytes, session, thirdParty, pskOf(1)), 0, /V/);
      refuses(() => steps.consumeConfirmation(bytes, session, material("tgk", 16)), 0, /V/);
    }
  });
});
