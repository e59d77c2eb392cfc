/**
 * What enrolment gives for pseudonyms (protocol/exchange/pseudonym.ts): a linking key, to the sensor, its gateway and its
 * third parties; and an identity that nobody can guess, for RAND is on the air and whoever guesses the identity sees that
 * it fits.
 */

import { fromHex } from "../../protocol/bytes.js";
import { memberIdentity } from "../../protocol/exchange/policy.js";
import { LINKING_KEY_LENGTH } from "../../protocol/exchange/pseudonym.js";
import { type Identity, IdentityTypes } from "../../protocol/mikey/identity.js";
import { randomSource } from "../primitives.js";

/** Bytes of a random identity. */
const IDENTITY_LENGTH = 8;

/** What a third party has of a sensor with pseudonyms. */
export interface Pseudonyms {
  readonly linkingKey: Uint8Array;
  /** In the order that indices in bundles mean. */
  readonly responders: readonly Identity[];
}

/** The same in its file: the key in hex. */
export interface PseudonymsJson {
  readonly linkingKey: string;
  readonly responders: readonly string[];
}

export function newLinkingKey(): Uint8Array {
  return randomSource(LINKING_KEY_LENGTH);
}

export function newIdentity(): Identity {
  return { type: IdentityTypes.byteString, data: randomSource(IDENTITY_LENGTH) };
}

/** Throws a RangeError for an identity that an observer could guess: any name, and what is short. */
export function refuseGuessable({ type, data }: Identity): void {
  if (type === IdentityTypes.byteString && data.length >= IDENTITY_LENGTH) return;
  throw new RangeError(
    `sensor: an observer can guess a name or a short number; with pseudonyms it takes ${IDENTITY_LENGTH} random bytes or more, 0x…`,
  );
}

/** Throws a SyntaxError that names the member and shows nothing of the key. */
export function linkingKeyFromJson(member: string, value: unknown): Uint8Array {
  if (typeof value !== "string" || !/^[0-9a-fA-F]*$/.test(value) || value.length !== 2 * LINKING_KEY_LENGTH) {
    throw new SyntaxError(`${member}: expected ${LINKING_KEY_LENGTH} bytes in hex`);
  }
  return fromHex(value);
}

export function pseudonymsFromJson(json: unknown): Pseudonyms {
  const { linkingKey, responders } = (json ?? {}) as Record<string, unknown>;
  if (!Array.isArray(responders)) throw new SyntaxError("pseudonyms.responders: expected a list");
  return {
    linkingKey: linkingKeyFromJson("pseudonyms.linkingKey", linkingKey),
    responders: responders.map((name, i) => memberIdentity(`pseudonyms.responders[${i}]`, name)),
  };
}
