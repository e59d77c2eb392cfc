/**
 * What MIKEY's numbers are called (IANA "Multimedia Internet KEYing (MIKEY) Payload Name Spaces"), for people.
 * Numbers that the protocol itself works with are in protocol/mikey/numbers.ts; here are also those of modes
 * that Symbolon only names.
 */

import { PayloadTypes } from "../../protocol/mikey/numbers.js";
import { payloadName } from "../../protocol/mikey/payloads.js";

export type Names = Readonly<Record<number, string | undefined>>;

/** What a field says, in words. */
export interface Meaning {
  readonly meaning?: string;
  readonly details?: readonly string[];
  /** Bytes that are a message themselves. */
  readonly nested?: Uint8Array;
}

/** The name of a number, or what kind of number it is when it has none. */
export function nameOf(names: Names, value: number, firstPrivate = 241): string {
  return names[value] ?? (value >= firstPrivate && value < 255 ? "private, not known" : "not known");
}

/** Data type (RFC 3830, 4650, 4738, 6043, 6267, 6509). */
export const dataTypes: Names = {
  0: "Pre-shared key",
  1: "Pre-shared key, verification",
  2: "Public key",
  3: "Public key, verification",
  4: "D-H init",
  5: "D-H resp",
  6: "Error",
  7: "DHHMAC init",
  8: "DHHMAC resp",
  9: "RSA-R I_MSG",
  10: "RSA-R R_MSG",
  11: "REQUEST_INIT_PSK",
  12: "REQUEST_INIT_PK",
  13: "REQUEST_RESP",
  14: "TRANSFER_INIT",
  15: "TRANSFER_RESP",
  16: "RESOLVE_INIT_PSK",
  17: "RESOLVE_INIT_PK",
  18: "RESOLVE_RESP",
  19: "REQUEST_KEY_PSK",
  20: "REQUEST_KEY_PKE",
  21: "REQUEST_KEY_RESP",
  22: "I_MESSAGE_1",
  23: "R_MESSAGE_1",
  24: "I_MESSAGE_2",
  25: "R_MESSAGE_2",
  26: "SAKKE",
};

/** Next payload: those that protocol/mikey reads, and RFC 6043's, 6267's and 6509's. */
const otherPayloads: Names = {
  13: "TR",
  16: "TP",
  17: "TICKET",
  22: "IBAKE",
  23: "ESK",
  24: "SK",
  25: "ECCPT",
  26: "SAKKE",
};

/** The name behind a Next payload number. */
export function nextPayloadName(type: number): string {
  return type === PayloadTypes.last ? "the last payload" : (otherPayloads[type] ?? payloadName(type));
}

export const prfFunctions: Names = { 0: "MIKEY-1, HMAC-SHA-1", 1: "PRF-HMAC-SHA-256" };
export const mapTypes: Names = { 0: "SRTP-ID", 1: "Empty map", 2: "GENERIC-ID" };
export const encryptionAlgorithms: Names = {
  0: "NULL: the keys are not encrypted",
  1: "AES-CM-128",
  2: "AES-KW-128",
  3: "AES-CM-256",
  241: "AES-CCM-128 (private, Symbolon)",
};
export const macAlgorithms: Names = {
  0: "NULL: nothing is authenticated",
  1: "HMAC-SHA-1-160",
  2: "HMAC-SHA-256-256",
  241: "AES-CCM tag of 16 bytes (private, Symbolon)",
  242: "AES-CCM tag of 8 bytes (private, Symbolon)",
  243: "HMAC-SHA-256 truncated to 8 bytes (private, Symbolon)",
};
export const envelopeCaching: Names = {
  0: "the envelope key is not cached",
  1: "the envelope key is cached",
  2: "the envelope key is cached for this CSB only",
};
export const dhGroups: Names = { 0: "OAKLEY 5", 1: "OAKLEY 1", 2: "OAKLEY 2" };
export const signatureTypes: Names = { 0: "RSA PKCS#1 v1.5", 1: "RSA-PSS", 2: "ECCSI" };
export const timestampTypes: Names = { 0: "NTP-UTC", 1: "NTP", 2: "COUNTER", 3: "NTP-UTC-32" };
export const identityTypes: Names = { 0: "NAI", 1: "URI", 2: "byte string" };
export const certificateTypes: Names = {
  0: "X.509v3",
  1: "X.509v3 URL",
  2: "X.509v3 for signatures",
  3: "X.509v3 for encryption",
};
export const hashFunctions: Names = { 0: "SHA-1", 1: "MD5", 2: "SHA-256" };
export const protocolTypes: Names = { 0: "SRTP", 1: "TESLA", 241: "OSCORE (private, Symbolon)" };
export const keyTypes: Names = {
  0: "TGK",
  1: "TGK and salt",
  2: "TEK",
  3: "TEK and salt",
  4: "GTGK",
  5: "GTGK and salt",
  6: "MPK",
  7: "K_PR",
};
export const keyValidities: Names = { 0: "no limit", 1: "SPI or MKI", 2: "interval" };

/** Roles of IDR and RANDR. */
export const roles: Names = {
  1: "Initiator",
  2: "Responder",
  3: "KMS",
  4: "Pre-shared key",
  5: "Application",
  6: "Initiator's KMS",
  7: "Responder's KMS",
  240: "third party (private, Symbolon)",
};

export const extensionTypes: Names = {
  0: "Vendor ID",
  1: "SDP IDs",
  2: "TESLA I-Key",
  3: "Key ID",
  4: "CSB_ID",
  5: "OMA BCAST",
  6: "SAKKE-to-self",
  7: "3GPP key parameters",
  241: "share parameters (private, Symbolon)",
  242: "confirmation R_I (private, Symbolon)",
  243: "the sensor's T (private, Symbolon)",
  244: "enrolment statement (private, Symbolon)",
  245: "OSCORE sender ID of the sensor (private, Symbolon)",
};

/** Parameters of an SRTP policy (RFC 3830 §6.10.1, RFC 4771, RFC 7714), and the values of some. */
export const srtpParameters: Names = {
  0: "encryption algorithm",
  1: "encryption key length",
  2: "authentication algorithm",
  3: "authentication key length",
  4: "salt key length",
  5: "PRF",
  6: "key derivation rate",
  7: "SRTP encryption",
  8: "SRTCP encryption",
  9: "sender's FEC order",
  10: "SRTP authentication",
  11: "authentication tag length",
  12: "SRTP prefix length",
  13: "ROC transmission rate",
  14: "SRTP authentication algorithm",
  15: "SRTCP authentication algorithm",
  16: "SRTP authentication key length",
  17: "SRTCP authentication key length",
  18: "SRTP tag length",
  19: "SRTCP tag length",
  20: "AEAD tag length",
};
const onOff: Names = { 0: "off", 1: "on" };
const srtpAuthentication: Names = { 0: "NULL", 1: "HMAC-SHA-1", 2: "RCCm1", 3: "RCCm2", 4: "RCCm3" };
export const srtpValues: Readonly<Record<number, Names | undefined>> = {
  0: {
    0: "NULL",
    1: "AES-CM",
    2: "AES-F8",
    3: "SEED-CTR",
    4: "SEED-CCM",
    5: "SEED-GCM",
    6: "AES-GCM",
    7: "ARIA-CTR",
    8: "ARIA-GCM",
  },
  2: srtpAuthentication,
  5: { 0: "AES-CM", 1: "SEED-CTR", 2: "ARIA-CTR" },
  7: onOff,
  8: onOff,
  9: { 0: "FEC-SRTP" },
  10: onOff,
  14: srtpAuthentication,
  15: srtpAuthentication,
};

/** Parameters of a TESLA policy (RFC 4442 §4.2). */
export const teslaParameters: Names = {
  1: "PRF",
  2: "PRF' output length",
  3: "MAC algorithm",
  4: "MAC length",
  5: "start of session",
  6: "interval duration",
  7: "key disclosure delay",
  8: "key chain length",
  9: "receiver's local timestamp",
};
