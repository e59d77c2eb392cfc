/** What a board is enrolled with: the contents of `sensor.json`. */

import { equal, fromHex } from "../protocol/bytes.js";
import type { ChainStart } from "../protocol/exchange/chain.js";
import { memberIdentity, type Policy, policyFromJson, sharingOf } from "../protocol/exchange/policy.js";
import { PSK_LENGTH } from "../protocol/exchange/profile.js";
import { type Identity, identityToText } from "../protocol/mikey/identity.js";

export const ENROLMENT_FORMAT = "symbolon-sensor-1";
/** Seconds: a day. Timers of some platforms take no more than 2^31 milliseconds. */
const LONGEST_DEADLINE = 86_400;
const LAST_T = 2 ** 32 - 1;

export interface Enrolment {
  readonly policy: Policy;
  /** The weight matrix of shares/weights.ts. */
  readonly weights: Uint8Array;
  /** The first PSK of each third party, in order; undefined once the chain of chain.ts has taken them. */
  readonly start: ChainStart<readonly Uint8Array[]> | undefined;
  /** Wipes the PSKs where the enrolment came from, if that can be written: the chain is in the storage. */
  readonly taken?: () => void;
  /** The Responder with which the sensor agrees unless told otherwise. */
  readonly responder: Identity;
  /** Where third party x is, at position x − 1, in the link's own way of naming peers. */
  readonly addresses: readonly string[];
  /** Where the Responder takes readings, named in the same way; undefined where there are none. */
  readonly responderAddress?: string;
  /** Where bundles go, and what they call the sensor; undefined for one without a gateway. */
  readonly gateway?: { readonly address: string; readonly handle: number };
  /** The key of its pseudonyms (pseudonym.ts), 16 bytes; undefined for a sensor that says who it is. */
  readonly linkingKey?: Uint8Array | undefined;
  /** Milliseconds that an exchange may take. */
  readonly deadline: number;
  /** The parties as people write them, made once; events name them. */
  readonly names?: { readonly sensor: string; readonly thirdParties: readonly string[] };
}

/** Reads the JSON form. Throws a SyntaxError or RangeError that names the member, never its contents. */
export function enrolmentFromJson(json: unknown): Enrolment {
  if (typeof json !== "object" || json === null) throw new SyntaxError("enrolment: expected an object");
  const {
    format,
    policy,
    responder,
    t,
    psks,
    addresses,
    responderAddress,
    gateway,
    weights,
    deadline,
    linkingKey,
  } = json as Record<string, unknown>;
  if (format !== ENROLMENT_FORMAT) throw new SyntaxError(`format: expected "${ENROLMENT_FORMAT}"`);
  const enrolled = policyFromJson(policy);
  if (typeof deadline !== "number") throw new SyntaxError("deadline: expected seconds");
  // Written so that NaN is refused too.
  if (!(deadline > 0 && deadline <= LONGEST_DEADLINE)) {
    throw new RangeError(`deadline: expected up to ${LONGEST_DEADLINE} seconds, got ${deadline}`);
  }
  if (responderAddress !== undefined && typeof responderAddress !== "string")
    throw new SyntaxError("responderAddress: expected text");
  const keys = readPsks(psks, enrolled);
  return {
    policy: enrolled,
    responder: memberIdentity("responder", responder),
    start: keys && { t: readT(t), keys },
    addresses: readStrings("addresses", addresses, enrolled),
    ...(responderAddress !== undefined && { responderAddress }),
    ...(gateway !== undefined && { gateway: readGateway(gateway) }),
    linkingKey: linkingKey === undefined ? undefined : readKey("linkingKey", linkingKey),
    weights: readWeights(weights, enrolled),
    deadline: deadline * 1000,
    names: {
      sensor: identityToText(enrolled.sensor),
      thirdParties: enrolled.thirdParties.map(identityToText),
    },
  };
}

function readGateway(value: unknown): NonNullable<Enrolment["gateway"]> {
  const { address, handle } = (value ?? {}) as Record<string, unknown>;
  if (typeof address !== "string") throw new SyntaxError("gateway.address: expected text");
  if (typeof handle !== "number" || !Number.isInteger(handle) || handle < 0 || handle > 0xffff) {
    throw new SyntaxError("gateway.handle: expected a whole number from 0 to 65535");
  }
  return { address, handle };
}

/** The T of the first exchange: 1 unless the sensor was enrolled before. */
function readT(value: unknown = 1): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < 1 || value > LAST_T) {
    throw new RangeError(`t: expected 1 to ${LAST_T}`);
  }
  return value;
}

/** Undefined when all are zeros: they were taken. */
function readPsks(value: unknown, policy: Policy): Uint8Array[] | undefined {
  const psks = readStrings("psks", value, policy).map((text, i) => readKey(`psks[${i}]`, text));
  const isTaken = psks.every((psk) => psk.every((byte) => byte === 0));
  psks.forEach((psk, i) => {
    // Equal PSKs would let one third party read another's share, and reuse a nonce under one key.
    // Zeros stand in the place of keys that were taken, of all or of none.
    if (!isTaken && psk.every((byte) => byte === 0)) throw new RangeError(`psks[${i}]: is no key`);
    if (!isTaken && psks.findIndex((other) => equal(other, psk)) !== i) {
      throw new RangeError(`psks[${i}]: is the same as an earlier one`);
    }
  });
  return isTaken ? undefined : psks;
}

function readKey(member: string, value: unknown): Uint8Array {
  return readHex(member, value, PSK_LENGTH);
}

function readWeights(value: unknown, policy: Policy): Uint8Array {
  const { threshold, privacy, shares } = sharingOf(policy);
  return readHex("weights", value, (shares - privacy) * threshold);
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

/** Bytes in hex, so many of them; no error shows anything of what may be a key. */
function readHex(member: string, value: unknown, length: number): Uint8Array {
  let bytes: Uint8Array | undefined;
  try {
    // In C a list of one text is as good as the text.
    if (typeof value === "string") bytes = fromHex(value);
  } catch {
    // Said below.
  }
  if (bytes === undefined) throw new SyntaxError(`${member}: expected hex`);
  if (bytes.length === length) return bytes;
  throw new RangeError(`${member}: expected ${length} bytes, got ${bytes.length}`);
}
