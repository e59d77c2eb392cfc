/** Pseudonyms in bundles and parts, and the exchange of a sensor that hides who it is. */

import * as fc from "fast-check";
import { concat, fromHex, equal as same, toHex, uint } from "../../../protocol/bytes.js";
import { createBundle } from "../../../protocol/exchange/bundle.js";
import {
  compressVerification,
  isPseudonymous,
  pseudonymNumber,
  readBundleHead,
  readBundlePart,
  readPseudonym,
  restoreShareMessage,
  splitBundle,
  withoutPseudonym,
} from "../../../protocol/exchange/bundle-parts.js";
import { FinishedInitiator, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import { pseudonymOf, withPseudonym } from "../../../protocol/exchange/pseudonym.js";
import { PseudonymousInitiator } from "../../../protocol/exchange/pseudonymous-initiator.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { deepEqual, equal, notEqual, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { begin, freshness, policyOf, pskOf, rebuild, responder } from "./parties.js";
import { refuses } from "./refusals.js";

const policy = policyOf(2, 1, 3, "aes-ccm-128-8");
const sharing = sharingOf(policy);
const KEY = fromHex("000102030405060708090a0b0c0d0e0f");
const HANDLE = 0xbeef;

const bundleOf = ({ session, nonce, messages }: WaitingInitiator, responders = [responder]): Uint8Array =>
  createBundle(session, nonce, messages, HANDLE, responders);

const hidden = (waiting: WaitingInitiator, responders = [responder]): Uint8Array =>
  withPseudonym(primitives, bundleOf(waiting, responders), KEY, waiting.session.t);

describe("a pseudonym", () => {
  it("is, for fixed keys and T, these six bytes", () => {
    // Of Python's hmac module: hmac.new(key, b"symbolon-handle" + t.to_bytes(4, "big"), "sha256").
    for (const [t, expected] of [
      [1, "368b9b845104"],
      [7, "4a13f19a5092"],
      [0x00010203, "4b9f70d587c2"],
      [0xffffffff, "1867a6f5c465"],
    ] as const) {
      equal(toHex(pseudonymOf(primitives, KEY, t)), expected);
    }
    notEqual(toHex(pseudonymOf(primitives, KEY.slice().reverse(), 1)), "368b9b845104");
    throws(() => pseudonymOf(primitives, KEY.subarray(1), 1), /^linking key: expected 16 bytes, got 15$/);
  });

  it("stands in the places of handle and T, and moves nothing", () => {
    const waiting = begin(policy, { t: 7 });
    for (const [responders, at] of [
      [[responder], 4 + 8],
      [[], 4 + 2 + 8 + 8],
    ] as const) {
      const bundle = bundleOf(waiting, [...responders]);
      const expected = bundle.slice();
      expected.set(fromHex("914a13"));
      expected.set(fromHex("f19a5092"), at);
      equal(toHex(hidden(waiting, [...responders])), toHex(expected));
    }
  });

  it("is read back, and gives way to handle and T, whatever the Responder and T", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.boolean(), (t, listed) => {
        const waiting = begin(policy, { t });
        const responders = listed ? [responder] : [];
        const bundle = hidden(waiting, responders);
        ok(isPseudonymous(bundle) && !isPseudonymous(bundleOf(waiting)));
        equal(readPseudonym(bundle), Number.parseInt(toHex(pseudonymOf(primitives, KEY, t)), 16));
        equal(toHex(withoutPseudonym(bundle, HANDLE, t)), toHex(bundleOf(waiting, responders)));
        for (const [i, part] of splitBundle(bundle, sharing).entries()) {
          equal(readPseudonym(part), readPseudonym(bundle));
          const message = restoreShareMessage(primitives, readBundlePart(withoutPseudonym(part, HANDLE, t)), {
            ...{ identity: policy.thirdParties[i], policy, psk: pskOf(i + 1), responders },
          });
          equal(toHex(message), toHex(waiting.messages[i]));
        }
      }),
      { numRuns: 30 },
    );
  });

  it("is neither handle nor T for who looks for these, and is not read out of less than a head", () => {
    const bundle = hidden(begin(policy));
    refuses(() => readBundleHead(bundle), ErrorNumbers.messageType, /profile byte 145/);
    for (const whole of [bundle, hidden(begin(policy), [])]) {
      const head = whole.length - splitBundle(whole, sharing).length * 8 - 2 * 16;
      for (let length = 0; length < head; length++)
        throws(() => readPseudonym(whole.subarray(0, length)), DecodeError);
      readPseudonym(whole.subarray(0, head));
    }
    const other = bundle.slice();
    other[0] = 0x21;
    refuses(() => readPseudonym(other), ErrorNumbers.messageType, /profile/);
    equal(pseudonymNumber(fromHex("ffffffffffff")), 2 ** 48 - 1);
  });

  it("has nothing in common from one T to the next", () => {
    const seen = new Set<string>();
    for (let t = 1; t <= 300; t++) {
      const six = pseudonymOf(primitives, KEY, t);
      seen.add(toHex(six));
      ok(!same(six.subarray(2), uint(t, 4)), `T ${t} shows`);
    }
    equal(seen.size, 300);
  });
});

describe("an exchange under pseudonyms", () => {
  const hiding = (waiting: WaitingInitiator) => new PseudonymousInitiator(waiting, policy, hidden(waiting));
  const verification = ({ session }: WaitingInitiator, x: number, confirmation?: Uint8Array) =>
    createShareVerification(primitives, session, policy.thirdParties[x - 1], pskOf(x), confirmation);

  it("sends the parts of its bundle, and shows neither T nor CSB ID nor names in what comes back", () => {
    const waiting = begin(policy, { t: 0x01020304 });
    const { message } = rebuild(policy, waiting, [1, 3])!.confirm(primitives, freshness);
    const hides = hiding(waiting);
    deepEqual(hides.messages, splitBundle(hidden(waiting), sharing));
    const whole = verification(waiting, 2, message);
    const receipt = compressVerification(verification(waiting, 1));
    const brief = compressVerification(whole);
    equal(receipt.length, 8);
    equal(brief.length, freshness.senderId.length + 16);
    const { session } = waiting;
    for (const secret of [uint(session.t, 4), session.csbId, policy.thirdParties[1].data]) {
      ok(toHex(whole).includes(toHex(secret)));
      ok(!toHex(concat(receipt, brief)).includes(toHex(secret)));
    }
  });

  it("takes receipts and R_I as it does whole messages", () => {
    const waiting = begin(policy);
    const keys = waiting.provisionalKeys;
    const { message } = rebuild(policy, waiting, [1, 3])!.confirm(primitives, freshness);
    const hides = hiding(waiting);
    deepEqual(hides.provisionalKeys, keys);
    for (const x of [1, 2, 3]) {
      equal(hides.consumeVerification(x, compressVerification(verification(waiting, x))), waiting);
    }
    const finished = hides.consumeVerification(2, compressVerification(verification(waiting, 2, message)));
    ok(finished instanceof FinishedInitiator);
    deepEqual(finished.keys, keys);
    deepEqual(finished.confirmation, freshness);
    throws(() => hides.consumeVerification(1, new Uint8Array(20)), /it is over/);
  });

  it("takes nothing that is another's, altered, or of another length", () => {
    const waiting = begin(policy);
    const hides = hiding(waiting);
    const { message } = rebuild(policy, waiting, [1, 2])!.confirm(primitives, freshness);
    const receipt = compressVerification(verification(waiting, 1));
    const brief = compressVerification(verification(waiting, 1, message));
    const { authentication } = ErrorNumbers;
    refuses(() => hides.consumeVerification(2, receipt), authentication, /V/);
    for (const whole of [receipt, brief]) {
      for (let bit = 0; bit < 8 * whole.length; bit++) {
        const altered = whole.slice();
        altered[bit >> 3] ^= 1 << (bit & 7);
        refuses(() => hides.consumeVerification(1, altered), authentication, /V/);
      }
    }
    for (let length = 0; length < 16; length++) {
      if (length === receipt.length) continue;
      refuses(() => hides.consumeVerification(1, new Uint8Array(length)), ErrorNumbers.unspecified, /./);
    }
    refuses(
      () => hides.consumeVerification(1, new Uint8Array(400)),
      ErrorNumbers.unspecified,
      /R_I: 400 bytes/,
    );
    ok(hides.consumeVerification(3, brief) instanceof FinishedInitiator);
  });

  it("ends when it is given up", () => {
    const waiting = begin(policy);
    hiding(waiting).abandon();
    throws(() => waiting.provisionalKeys, /it is over/);
  });

  it("has no short form of an answer with a longer V", () => {
    const long = begin(policyOf());
    const receipt = createShareVerification(primitives, long.session, policy.thirdParties[0], pskOf(1));
    refuses(() => compressVerification(receipt), ErrorNumbers.mac, /V of 32 bytes/);
    throws(() => compressVerification(new Uint8Array(3)), DecodeError);
  });
});
