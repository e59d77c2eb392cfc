/**
 * The policy of one sensor: who its third parties are and how its keys are shared. It comes from enrolment,
 * signed by the authority, and never from the wire; sensor, third parties and Responder hold the same one.
 */

import { type Identity, identityFromText, identityToText, sameIdentity } from "../mikey/identity.js";
import { type SuiteName, suiteNames } from "../mikey/suites.js";
import type { Sharing } from "../shares/points.js";

export interface Policy {
  readonly sensor: Identity;
  /** k: how many shares rebuild the TGK. At least 2. */
  readonly threshold: number;
  /** t: how many shares tell nothing. 0 (plain redundancy) to k − 1 (Shamir). */
  readonly privacy: number;
  readonly suite: SuiteName;
  /** In order: the share index x of a third party is its position, from 1. n is the length. */
  readonly thirdParties: readonly Identity[];
}

/** (k, t, n) of a policy. */
export function sharingOf(policy: Policy): Sharing {
  return { threshold: policy.threshold, privacy: policy.privacy, shares: policy.thirdParties.length };
}

/** The JSON form, in statements and enrolment files. */
export interface PolicyJson {
  sensor: string;
  threshold: number;
  privacy: number;
  suite: SuiteName;
  thirdParties: string[];
}

/** Throws a RangeError that names the clause which does not hold. */
export function checkPolicy(policy: Policy): Policy {
  const { threshold: k, privacy: t, thirdParties } = policy;
  const n = thirdParties.length;
  if (!Number.isInteger(k) || k < 2) throw new RangeError(`threshold: expected at least 2, got ${k}`);
  if (k > n) throw new RangeError(`threshold: ${k} shares can't come from ${n} third parties`);
  if (!Number.isInteger(t) || t < 0 || t >= k) {
    throw new RangeError(`privacy: expected 0 to ${k - 1} (threshold − 1), got ${t}`);
  }
  // Shares and secret points are distinct elements of GF(256): x = 1…n, and 0, 255, 254, … for k − t of them.
  if (n > 255 - (k - t - 1)) throw new RangeError(`third parties: ${n} are too many for this field`);
  thirdParties.forEach((party, i) => {
    if (thirdParties.findIndex((other) => sameIdentity(other, party)) !== i) {
      throw new RangeError(`third parties: ${identityToText(party)} is named twice`);
    }
  });
  return policy;
}

/** x of a third party (1…n), or 0 when it is not one of this sensor's. */
export function shareIndex(policy: Policy, thirdParty: Identity): number {
  return policy.thirdParties.findIndex((party) => sameIdentity(party, thirdParty)) + 1;
}

/** Reads the JSON form. Throws a SyntaxError or RangeError that names the member. */
export function policyFromJson(json: unknown): Policy {
  if (typeof json !== "object" || json === null) throw new SyntaxError("policy: expected an object");
  const { sensor, threshold, privacy, suite, thirdParties } = json as Record<string, unknown>;
  if (!Array.isArray(thirdParties)) throw new SyntaxError("thirdParties: expected a list");
  if (typeof threshold !== "number") throw new SyntaxError("threshold: expected a number");
  if (typeof privacy !== "number") throw new SyntaxError("privacy: expected a number");
  const name = suiteNames.find((known) => known === suite);
  if (name === undefined) throw new SyntaxError(`suite: expected one of ${suiteNames.join(", ")}`);
  return checkPolicy({
    sensor: memberIdentity("sensor", sensor),
    threshold,
    privacy,
    suite: name,
    thirdParties: thirdParties.map((party, i) => memberIdentity(`thirdParties[${i}]`, party)),
  });
}

/** The JSON form of a policy. */
export function policyToJson(policy: Policy): PolicyJson {
  return {
    sensor: identityToText(policy.sensor),
    threshold: policy.threshold,
    privacy: policy.privacy,
    suite: policy.suite,
    thirdParties: policy.thirdParties.map(identityToText),
  };
}

/** An identity out of JSON. Throws a SyntaxError that names the member. */
export function memberIdentity(member: string, value: unknown): Identity {
  if (typeof value !== "string") throw new SyntaxError(`${member}: expected an identity as text`);
  try {
    return identityFromText(value);
  } catch (error) {
    throw new SyntaxError(`${member}: ${(error as Error).message}`);
  }
}
