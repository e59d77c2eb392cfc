/** Bundles: small, and the same messages again at the other end. */

import * as fc from "fast-check";
import { concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { createBundle, restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import {
  type BundlePart,
  compressConfirmation,
  readBundleHead,
  readBundlePart,
  restoreShareMessage,
  splitBundle,
} from "../../../protocol/exchange/bundle-parts.js";
import { consumeConfirmation, createConfirmation } from "../../../protocol/exchange/confirmation.js";
import {
  beginExchange,
  FinishedInitiator,
  type WaitingInitiator,
} from "../../../protocol/exchange/initiator.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { primitives, steps } from "../../support/primitives.js";
import { goldenInputs } from "./golden.js";
import { acceptShare, begin, freshness, identity, policyOf, pskOf, rebuild, responder } from "./parties.js";
import { refuses } from "./refusals.js";

const SUITE = "aes-ccm-128-8";
const policy = policyOf(2, 1, 3, SUITE);
const HANDLE = 0xbeef;

const bundleOf = (waiting: WaitingInitiator, responders = [responder]): Uint8Array =>
  createBundle(waiting.session, waiting.nonce, waiting.messages, HANDLE, responders);

const restore = (part: BundlePart, x: number, enrolled: Policy = policy, responders = [responder]) =>
  restoreShareMessage(primitives, part, {
    identity: enrolled.thirdParties[x - 1],
    policy: enrolled,
    psk: pskOf(x),
    responders,
  });

describe("a bundle", () => {
  it("has, with fixed inputs, these bytes", () => {
    const { nonce, t, tgk, psks, weights } = goldenInputs;
    const drawn: string[] = [nonce, tgk];
    const credentials = {
      policy,
      weights: fromHex(weights),
      psks: psks.map(fromHex),
    };
    const waiting = beginExchange(steps, () => fromHex(drawn.shift()!), credentials, responder, t);
    const [one, two, three] = waiting.messages.map(toHex);
    const cvAt = 2 * (10 + 6 + 18 + 2 * 13 + 4 + 4);
    const checkValue = one.slice(cvAt, cvAt + 16);
    // Encrypted share: 8 bytes of tag and MAC alg behind it.
    const shares = [two, three].map((message) => message.slice(-50, -18));
    const tags = [one, two, three].map((message) => message.slice(-16));
    const expected = ["11", "beef", "00", nonce, "00010203", checkValue, ...shares, ...tags].join("");
    equal(toHex(bundleOf(waiting)), expected);
    equal(expected.length / 2, 80);
  });

  it("restores each message bit for bit, whatever k, t, n and the identities are", () => {
    const identities = fc.array(fc.uint8Array({ minLength: 1, maxLength: 12 }), {
      minLength: 2,
      maxLength: 2,
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.nat(5),
        fc.nat(3),
        identities,
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        fc.boolean(),
        (k, t, more, [sensorData, responderData], number, listed) => {
          const enrolled = {
            ...policyOf(k, t % k, k + more, SUITE),
            sensor: { type: 2, data: sensorData },
          };
          const to = { type: 1, data: responderData };
          const responders = listed ? [identity("other"), to] : [];
          const waiting = begin(enrolled, { t: number, to });
          const bundle = bundleOf(waiting, responders);
          const { privacy, shares } = sharingOf(enrolled);
          equal(bundle.length, 24 + (listed ? 0 : 2 + to.data.length) + 16 * (shares - privacy) + 8 * shares);
          const parts = splitBundle(bundle, sharingOf(enrolled));
          equal(parts.length, shares);
          parts.forEach((bytes, i) => {
            const part = readBundlePart(bytes);
            equal(part.handle, HANDLE);
            equal(part.share === undefined, i < privacy);
            equal(toHex(restore(part, i + 1, enrolled, responders)), toHex(waiting.messages[i]));
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  it("restores to a message that does not hold when any bit of a part is another", () => {
    const waiting = begin(policy);
    const [, part] = splitBundle(bundleOf(waiting), sharingOf(policy));
    for (let bit = 8; bit < 8 * part.length; bit++) {
      // The handle is not in the message: it only says whose PSK is tried.
      if (bit >= 8 && bit < 24) continue;
      const altered = part.slice();
      altered[bit >> 3] ^= 1 << (bit & 7);
      let error: unknown;
      try {
        acceptShare(policy, 2, restore(readBundlePart(altered), 2));
      } catch (thrown) {
        error = thrown;
      }
      ok(error !== undefined, `bit ${bit}`);
    }
  });

  it("is made under its own suite only, and with a nonce", () => {
    throws(() => bundleOf(begin(policyOf())), /^suite: a bundle takes aes-ccm-128-8, not aes-ccm-128$/);
    const { session, messages } = begin(policy);
    throws(() => createBundle(session, new Uint8Array(4), messages, HANDLE, []), /^nonce: expected 8/);
  });

  it("can't be cut short or drawn out anywhere", () => {
    const waiting = begin(policy);
    for (const responders of [[responder], []]) {
      const bundle = bundleOf(waiting, responders);
      for (let length = 0; length < bundle.length; length++) {
        throws(() => splitBundle(bundle.subarray(0, length), sharingOf(policy)), DecodeError);
      }
      throws(() => splitBundle(concat(bundle, 0), sharingOf(policy)), DecodeError);
      const [, part] = splitBundle(bundle, sharingOf(policy));
      const head = readBundleHead(part).length;
      for (let length = 0; length < part.length; length++) {
        // As long as a tag alone: of a third party whose share is derived.
        if (length === head + 8) continue;
        throws(() => readBundlePart(part.subarray(0, length)), DecodeError);
      }
      throws(() => readBundlePart(concat(part, 0)), DecodeError);
    }
  });

  it("is refused when it is of another profile, and to parties that it was not made for", () => {
    const waiting = begin(policy);
    const bundle = bundleOf(waiting);
    const [first, second] = splitBundle(bundle, sharingOf(policy)).map(readBundlePart);
    const other = bundle.slice();
    other[0] = 0x21;
    refuses(() => splitBundle(other, sharingOf(policy)), ErrorNumbers.messageType, /profile/);
    refuses(() => restore(first, 2), ErrorNumbers.share, /lacks a share/);
    refuses(() => restore(second, 1), ErrorNumbers.share, /has a share/);
    refuses(() => restore(second, 2, policyOf()), ErrorNumbers.encryption, /not the enrolled aes-ccm-128$/);
    refuses(() => restore(second, 2, policy, []), ErrorNumbers.identity, /Responder 0/);
    // Whose T and share are right, under another's PSK: only the MAC tells.
    refuses(() => acceptShare(policy, 3, restore(second, 3)), ErrorNumbers.authentication, /MAC/);
  });
});

describe("R_I through a gateway", () => {
  const confirmed = (waiting: WaitingInitiator) =>
    rebuild(policy, waiting, [1, 3])!.confirm(primitives, freshness);
  const verification = (waiting: WaitingInitiator, x: number, confirmation?: Uint8Array) =>
    createShareVerification(primitives, waiting.session, policy.thirdParties[x - 1], pskOf(x), confirmation);

  it("is 16 bytes and the sender ID, and finishes the exchange as the whole message does", () => {
    const waiting = begin(policy);
    const keys = waiting.provisionalKeys;
    const { message } = confirmed(waiting);
    const compressed = compressConfirmation(verification(waiting, 2, message))!;
    equal(toHex(compressed.subarray(0, -8)), toHex(concat(freshness.senderId, freshness.nonce)));
    equal(compressed.length, freshness.senderId.length + 16);
    const restored = restoreConfirmation(waiting.session, compressed);
    equal(toHex(restored), toHex(message));
    const finished = waiting.consumeConfirmation(restored);
    ok(finished instanceof FinishedInitiator);
    deepEqual(finished.keys, keys);
    deepEqual(finished.confirmation, freshness);
    throws(() => waiting.consumeConfirmation(restored), /it is over/);
  });

  it("with the longest and with no sender ID comes back the same", () => {
    const { session } = begin(policy);
    for (const length of [0, 1, 7]) {
      const given = { nonce: freshness.nonce, senderId: new Uint8Array(length).fill(9) };
      const message = createConfirmation(primitives, session, new Uint8Array(16), given);
      const compressed = compressConfirmation(
        createShareVerification(primitives, session, policy.thirdParties[0], pskOf(1), message),
      )!;
      const restored = restoreConfirmation(session, compressed);
      deepEqual(consumeConfirmation(primitives, restored, session, new Uint8Array(16)), given);
    }
  });

  it("changes nothing when it is another's or altered, and is none when it is too short or long", () => {
    const waiting = begin(policy);
    const { message } = confirmed(waiting);
    const compressed = compressConfirmation(verification(waiting, 1, message))!;
    for (let bit = 0; bit < 8 * compressed.length; bit++) {
      const altered = compressed.slice();
      altered[bit >> 3] ^= 1 << (bit & 7);
      const number = ErrorNumbers.authentication;
      refuses(() => waiting.consumeConfirmation(restoreConfirmation(waiting.session, altered)), number, /V/);
    }
    throws(() => restoreConfirmation(waiting.session, compressed.subarray(0, 15)), RangeError);
    throws(() => restoreConfirmation(waiting.session, new Uint8Array(300)), RangeError);
    ok(waiting.consumeConfirmation(message) instanceof FinishedInitiator);
  });

  it("is undefined for a receipt, and a Refusal or DecodeError for what is no TP_I with an R_I of this profile", () => {
    const waiting = begin(policy);
    equal(compressConfirmation(verification(waiting, 1)), undefined);
    throws(() => compressConfirmation(new Uint8Array(3)), DecodeError);
    throws(() => compressConfirmation(verification(waiting, 1, new Uint8Array(3))), DecodeError);
    refuses(() => compressConfirmation(waiting.messages[0]), ErrorNumbers.dataType, /./);
    const long = begin(policyOf());
    const full = createConfirmation(primitives, long.session, new Uint8Array(16), freshness);
    refuses(() => compressConfirmation(verification(waiting, 1, full)), ErrorNumbers.mac, /V of 32 bytes/);
  });
});
