/** KEMAC suites of profile 1: which algorithm numbers they stand for on the wire. */

import type { HashName } from "../primitives.js";
import { EncryptionAlgorithms, MacAlgorithms, PrfFunctions } from "./numbers.js";

export const suiteNames = [
  "aes-ccm-128",
  "aes-ccm-128-8",
  "aes-cm-128-hmac-sha-256",
  "aes-cm-128-hmac-sha-1",
] as const;
export type SuiteName = (typeof suiteNames)[number];

/** One suite: the numbers in HDR, KEMAC and V, and the hash under all its keys. */
export interface Suite {
  readonly name: SuiteName;
  /** PRF func of HDR (RFC 3830 §6.1, RFC 6043 §6.1). */
  readonly prf: number;
  /** The hash of the PRF and of HMACs. */
  readonly hash: HashName;
  /** Encr alg of KEMAC (RFC 3830 §6.2). */
  readonly encryption: number;
  /** MAC alg of KEMAC (RFC 3830 §6.2). */
  readonly mac: number;
  /** Auth alg of V (RFC 3830 §6.9). */
  readonly verification: number;
}

const suites: readonly Suite[] = [
  {
    name: "aes-ccm-128",
    prf: PrfFunctions.hmacSha256,
    hash: "sha-256",
    encryption: EncryptionAlgorithms.aesCcm128,
    mac: MacAlgorithms.ccmTag16,
    verification: MacAlgorithms.hmacSha256,
  },
  {
    name: "aes-ccm-128-8",
    prf: PrfFunctions.hmacSha256,
    hash: "sha-256",
    encryption: EncryptionAlgorithms.aesCcm128,
    mac: MacAlgorithms.ccmTag8,
    verification: MacAlgorithms.hmacSha256Truncated8,
  },
  {
    name: "aes-cm-128-hmac-sha-256",
    prf: PrfFunctions.hmacSha256,
    hash: "sha-256",
    encryption: EncryptionAlgorithms.aesCm128,
    mac: MacAlgorithms.hmacSha256,
    verification: MacAlgorithms.hmacSha256,
  },
  {
    name: "aes-cm-128-hmac-sha-1",
    prf: PrfFunctions.hmacSha1,
    hash: "sha-1",
    encryption: EncryptionAlgorithms.aesCm128,
    mac: MacAlgorithms.hmacSha1,
    verification: MacAlgorithms.hmacSha1,
  },
];

/** The suite of that name. */
export function suiteByName(name: SuiteName): Suite {
  let i = 0;
  while (suites[i].name !== name) i++;
  return suites[i];
}

/** The suite that HDR's PRF func and KEMAC's two algorithm numbers stand for, or undefined. */
export function suiteByNumbers(prf: number, encryption: number, mac: number): Suite | undefined {
  return suites.find((suite) => suite.prf === prf && suite.encryption === encryption && suite.mac === mac);
}
