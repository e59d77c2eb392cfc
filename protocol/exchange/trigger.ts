/**
 * A trigger: a Responder asks for an exchange through the gateway, and third parties vouch for it, each with a tag under
 * the PSK of the sensor's next T. It waits in the mailbox with Content-Format 65001:
 *
 * Responder, as in a bundle (responder-field.ts) | nonce 8 | T 4 | for each that vouches: x 1 | tag 8
 *
 * The sensor believes k of them. The exchange uses the T up, so that a trigger works once.
 */

import { ascii, concat, equal, readUint, uint } from "../bytes.js";
import { type Identity, identityBytes } from "../mikey/identity.js";
import type { Primitives } from "../primitives.js";
import { readResponderField, responderField } from "./responder-field.js";

/** Uri-Path of gateways that take triggers, and of third parties that vouch for them. */
export const TRIGGER_PATH = "t";
export const VOUCH_PATH = "v";

/** In the place of the T of a sensor with pseudonyms, which is its next: no exchange has this one. */
export const HIDDEN_T = 0;

/** Bytes of the Responder's nonce and of a tag. */
export const TRIGGER_NONCE_LENGTH = 8;
export const TRIGGER_TAG_LENGTH = 8;

const LABEL = ascii("symbolon-trigger");
const T_LENGTH = 4;
const VOUCHER_LENGTH = 1 + TRIGGER_TAG_LENGTH;

/** What third parties vouch for. */
export interface TriggerClaim {
  readonly sensor: Identity;
  readonly responder: Identity;
  /** The sensor's next. */
  readonly t: number;
  /** 8 bytes of the Responder's. */
  readonly nonce: Uint8Array;
}

/** A third party's word. */
export interface Voucher {
  /** Its share index, 1…n. */
  readonly x: number;
  readonly tag: Uint8Array;
}

/** A trigger as it comes out of a mailbox: nothing of it is proven. */
export interface Trigger {
  /** An index into the list of the enrolment, or the identity itself. */
  readonly responder: number | Identity;
  readonly nonce: Uint8Array;
  readonly t: number;
  readonly vouchers: readonly Voucher[];
}

/**
 * A third party's tag, 8 bytes: the first of HMAC-SHA-256(PSK(T), "symbolon-trigger" ‖ sensor ‖ Responder ‖ T ‖ nonce),
 * whatever the suite. `psk` is that for this T. Throws a RangeError for a nonce of another length.
 */
export function triggerTag(
  primitives: Primitives,
  psk: Uint8Array,
  { sensor, responder, t, nonce }: TriggerClaim,
): Uint8Array {
  if (nonce.length !== TRIGGER_NONCE_LENGTH) {
    throw new RangeError(`nonce: expected ${TRIGGER_NONCE_LENGTH} bytes, got ${nonce.length}`);
  }
  const covered = concat(LABEL, identityBytes(sensor), identityBytes(responder), uint(t, T_LENGTH), nonce);
  return primitives.hmac("sha-256", psk, covered).slice(0, TRIGGER_TAG_LENGTH);
}

/** A trigger for the mailbox. `responders` is the list of the enrolment. Throws a RangeError for a name that is too long. */
export function encodeTrigger(
  { responder, t, nonce }: Omit<TriggerClaim, "sensor">,
  vouchers: readonly Voucher[],
  responders: readonly Identity[],
): Uint8Array {
  return concat(
    responderField(responder, responders),
    nonce,
    uint(t, T_LENGTH),
    ...vouchers.map(({ x, tag }) => concat(x, tag)),
  );
}

/** Reads a trigger out of a mailbox. Throws a SyntaxError for a length that it can't have. */
export function decodeTrigger(bytes: Uint8Array): Trigger {
  const field = readResponderField(bytes, 0);
  const head = (field?.end ?? 0) + TRIGGER_NONCE_LENGTH + T_LENGTH;
  if (field === undefined || bytes.length < head || (bytes.length - head) % VOUCHER_LENGTH !== 0) {
    throw new SyntaxError(`trigger: ${bytes.length} bytes do not fit`);
  }
  const { responder, end } = field;
  const vouchers: Voucher[] = [];
  for (let at = head; at < bytes.length; at += VOUCHER_LENGTH) {
    vouchers.push({ x: bytes[at], tag: bytes.slice(at + 1, at + VOUCHER_LENGTH) });
  }
  return {
    ...{ responder, vouchers },
    nonce: bytes.slice(end, end + TRIGGER_NONCE_LENGTH),
    t: readUint(bytes, end + TRIGGER_NONCE_LENGTH, T_LENGTH),
  };
}

/**
 * How many third parties vouch for a claim: different x whose tags hold, the first word of each. `psks` are those for its
 * T, of third parties 1…n in order.
 */
export function countVouchers(
  primitives: Primitives,
  claim: TriggerClaim,
  vouchers: readonly Voucher[],
  psks: readonly Uint8Array[],
): number {
  const heard: number[] = [];
  let good = 0;
  for (const { x, tag } of vouchers) {
    const psk = psks[x - 1];
    if (psk === undefined || heard.includes(x)) continue;
    heard.push(x);
    if (equal(triggerTag(primitives, psk, claim), tag)) good++;
  }
  return good;
}
