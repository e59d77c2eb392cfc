/** What a board is enrolled with: the contents of `sensor.json`. */

import { fromHex } from "../protocol/bytes.js";
import type { InitiatorCredentials } from "../protocol/exchange/initiator.js";
import { type Policy, policyFromJson } from "../protocol/exchange/policy.js";
import { sharingOf } from "../protocol/exchange/session.js";
import { type Identity, identityFromText } from "../protocol/mikey/identity.js";

export const ENROLMENT_FORMAT = "symbolon-sensor-1";
const PSK_LENGTH = 16;

export interface Enrolment extends InitiatorCredentials {
  /** The Responder with which the sensor agrees unless told otherwise. */
  readonly responder: Identity;
  /** Where third party x is, at position x − 1, in the link's own way of naming peers. */
  readonly addresses: readonly string[];
  /** Milliseconds that an exchange may take. */
  readonly deadline: number;
}

/** Reads the JSON form. Throws a SyntaxError or RangeError that names the member, never its contents. */
export function enrolmentFromJson(json: unknown): Enrolment {
  if (typeof json !== "object" || json === null) throw new SyntaxError("enrolment: expected an object");
  const { format, policy, responder, psks, addresses, weights, deadline } = json as Record<string, unknown>;
  if (format !== ENROLMENT_FORMAT) throw new SyntaxError(`format: expected "${ENROLMENT_FORMAT}"`);
  const enrolled = policyFromJson(policy);
  if (typeof responder !== "string") throw new SyntaxError("responder: expected an identity as text");
  if (typeof deadline !== "number" || !(deadline > 0)) throw new SyntaxError("deadline: expected seconds");
  const keys = readPsks(psks, enrolled);
  return {
    policy: enrolled,
    responder: identityFromText(responder),
    psk: (x) => keys[x - 1],
    addresses: readStrings("addresses", addresses, enrolled),
    weights: readWeights(weights, enrolled),
    deadline: deadline * 1000,
  };
}

function readPsks(value: unknown, policy: Policy): Uint8Array[] {
  const texts = readStrings("psks", value, policy);
  texts.forEach((text, i) => {
    if (text.length !== 2 * PSK_LENGTH)
      throw new RangeError(`psks[${i}]: expected ${PSK_LENGTH} bytes in hex`);
    // Equal PSKs would let one third party read another's share, and reuse a nonce under one key.
    if (texts.indexOf(text) !== i) throw new RangeError(`psks[${i}]: is the same as an earlier one`);
  });
  return texts.map((text, i) => readHex(`psks[${i}]`, text));
}

function readWeights(value: unknown, policy: Policy): Uint8Array {
  if (typeof value !== "string") throw new SyntaxError("weights: expected hex");
  const weights = readHex("weights", value);
  const { threshold, privacy, shares } = sharingOf(policy);
  const expected = (shares - privacy) * threshold;
  if (weights.length !== expected) {
    throw new RangeError(`weights: expected ${expected} bytes, got ${weights.length}`);
  }
  return weights;
}

function readStrings(member: string, value: unknown, { thirdParties }: Policy): string[] {
  if (!Array.isArray(value) || value.length !== thirdParties.length) {
    throw new SyntaxError(`${member}: expected a list of ${thirdParties.length}, one for each third party`);
  }
  return value.map((text, i) => {
    if (typeof text !== "string") throw new SyntaxError(`${member}[${i}]: expected text`);
    return text;
  });
}

/** fromHex, with an error that shows nothing of what may be a key. */
function readHex(member: string, text: string): Uint8Array {
  try {
    return fromHex(text);
  } catch {
    throw new SyntaxError(`${member}: expected hex`);
  }
}
