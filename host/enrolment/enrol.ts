/**
 * Enrolling a sensor: its policy, stated by the authority; a PSK of its own for each third party; the weights of
 * its code. Whoever runs this sees the PSKs and is trusted with them.
 */

import { dirname } from "node:path";
import { toHex } from "../../protocol/bytes.js";
import { BUNDLE_SUITE } from "../../protocol/exchange/bundle.js";
import { checkPolicy, type Policy, type PolicyJson, policyToJson } from "../../protocol/exchange/policy.js";
import { PSK_LENGTH } from "../../protocol/exchange/profile.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { MAX_IDENTITY_LENGTH } from "../authority/names.js";
import { randomSource } from "../primitives.js";
import { writeJson } from "./files.js";
import {
  type Authority,
  type BundleNamesJson,
  enrolmentPath,
  makeFolder,
  refuseExisting,
  writeEnrolment,
} from "./folders.js";
import { type PseudonymsJson, refuseGuessable } from "./pseudonyms.js";
import { signStatement } from "./statement.js";

/** What stands in the place of a PSK that the chain has taken. */
export const TAKEN_PSK = "0".repeat(2 * PSK_LENGTH);

export const SENSOR_FORMAT = "symbolon-sensor-1";

/** The contents of `sensor.json`. */
export interface SensorJson {
  readonly format: typeof SENSOR_FORMAT;
  readonly policy: PolicyJson;
  readonly responder: string;
  /** The T of the first exchange, which the PSKs are for; 1 where it is not there. */
  readonly t?: number;
  /** 16 bytes each in hex, in the order of the policy's third parties. */
  readonly psks: readonly string[];
  /** host:port each, in the same order. */
  readonly addresses: readonly string[];
  /** host:port where the Responder takes readings. */
  readonly responderAddress?: string;
  /** Where bundles go, "host:port", and what they call the sensor. */
  readonly gateway?: { readonly address: string; readonly handle: number };
  /** Of its pseudonyms, 16 bytes in hex; absent where it has none. */
  readonly linkingKey?: string;
  /** Hex. */
  readonly weights: string;
  /** Seconds that an exchange may take. */
  readonly deadline: number;
}

export interface EnrolmentOrder {
  readonly policy: Policy;
  readonly responder: Identity;
  /** host:port of each third party, in the policy's order. */
  readonly addresses: readonly string[];
  /** host:port where the Responder takes readings; without it the sensor has nowhere to send them. */
  readonly responderAddress?: string;
  /** The gateway, as the sensor reaches it, and the handle that is free there. */
  readonly gateway?: { readonly address: string; readonly handle: number };
  /** Gives the sensor pseudonyms under this key. */
  readonly linkingKey?: Uint8Array;
  /** The T of the first exchange: above all that a sensor of that name has used. 1 without it. */
  readonly t?: number;
  /** Seconds. */
  readonly deadline: number;
  /** How long the statement holds. */
  readonly days: number;
  /** Unix time in milliseconds. */
  readonly now: number;
  /**
   * The PSK in hex that third party x has of this sensor already and keeps, at position x − 1. TAKEN_PSK for one that
   * only it and the sensor know.
   */
  readonly keep?: readonly (string | undefined)[];
}

export interface MadeEnrolment {
  readonly sensor: SensorJson;
  /** For third party x, at position x − 1. */
  readonly thirdParties: readonly {
    policy: PolicyJson;
    t?: number;
    psk: string;
    statement: string;
    gateway?: BundleNamesJson;
    pseudonyms?: PseudonymsJson;
  }[];
}

/** Makes an enrolment; nothing is written. */
export async function makeEnrolment(
  authority: Pick<Authority, "publicKey" | "privateKey">,
  {
    policy,
    responder,
    addresses,
    responderAddress,
    gateway,
    linkingKey,
    t,
    deadline,
    days,
    now,
    keep = [],
  }: EnrolmentOrder,
): Promise<MadeEnrolment> {
  checkPolicy(policy);
  for (const identity of [policy.sensor, responder, ...policy.thirdParties]) checkIdentity(identity);
  const n = policy.thirdParties.length;
  if (addresses.length !== n) throw new RangeError(`addresses: expected ${n}, got ${addresses.length}`);
  if (gateway !== undefined && policy.suite !== BUNDLE_SUITE) {
    throw new RangeError(`suite: a sensor with a gateway takes ${BUNDLE_SUITE}, not ${policy.suite}`);
  }
  if (linkingKey !== undefined) {
    if (policy.suite !== BUNDLE_SUITE) {
      throw new RangeError(`suite: a sensor with pseudonyms takes ${BUNDLE_SUITE}, not ${policy.suite}`);
    }
    refuseGuessable(policy.sensor);
  }
  const statement = await signStatement(authority, policy, { now, days });
  const json = policyToJson(policy);
  const psks = differentKeys(n, keep);
  const { threshold, privacy } = policy;
  return {
    sensor: {
      format: SENSOR_FORMAT,
      policy: json,
      responder: identityToText(responder),
      ...(t !== undefined && { t }),
      psks,
      addresses,
      ...(responderAddress !== undefined && { responderAddress }),
      ...(gateway !== undefined && { gateway }),
      ...(linkingKey !== undefined && { linkingKey: toHex(linkingKey) }),
      weights: toHex(weightMatrix({ threshold, privacy, shares: n })),
      deadline,
    },
    thirdParties: psks.map((psk) => ({
      ...{ policy: json, psk, statement },
      ...(t !== undefined && { t }),
      ...(gateway !== undefined && {
        gateway: { handle: gateway.handle, responders: [identityToText(responder)] },
      }),
      ...(linkingKey !== undefined && {
        pseudonyms: { linkingKey: toHex(linkingKey), responders: [identityToText(responder)] },
      }),
    })),
  };
}

/**
 * Writes an enrolment: `sensorFile`, and one file in each third party's folder, the sensor's last, so that a sensor
 * which has its file is known everywhere. When one is there already and may not be replaced, none is written.
 */
export function writeMadeEnrolment(
  enrolment: MadeEnrolment,
  policy: Policy,
  sensorFile: string,
  folders: readonly string[],
  options: { readonly replace?: boolean } = {},
): void {
  if (!options.replace) refuseEnrolled([sensorFile], policy, folders);
  // Before any third party has a key that the sensor would not get.
  makeFolder(dirname(sensorFile));
  writeThirdParties(enrolment, folders, options);
  writeJson(sensorFile, enrolment.sensor, { ...options, secret: true });
}

/** Throws a FileError when one of these files, or of the sensor's in the third parties' folders, is there. */
export function refuseEnrolled(files: readonly string[], policy: Policy, folders: readonly string[]): void {
  const enrolments = folders.map((folder) => enrolmentPath(folder, policy.sensor));
  for (const path of [...files, ...enrolments]) refuseExisting(path);
}

/** Writes the third parties' part: a file in each folder. */
export function writeThirdParties(
  { thirdParties }: Pick<MadeEnrolment, "thirdParties">,
  folders: readonly string[],
  options: { readonly replace?: boolean } = {},
): void {
  if (folders.length !== thirdParties.length) {
    throw new RangeError(`folders: expected ${thirdParties.length}, got ${folders.length}`);
  }
  thirdParties.forEach((enrolment, i) => {
    writeEnrolment(folders[i], enrolment, options);
  });
}

function checkIdentity({ data }: Identity): void {
  if (data.length === 0 || data.length > MAX_IDENTITY_LENGTH) {
    throw new RangeError(`identity: expected 1 to ${MAX_IDENTITY_LENGTH} bytes, got ${data.length}`);
  }
}

/** Keys in hex, random but for those to keep, no two of them the same: equal ones would let a third party read another's share. */
function differentKeys(count: number, keep: readonly (string | undefined)[]): string[] {
  const psks = Array.from({ length: count }, (_, i) => keep[i] ?? toHex(randomSource(PSK_LENGTH)));
  psks.forEach((psk, i) => {
    if (psk !== TAKEN_PSK && psks.indexOf(psk) !== i)
      throw new RangeError(`third party ${i + 1} has the same key as another`);
  });
  return psks;
}
