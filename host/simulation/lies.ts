/** What lying third parties say in a simulation, alone or together. */

import { ascii, concat, uint } from "../../protocol/bytes.js";
import { shareIndex } from "../../protocol/exchange/policy.js";
import { checkValue, sessionBytes } from "../../protocol/exchange/session.js";
import type { AcceptedShare } from "../../protocol/exchange/share-message.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { encodeShares } from "../../protocol/shares/encode.js";
import { SHARE_LENGTH, secretLength } from "../../protocol/shares/points.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { primitives, randomSource } from "../primitives.js";
import type { Passage } from "../third-party/options.js";

/** Another share in the place of the sensor's. */
export function alter({ session, checkValue, share }: AcceptedShare): AcceptedShare {
  const difference = randomSource(share.length);
  // Zeros would be no lie.
  difference[0] |= 1;
  return { session, checkValue, share: share.map((byte, i) => byte ^ difference[i]) };
}

/**
 * The share of third party x in a key that the liars invented, with that key's check value: whoever knows `secret`
 * says the same of a session, without a word between them.
 */
export function plant({ session }: AcceptedShare, x: number, secret: Uint8Array): AcceptedShare {
  const { sharing } = session;
  const material = (name: string, i: number) => {
    const input = concat(ascii(name), uint(i, 1), sessionBytes(session));
    return primitives.hmac("sha-256", secret, input).subarray(0, SHARE_LENGTH);
  };
  const pieces = secretLength(sharing) / SHARE_LENGTH;
  const tgk = concat(...Array.from({ length: pieces }, (_, i) => material("TGK", i)));
  const random = Array.from({ length: sharing.privacy }, (_, i) => material("share", i));
  const shares = encodeShares(sharing, weightMatrix(sharing), tgk, random);
  return { session, checkValue: checkValue(primitives, session, tgk, random), share: shares[x - 1] };
}

/** A TP_R beyond the one that a third party owes: what it says, and as whom. */
export interface ExtraLie {
  readonly accepted: AcceptedShare;
  readonly party: Passage["party"];
  readonly what: string;
}

/** A claim to be the next third party, whose index and certificate are not the liar's; and another RAND for this T. */
export function extraLies(planted: AcceptedShare, { party, enrolment }: Passage): ExtraLie[] {
  const { thirdParties } = enrolment.policy;
  const other = thirdParties[shareIndex(enrolment.policy, party.identity) % thirdParties.length];
  const rand = randomSource(planted.session.rand.length);
  return [
    { accepted: planted, party: { ...party, identity: other }, what: `to be ${identityToText(other)}` },
    { accepted: { ...planted, session: { ...planted.session, rand } }, party, what: "another RAND" },
  ];
}
