/**
 * The PSKs that a third party keeps of one sensor, and with them which T it still accepts: whatever it has a key for. The
 * next one, from which all later ones follow; of the last 32 T those that it skipped, each until it is used; and of what
 * was accepted and not answered yet. There is no way back to any other.
 *
 * Nothing here changes what it is given: a step is taken on new values, and counts once these are stored.
 */

import { concat, readUint, uint, wipe } from "../../protocol/bytes.js";
import { type ChainStart, laterPsk, nextPsk } from "../../protocol/exchange/chain.js";
import { PSK_LENGTH } from "../../protocol/exchange/profile.js";
import { primitives } from "../primitives.js";

/** How far below the last T a message may come late. */
export const WINDOW = 32;
/** How far ahead of the last T a sensor may be: it loses one T with each exchange that never reached us. */
export const LONGEST_JUMP = 1024;

/** What it takes to answer an accepted message. */
export interface OpenKeys {
  readonly psk: Uint8Array;
  /** Under which the Responder answers. */
  readonly envelopeKey: Uint8Array;
}

export interface SensorKeys {
  /** One above the last accepted T. */
  readonly next: number;
  /** The PSK of that T. */
  readonly psk: Uint8Array;
  /** By T. */
  readonly skipped: ReadonlyMap<number, Uint8Array>;
  readonly open: ReadonlyMap<number, OpenKeys>;
}

/** The keys of a sensor never heard of. */
export function firstKeys({ t, keys }: ChainStart<Uint8Array>): SensorKeys {
  return { next: t, psk: keys.slice(), skipped: new Map(), open: new Map() };
}

/** What a T is to the keys. */
export function judgeT(
  { next, skipped }: SensorKeys,
  t: number,
): "new" | "seen" | "too old" | "too far ahead" {
  if (t >= next + LONGEST_JUMP) return "too far ahead";
  if (t >= next || skipped.has(t)) return "new";
  return t < next - 1 - WINDOW ? "too old" : "seen";
}

/** The PSK of a T that is new, in a new array. `later` gives those from `next` on. */
export function pskOf(
  { psk, next, skipped }: SensorKeys,
  t: number,
  later = (steps: number) => laterPsk(primitives, psk, steps),
): Uint8Array {
  return skipped.get(t)?.slice() ?? later(t - next);
}

/** The keys after a message with a new T. */
export function acceptT(
  keys: SensorKeys,
  t: number,
  open: OpenKeys,
  later = (steps: number) => laterPsk(primitives, keys.psk, steps),
): SensorKeys {
  const last = Math.max(t, keys.next - 1);
  const skipped = new Map([...keys.skipped].filter(([old]) => old !== t && old >= last - WINDOW));
  const opened = new Map([...keys.open, [t, open] as const]);
  if (t < keys.next) return { ...keys, skipped, open: opened };
  const first = Math.max(keys.next, t - WINDOW);
  let psk = later(first - keys.next);
  for (let old = first; old < t; old++) {
    skipped.set(old, psk);
    psk = nextPsk(primitives, psk);
  }
  const next = nextPsk(primitives, psk);
  wipe(psk);
  return { next: t + 1, psk: next, skipped, open: opened };
}

/** The keys once a message is answered, or its record is gone. */
export function closeT(keys: SensorKeys, t: number): SensorKeys {
  return { ...keys, open: new Map([...keys.open].filter(([each]) => each !== t)) };
}

export function wipeKeys({ psk, skipped, open }: SensorKeys): void {
  wipe(psk, ...skipped.values());
  for (const keys of open.values()) wipe(keys.psk, keys.envelopeKey);
}

/** T reaches one above its last value. */
const T_LENGTH = 5;

/** next ‖ PSK ‖ count ‖ skipped: T ‖ PSK … ‖ count ‖ open: T ‖ PSK ‖ length of the envelope key ‖ envelope key … */
export function encodeKeys({ next, psk, skipped, open }: SensorKeys): Uint8Array {
  return concat(
    uint(next, T_LENGTH),
    psk,
    uint(skipped.size, 2),
    ...[...skipped].flatMap(([t, key]) => [uint(t, T_LENGTH), key]),
    uint(open.size, 2),
    ...[...open].flatMap(([t, keys]) => [
      uint(t, T_LENGTH),
      keys.psk,
      uint(keys.envelopeKey.length, 1),
      keys.envelopeKey,
    ]),
  );
}

/** Reads what encodeKeys wrote. */
export function decodeKeys(bytes: Uint8Array): SensorKeys {
  let offset = 0;
  const take = (length: number) => {
    const start = offset;
    offset += length;
    return bytes.slice(start, offset);
  };
  const number = (length: number) => readUint(take(length), 0, length);
  const next = number(T_LENGTH);
  const psk = take(PSK_LENGTH);
  const skipped = new Map<number, Uint8Array>();
  for (let count = number(2); count > 0; count--) skipped.set(number(T_LENGTH), take(PSK_LENGTH));
  const open = new Map<number, OpenKeys>();
  for (let count = number(2); count > 0; count--) {
    open.set(number(T_LENGTH), { psk: take(PSK_LENGTH), envelopeKey: take(number(1)) });
  }
  return { next, psk, skipped, open };
}
