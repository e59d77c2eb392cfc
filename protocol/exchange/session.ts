/** What all parties of one exchange must mean by it, and the values that follow from that. */

import { concat, wipe } from "../bytes.js";
import { type Identity, identityBytes, sameIdentity } from "../mikey/identity.js";
import { deriveMessageKey, deriveSessionKey, type LabelContext, SessionKeys } from "../mikey/keys.js";
import { type ErrorNumber, ErrorNumbers, PayloadTypes } from "../mikey/numbers.js";
import type { Payload } from "../mikey/payloads.js";
import { Refusal } from "../mikey/refusal.js";
import { type Suite, suiteByName } from "../mikey/suites.js";
import { counterTimestamp } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import { SHARE_LENGTH, type Sharing } from "../shares/points.js";
import { type Policy, sharingOf } from "./policy.js";
import {
  CHANNEL_CS_ID,
  CHECK_VALUE_LABEL,
  CHECK_VALUE_LENGTH,
  DERIVED_SHARE_CONSTANT,
  NONCE_LENGTH,
  PROFILE,
  RAND_LABEL,
  RAND_LENGTH,
} from "./profile.js";

/** The context of an exchange: every byte of it is covered by the check value. */
export interface Session {
  readonly sensor: Identity;
  readonly responder: Identity;
  readonly sharing: Sharing;
  readonly suite: Suite;
  /** The sensor's T, a COUNTER (1 … 2^32 − 1). */
  readonly t: number;
  /** CSB ID: the first 4 bytes of the nonce N. */
  readonly csbId: Uint8Array;
  readonly rand: Uint8Array;
}

/** The session that a sensor begins with nonce N (8 bytes) and T. */
export function createSession(
  primitives: Primitives,
  policy: Policy,
  responder: Identity,
  nonce: Uint8Array,
  t: number,
): Session {
  if (nonce.length !== NONCE_LENGTH) {
    throw new RangeError(`nonce: expected ${NONCE_LENGTH} bytes, got ${nonce.length}`);
  }
  return {
    sensor: policy.sensor,
    responder,
    sharing: sharingOf(policy),
    suite: suiteByName(policy.suite),
    t,
    csbId: nonce.slice(0, 4),
    rand: sessionRand(primitives, policy.sensor, nonce, t),
  };
}

/** RAND: the first 16 bytes of SHA-256("symbolon-rand" ‖ sensor identity ‖ N ‖ T). */
export function sessionRand(
  primitives: Primitives,
  sensor: Identity,
  nonce: Uint8Array,
  t: number,
): Uint8Array {
  const input = concat(RAND_LABEL, identityBytes(sensor), nonce, counterTimestamp(t).value);
  return primitives.sha256(input).subarray(0, RAND_LENGTH);
}

/** Hash, CSB ID and RAND, for every label of the session. */
export function labelContextOf(session: Session): LabelContext {
  return { hash: session.suite.hash, csbId: session.csbId, rand: session.rand };
}

/**
 * The check value: the first 8 bytes of HMAC-SHA-256(kc, "symbolon-cv" ‖ profile ‖ k ‖ t ‖ n ‖ sensor ‖
 * responder ‖ T ‖ CSB ID ‖ RAND ‖ the shares of third parties 1 … t), kc = PRF(TGK, 0x1B5C7973 ‖ 0x00 ‖ CSB ID ‖
 * RAND). cs_id 0 is no crypto session's (RFC 3830 §6.1.1), so kc is no key of any.
 *
 * TGK and `derived`, the t derived shares in their order, are the k points that fix the polynomial: the value vouches
 * for all n shares. Throws a RangeError when they are not t.
 */
export function checkValue(
  primitives: Primitives,
  session: Session,
  tgk: Uint8Array,
  derived: readonly Uint8Array[],
): Uint8Array {
  const { privacy } = session.sharing;
  if (derived.length !== privacy) {
    throw new RangeError(`derived shares: expected ${privacy}, got ${derived.length}`);
  }
  const context = labelContextOf(session);
  const covered = concat(CHECK_VALUE_LABEL, sessionBytes(session), ...derived);
  const key = deriveSessionKey(primitives, tgk, SessionKeys.authentication, 0, context, 32);
  try {
    return primitives.hmac("sha-256", key, covered).subarray(0, CHECK_VALUE_LENGTH);
  } finally {
    wipe(key);
  }
}

/** The share of one of the first t third parties: it follows from the PSK, so that it need not be sent. */
export function derivedShare(primitives: Primitives, session: Session, psk: Uint8Array): Uint8Array {
  return deriveMessageKey(primitives, psk, DERIVED_SHARE_CONSTANT, labelContextOf(session), SHARE_LENGTH);
}

/** What the exchange is for: key material of the channel (RFC 3830 §4.1.3, cs_id 1). */
export interface ChannelKeys {
  /** TEK, 16 bytes. */
  readonly tek: Uint8Array;
  /** Salt, 8 bytes. */
  readonly salt: Uint8Array;
}

export function channelKeys(primitives: Primitives, session: Session, tgk: Uint8Array): ChannelKeys {
  const context = labelContextOf(session);
  return {
    tek: deriveSessionKey(primitives, tgk, SessionKeys.tek, CHANNEL_CS_ID, context, 16),
    salt: deriveSessionKey(primitives, tgk, SessionKeys.salt, CHANNEL_CS_ID, context, 8),
  };
}

/** Throws a Refusal unless a session is the one that its policy stands for. */
export function refuseOtherPolicy(session: Session, policy: Policy): void {
  const { sharing, suite } = session;
  const enrolled = sharingOf(policy);
  const differs = (what: string, actual: number | string, expected: number | string, error: ErrorNumber) => {
    if (actual !== expected) throw new Refusal(error, `${what} ${actual} is not the enrolled ${expected}`);
  };
  if (!sameIdentity(session.sensor, policy.sensor)) {
    throw new Refusal(ErrorNumbers.identity, "the sensor is not the enrolled one");
  }
  if (sharing.threshold < 2)
    throw new Refusal(ErrorNumbers.share, `threshold ${sharing.threshold} is below 2`);
  differs("threshold", sharing.threshold, enrolled.threshold, ErrorNumbers.share);
  differs("privacy", sharing.privacy, enrolled.privacy, ErrorNumbers.share);
  differs("number of third parties", sharing.shares, enrolled.shares, ErrorNumbers.share);
  differs("suite", suite.name, policy.suite, ErrorNumbers.encryption);
}

/** The identity of one role in a message. Throws a Refusal when it is missing or stands more than once. */
export function roleIdentity(payloads: readonly Payload[], role: number, name: string): Identity {
  let identity: Identity | undefined;
  for (let i = 0; i < payloads.length; i++) {
    const payload = payloads[i];
    if (payload.type !== PayloadTypes.IDR || payload.role !== role) continue;
    if (identity !== undefined) throw new Refusal(ErrorNumbers.identity, `two identities of the ${name}`);
    identity = payload.identity;
  }
  if (identity === undefined) throw new Refusal(ErrorNumbers.identity, `no identity of the ${name}`);
  return identity;
}

/** Everything that the parties of a session must agree on, each part of known or announced length. */
export function sessionBytes({ sensor, responder, sharing, t, csbId, rand }: Session): Uint8Array {
  const { threshold, privacy, shares } = sharing;
  return concat(
    PROFILE,
    threshold,
    privacy,
    shares,
    identityBytes(sensor),
    identityBytes(responder),
    counterTimestamp(t).value,
    csbId,
    rand,
  );
}
