/**
 * The chain of PSKs: each exchange has a PSK of its own, T is its number, and the next follows from it one way. Whoever
 * steals today's PSK has those to come, and none that was.
 */

import { wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import { PSK_LABEL, PSK_LENGTH } from "./profile.js";

/** PSK of T + 1 from that of T: the first 16 bytes of HMAC-SHA-256(PSK, "symbolon-psk"), whatever the suite. */
export function nextPsk(primitives: Primitives, psk: Uint8Array): Uint8Array {
  return primitives.hmac("sha-256", psk, PSK_LABEL).subarray(0, PSK_LENGTH);
}

/**
 * The PSKs of T + 1 in the place of those of T, 16 bytes each, one after the other. Throws a RangeError when their
 * length is no multiple of that; then nothing has changed.
 */
export function stepPsks(primitives: Primitives, psks: Uint8Array): void {
  if (psks.length % PSK_LENGTH !== 0) {
    throw new RangeError(`PSKs: expected a multiple of ${PSK_LENGTH} bytes, got ${psks.length}`);
  }
  for (let offset = 0; offset < psks.length; offset += PSK_LENGTH) {
    const next = nextPsk(primitives, psks.subarray(offset, offset + PSK_LENGTH));
    psks.set(next, offset);
    wipe(next);
  }
}

/** The PSK that many steps later, in a new array. Those between are wiped. */
export function laterPsk(primitives: Primitives, psk: Uint8Array, steps: number): Uint8Array {
  let key: Uint8Array = psk.slice();
  for (let i = 0; i < steps; i++) {
    const next = nextPsk(primitives, key);
    wipe(key);
    key = next;
  }
  return key;
}

/** Where a chain begins: what enrolment gave. */
export interface ChainStart<Keys> {
  /** The T that the keys are for. */
  readonly t: number;
  readonly keys: Keys;
}
