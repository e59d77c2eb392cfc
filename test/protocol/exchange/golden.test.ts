/**
 * The five messages of profile 1 with fixed inputs: made by create… byte for byte, and built once more by
 * hand, field by field, out of MIKEY's primitives.
 */

import { fromHex, toHex } from "../../../protocol/bytes.js";
import { createConfirmation } from "../../../protocol/exchange/confirmation.js";
import { createForwardMessage, readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { createForwardVerification } from "../../../protocol/exchange/forward-verification.js";
import { beginExchange } from "../../../protocol/exchange/initiator.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import type { RandomSource } from "../../../protocol/primitives.js";
import { equal } from "../../support/assert.js";
import { primitives, steps } from "../../support/primitives.js";
import { byHand } from "./by-hand.js";
import { type GoldenExchange, goldenExchanges, goldenInputs } from "./golden.js";
import {
  acceptForward,
  acceptShare,
  forwardingParty,
  groupOf,
  knownResponder,
  policyOf,
  responder,
  statement,
} from "./parties.js";

const { nonce, t, tgk, psks, weights, envelopeKey, responderNonce, senderId, unixTime } = goldenInputs;

/** The random source that gives these values, one after the other. */
function giving(...values: string[]): RandomSource {
  return () => fromHex(values.shift()!);
}

/** The messages, as the code under test makes them. */
function created(suite: GoldenExchange["suite"]): GoldenExchange {
  const policy = policyOf(2, 1, 3, suite);
  const [, , third] = policy.thirdParties;
  const psk = (x: number) => fromHex(psks[x - 1]);
  const credentials = { policy, weights: fromHex(weights), psks: psks.map(fromHex) };
  const waiting = beginExchange(steps, giving(nonce, tgk), credentials, responder, t);
  const { session, messages } = waiting;
  const accept = (x: number) => acceptShare({ ...policy }, x, messages[x - 1], psk(x));
  const forward = (x: number) =>
    createForwardMessage(
      primitives,
      giving(envelopeKey),
      accept(x),
      forwardingParty(policy.thirdParties[x - 1]),
      knownResponder(),
      statement,
      unixTime,
    ).bytes;
  const confirmation = createConfirmation(primitives, session, fromHex(tgk), {
    nonce: fromHex(responderNonce),
    senderId: fromHex(senderId),
  });
  // And the whole of it fits together.
  const group = groupOf([1, 3].map((x) => acceptForward(policy, forward(x))));
  const rebuilt = group.rebuild(primitives);
  const context = {
    session,
    thirdParty: third,
    timestamp: readForwardMessage(forward(3)).timestamp,
    envelopeKey: fromHex(envelopeKey),
  };
  const again = rebuilt?.confirm(primitives, { nonce: fromHex(responderNonce), senderId: fromHex(senderId) });
  equal(again && toHex(again.message), toHex(confirmation));
  return {
    suite,
    I_TP: messages.map(toHex),
    TP_I: toHex(createShareVerification(primitives, session, third, psk(3), confirmation)),
    TP_R: toHex(forward(3)),
    R_TP: toHex(createForwardVerification(primitives, context, confirmation)),
    R_I: toHex(confirmation),
    tek: toHex(waiting.provisionalKeys.tek),
    salt: toHex(waiting.provisionalKeys.salt),
  };
}

describe("the five messages with fixed inputs", () => {
  for (const golden of goldenExchanges) {
    for (const [how, make] of [
      ["made", created],
      ["built by hand", byHand],
    ] as const) {
      for (const member of ["I_TP", "TP_I", "TP_R", "R_TP", "R_I", "tek", "salt"] as const) {
        it(`${member} ${how}: ${golden.suite}`, () => {
          equal(`${make(golden.suite)[member]}`, `${golden[member]}`);
        });
      }
    }
  }
});
