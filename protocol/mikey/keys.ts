/**
 * Which key comes from which label (RFC 3830 §4.1.3 and §4.1.4):
 * label = constant || cs_id || csb_id || RAND.
 */

import { concat } from "../bytes.js";
import type { HashName, Primitives } from "../primitives.js";
import { PrfFunctions } from "./numbers.js";

/** Keys of a crypto session, from a TGK (§4.1.3). */
export const SessionKeys = {
  tek: 0x2ad01c64,
  authentication: 0x1b5c7973,
  encryption: 0x15798cef,
  salt: 0x39a2c14b,
} as const;

/** Keys that protect MIKEY messages themselves, from a PSK or an envelope key (§4.1.4). */
export const MessageKeys = {
  encryption: 0x150533e1,
  authentication: 0x2d22ac75,
  salt: 0x29b88916,
} as const;

/** cs_id in the labels of MessageKeys (§4.1.4). */
const MESSAGE_CS_ID = 0xff;

/** What enters every label of one crypto session bundle. */
export interface LabelContext {
  readonly hash: HashName;
  /** CSB ID, 4 bytes. */
  readonly csbId: Uint8Array;
  readonly rand: Uint8Array;
}

/** The hash that a PRF func number of HDR stands for, or undefined. */
export function prfHash(prf: number): HashName | undefined {
  if (prf === PrfFunctions.hmacSha1) return "sha-1";
  if (prf === PrfFunctions.hmacSha256) return "sha-256";
  return undefined;
}

/** constant || cs_id || csb_id || RAND. Throws a RangeError for a cs_id or CSB ID of the wrong size. */
export function label(constant: number, csId: number, { csbId, rand }: LabelContext): Uint8Array {
  if ((csId & 255) !== csId) {
    throw new RangeError(`cs_id: expected 0 to 255, got ${csId}`);
  }
  if (csbId.length !== 4) throw new RangeError(`CSB ID: expected 4 bytes, got ${csbId.length}`);
  return concat(constant >>> 24, constant >>> 16, constant >>> 8, constant, csId, csbId, rand);
}

/** The label of one of MessageKeys (§4.1.4). */
export function messageLabel(constant: number, context: LabelContext): Uint8Array {
  return label(constant, MESSAGE_CS_ID, context);
}

/** `length` bytes of one of SessionKeys for crypto session `csId`, from a TGK (§4.1.3). */
export function deriveSessionKey(
  primitives: Primitives,
  tgk: Uint8Array,
  constant: number,
  csId: number,
  context: LabelContext,
  length: number,
): Uint8Array {
  return primitives.prf(context.hash, tgk, label(constant, csId, context), length);
}

/** `length` bytes of one of MessageKeys, from a PSK or envelope key (§4.1.4). */
export function deriveMessageKey(
  primitives: Primitives,
  key: Uint8Array,
  constant: number,
  context: LabelContext,
  length: number,
): Uint8Array {
  return primitives.prf(context.hash, key, messageLabel(constant, context), length);
}
