/** The V payload: who answers, and that it knows the key (RFC 3830 §5.2, §6.9). */

import { concat, equal, wipe } from "../bytes.js";
import type { HashName, Primitives } from "../primitives.js";
import type { Identity } from "./identity.js";
import { hashLength } from "./kemac.js";
import { deriveMessageKey, type LabelContext, MessageKeys } from "./keys.js";
import { type DecodedMessage, encodeMessage, type Message, refuseTrailing } from "./message.js";
import { ErrorNumbers, MacAlgorithms, PayloadTypes } from "./numbers.js";
import { macLength } from "./payloads.js";
import { Refusal } from "./refusal.js";
import type { Timestamp } from "./timestamps.js";

/** What a verification stands on besides its own bytes. */
export interface VerificationContext {
  /** The key of the message that is answered: PSK or envelope key. */
  readonly key: Uint8Array;
  /** Hash, CSB ID and RAND of the message that is answered. */
  readonly context: LabelContext;
  readonly initiator: Identity;
  readonly responder: Identity;
  /** T of the message that is answered. */
  readonly timestamp: Timestamp;
}

/**
 * Encodes an R_MESSAGE: `message` has every payload but V, which comes last, under `algorithm`.
 * Throws a RangeError for an Auth alg that is not supported.
 */
export function createVerification(
  primitives: Primitives,
  message: Message,
  algorithm: number,
  context: VerificationContext,
): Uint8Array {
  const length = macLength(algorithm);
  if (length === undefined) throw new RangeError(`V: Auth alg ${algorithm} is not supported`);
  const placeholder = { type: PayloadTypes.V, algorithm, tag: new Uint8Array(length) };
  const bytes = encodeMessage({ header: message.header, payloads: [...message.payloads, placeholder] });
  const covered = bytes.subarray(0, bytes.length - length);
  const tag = verificationTag(primitives, covered, algorithm, context);
  if (tag === undefined) throw new RangeError(`V: Auth alg ${algorithm} is not supported`);
  bytes.set(tag, covered.length);
  return bytes;
}

/**
 * Throws a Refusal unless the message ends in a V under `algorithm` that holds. The algorithm is the
 * receiver's to say: a message that chose its own could choose the shortest.
 */
export function checkVerification(
  primitives: Primitives,
  message: DecodedMessage,
  algorithm: number,
  context: VerificationContext,
): void {
  refuseTrailing(message, ErrorNumbers.authentication);
  const last = message.payloads[message.payloads.length - 1];
  if (last?.type !== PayloadTypes.V) {
    throw new Refusal(ErrorNumbers.authentication, "V is not the last payload");
  }
  if (last.algorithm !== algorithm) {
    throw new Refusal(ErrorNumbers.mac, `Auth alg ${last.algorithm} of V is not the expected ${algorithm}`);
  }
  const covered = message.bytes.subarray(0, message.bytes.length - last.tag.length);
  const expected = verificationTag(primitives, covered, algorithm, context);
  if (expected === undefined) throw new Refusal(ErrorNumbers.mac, `Auth alg ${algorithm} is not supported`);
  if (!equal(expected, last.tag)) throw new Refusal(ErrorNumbers.authentication, "V does not hold");
}

/** Whether `tag` is the MAC of V behind these bytes of a message. */
export function verificationHolds(
  primitives: Primitives,
  covered: Uint8Array,
  tag: Uint8Array,
  algorithm: number,
  context: VerificationContext,
): boolean {
  const expected = verificationTag(primitives, covered, algorithm, context);
  return expected !== undefined && equal(expected, tag);
}

/**
 * MAC over the message through Auth alg, the identities' bytes and the TS value as they were sent.
 * undefined for an algorithm that is not supported, NULL among them.
 */
function verificationTag(
  primitives: Primitives,
  covered: Uint8Array,
  algorithm: number,
  { key, context, initiator, responder, timestamp }: VerificationContext,
): Uint8Array | undefined {
  const hash = verificationHash(algorithm);
  if (hash === undefined) return undefined;
  const input = concat(covered, initiator.data, responder.data, timestamp.value);
  const length = macLength(algorithm);
  const authKey = deriveMessageKey(primitives, key, MessageKeys.authentication, context, hashLength(hash));
  try {
    return primitives.hmac(hash, authKey, input).subarray(0, length);
  } finally {
    wipe(authKey);
  }
}

function verificationHash(algorithm: number): HashName | undefined {
  switch (algorithm) {
    case MacAlgorithms.hmacSha1:
      return "sha-1";
    case MacAlgorithms.hmacSha256:
    case MacAlgorithms.hmacSha256Truncated8:
      return "sha-256";
    default:
      return undefined;
  }
}
