/** What a choice of k, t and n stands: how many third parties may be curious, silent or lying, and what it costs. */

import { createConfirmation } from "../../protocol/exchange/confirmation.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { sharingOf } from "../../protocol/exchange/policy.js";
import { NONCE_LENGTH, RESPONDER_NONCE_LENGTH } from "../../protocol/exchange/profile.js";
import { createSession } from "../../protocol/exchange/session.js";
import { createShareMessages } from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { uniqueRadius } from "../../protocol/shares/locate.js";
import { SHARE_LENGTH, type Sharing, secretLength } from "../../protocol/shares/points.js";
import { judgedRadius, searchLimit } from "../../protocol/shares/search.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { primitives } from "../primitives.js";

/** How many of those who are not silent may lie, together or each alone. */
export interface Lying {
  readonly silent: number;
  /** So that decoding alone finds the key and names them: m ≥ k + 2e. */
  readonly unique: number;
  /** So that decoding and the check value do: m ≥ k + e, where all shares are searched. */
  readonly withCheckValue: number;
  /** Among how many of the shares every k are tried. */
  readonly searched: number;
}

export interface Limits {
  readonly threshold: number;
  readonly privacy: number;
  readonly thirdParties: number;
  /** Bits of the TGK that are left to guess for who has 0, 1, … k shares. */
  readonly bitsLeft: readonly number[];
  /** Third parties of which no key is needed: the others give it. */
  readonly silent: number;
  readonly lying: readonly Lying[];
  /** With the default suite and identities of eight bytes. */
  readonly bytes: {
    readonly share: number;
    readonly tgk: number;
    /** What the sensor keeps of the code. */
    readonly weights: number;
    /** One I_TP; one TP_I with R_I in it. */
    readonly I_TP: number;
    readonly TP_I: number;
    /** All I_TP of an exchange. */
    readonly sent: number;
  };
}

/** The limits of a sharing that checkPolicy() accepts. */
export function limitsOf(policy: Policy): Limits {
  const sharing = sharingOf(policy);
  const { threshold: k, privacy: t, shares: n } = sharing;
  return {
    threshold: k,
    privacy: t,
    thirdParties: n,
    bitsLeft: Array.from({ length: k + 1 }, (_, known) => 8 * SHARE_LENGTH * (k - Math.max(t, known))),
    silent: n - k,
    lying: Array.from({ length: n - k + 1 }, (_, silent) => lyingOf(sharing, silent)),
    bytes: sizesOf(policy),
  };
}

/** From k on, liars that conspire are the sensor: no code helps against that. */
function lyingOf(sharing: Sharing, silent: number): Lying {
  const { threshold: k, shares: n } = sharing;
  const m = n - silent;
  return {
    silent,
    unique: Math.min(uniqueRadius(k, m), k - 1),
    withCheckValue: Math.min(judgedRadius(k, m), k - 1),
    searched: searchLimit(k, m),
  };
}

/** Measured on messages of zeros. */
function sizesOf(policy: Policy): Limits["bytes"] {
  const sharing = sharingOf(policy);
  const { shares: n } = sharing;
  const [responder] = policy.thirdParties;
  const session = createSession(primitives, policy, responder, new Uint8Array(NONCE_LENGTH), 1);
  const psks = policy.thirdParties.map(() => new Uint8Array(16));
  const weights = weightMatrix(sharing);
  const tgk = new Uint8Array(secretLength(sharing));
  const [message] = createShareMessages(primitives, session, psks, weights, tgk);
  const freshness = { nonce: new Uint8Array(RESPONDER_NONCE_LENGTH), senderId: new Uint8Array(4) };
  const confirmation = createConfirmation(primitives, session, tgk, freshness);
  const answer = createShareVerification(primitives, session, responder, psks[0], confirmation);
  return {
    share: SHARE_LENGTH,
    tgk: tgk.length,
    weights: weights.length,
    I_TP: message.length,
    TP_I: answer.length,
    sent: n * message.length,
  };
}
