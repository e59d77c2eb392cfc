/**
 * All parties of an exchange in memory, with RSA that is none: a "signature" is an HMAC and an "envelope" a
 * masked key. What comes from it is the same each time, on both engines.
 */

import { ascii, concat, equal, uint } from "../../../protocol/bytes.js";
import { CollectingGroup, type RebuiltGroup } from "../../../protocol/exchange/collection.js";
import type { Confirmation } from "../../../protocol/exchange/confirmation.js";
import {
  type CreatedForwardMessage,
  consumeForwardMessage,
  createForwardMessage,
  type ForwardedShare,
  type ForwardingParty,
  type KnownResponder,
  type ReceivingResponder,
  readForwardMessage,
} from "../../../protocol/exchange/forward-message.js";
import { createForwardVerification } from "../../../protocol/exchange/forward-verification.js";
import { beginExchange, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import {
  type AcceptedShare,
  consumeShareMessage,
  readShareMessage,
} from "../../../protocol/exchange/share-message.js";
import { type Identity, IdentityTypes } from "../../../protocol/mikey/identity.js";
import type { SuiteName } from "../../../protocol/mikey/suites.js";
import type { RandomSource } from "../../../protocol/primitives.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { primitives, steps } from "../../support/primitives.js";

/** An identity of 8 bytes, as a constrained sensor would have. */
export function identity(name: string): Identity {
  return { type: IdentityTypes.byteString, data: ascii(`${name}--------`.slice(0, 8)) };
}

export const sensor = identity("sensor");
export const responder = identity("server");
export const statement = ascii("eyJhbGciOiJFUzI1NiJ9.e30.AAAA");
/** 2026-01-02T03:04:05.500Z. */
export const unixTime = 1767323045500;

/** n third parties under (k, t, n) and a suite. */
export function policyOf(threshold = 2, privacy = 1, shares = 3, suite: SuiteName = "aes-ccm-128"): Policy {
  const thirdParties = Array.from({ length: shares }, (_, i) => identity(`tp-${i + 1}`));
  return { sensor, threshold, privacy, suite, thirdParties };
}

/** `length` bytes that a label stands for. */
export function material(label: string, length: number): Uint8Array {
  let bytes: Uint8Array = new Uint8Array(0);
  for (let i = 0; bytes.length < length; i++) {
    bytes = concat(bytes, primitives.sha256(concat(ascii(label), uint(i, 1))));
  }
  return bytes.slice(0, length);
}

/** A source that gives other bytes at each call, and the same in each run. */
export function randomOf(seed: string): RandomSource {
  let calls = 0;
  return (length) => material(`${seed} ${calls++}`, length);
}

/** PSK of third party x. */
export const pskOf = (x: number): Uint8Array => material(`psk ${x}`, 16);
/** Those of all third parties of a policy. */
export const pskList = ({ thirdParties }: Policy): Uint8Array[] => thirdParties.map((_, i) => pskOf(i + 1));

/** Bytes of what stands for an RSA signature and an RSA ciphertext here. */
const SIGNATURE = 64;
const TAG = 32;

const signature = (signer: Identity, data: Uint8Array): Uint8Array => {
  const tag = primitives.hmac("sha-256", material("signing", 32), concat(signer.data, data));
  return concat(tag, tag).subarray(0, SIGNATURE);
};

export function forwardingParty(party: Identity): ForwardingParty {
  return {
    identity: party,
    chain: [concat(ascii("leaf of "), party.data), ascii("intermediate")],
    sign: (data) => signature(party, data),
    signatureLength: SIGNATURE,
  };
}

/** Checks signatures under the certificate of a third party. */
export const verifierOf =
  (party: Identity) =>
  (data: Uint8Array, signed: Uint8Array): boolean =>
    equal(signature(party, data), signed);

const certificateHashOf = (owner: Identity): Uint8Array => material(`certificate of ${owner.data}`, 32);

const mask = (key: Uint8Array, owner: Identity): Uint8Array => {
  const pad = material(`envelope of ${owner.data}`, key.length);
  return key.map((byte, i) => byte ^ pad[i]);
};

export function knownResponder(owner: Identity = responder): KnownResponder {
  return {
    certificateHash: certificateHashOf(owner),
    wrap: (key) => concat(primitives.hmac("sha-256", owner.data, key), mask(key, owner)),
  };
}

export function receivingResponder(owner: Identity = responder): ReceivingResponder {
  return {
    identity: owner,
    certificateHash: certificateHashOf(owner),
    unwrap(wrapped) {
      const key = mask(wrapped.subarray(TAG), owner);
      return equal(primitives.hmac("sha-256", owner.data, key), wrapped.subarray(0, TAG)) ? key : undefined;
    },
  };
}

/** Begins an exchange of a policy at the sensor. */
export function begin(policy: Policy, { seed = "sensor", t = 7, to = responder } = {}): WaitingInitiator {
  const weights = weightMatrix(sharingOf(policy));
  return beginExchange(steps, randomOf(seed), { policy, weights, psks: pskList(policy) }, to, t);
}

/** I_TP at third party x. */
export function acceptShare(
  policy: Policy,
  x: number,
  bytes: Uint8Array,
  psk: Uint8Array = pskOf(x),
): AcceptedShare {
  return consumeShareMessage(primitives, readShareMessage(bytes), policy, psk);
}

/** TP_R of third party x. */
export function forward(policy: Policy, x: number, accepted: AcceptedShare): CreatedForwardMessage {
  return createForwardMessage(
    primitives,
    randomOf(`tp ${x}`),
    accepted,
    forwardingParty(policy.thirdParties[x - 1]),
    knownResponder(),
    statement,
    unixTime,
  );
}

/** TP_R at the Responder, with a certificate that is the third party's whatever it is. */
export function acceptForward(policy: Policy, bytes: Uint8Array): ForwardedShare {
  const message = readForwardMessage(bytes);
  return consumeForwardMessage(
    primitives,
    message,
    policy,
    receivingResponder(),
    verifierOf(message.thirdParty),
  );
}

/** Everything up to the Responder, for third party x. */
export function deliver(policy: Policy, x: number, message: Uint8Array, psk?: Uint8Array): ForwardedShare {
  return acceptForward(policy, forward(policy, x, acceptShare(policy, x, message, psk)).bytes);
}

/** A group with these shares. */
export function groupOf(shares: readonly ForwardedShare[]): CollectingGroup {
  const group = new CollectingGroup(shares[0]);
  for (const share of shares) group.add(share);
  return group;
}

/** The rebuilt key from the shares of third parties `xs`. */
export function rebuild(
  policy: Policy,
  waiting: WaitingInitiator,
  xs: readonly number[],
): RebuiltGroup | undefined {
  return groupOf(xs.map((x) => deliver(policy, x, waiting.messages[x - 1]))).rebuild(primitives);
}

/** What the Responder adds. */
export const freshness: Confirmation = {
  nonce: material("responder's nonce", 8),
  senderId: Uint8Array.of(0xc0, 0xff, 0xee),
};

/** R_TP for an accepted TP_R. */
export function answerForward(
  bytes: Uint8Array,
  share: ForwardedShare,
  confirmation?: Uint8Array,
): Uint8Array {
  const { thirdParty, timestamp } = readForwardMessage(bytes);
  const { session, envelopeKey } = share;
  return createForwardVerification(primitives, { session, thirdParty, timestamp, envelopeKey }, confirmation);
}
