/**
 * What a third party must not forget: the PSKs of each sensor, which say which T it still accepts, and for each accepted
 * share message what it forwarded and what it answered; and what it must forget: the PSKs that were used. One
 * transaction accepts a message and takes the step; before it has returned nothing is acknowledged.
 */

import { ascii, equal, toHex, wipe } from "../../protocol/bytes.js";
import { type ChainStart, laterPsk } from "../../protocol/exchange/chain.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { primitives } from "../primitives.js";
import { orderedKey, type Store, type Table } from "../store/store.js";
import {
  acceptT,
  closeT,
  decodeKeys,
  encodeKeys,
  firstKeys,
  judgeT,
  type OpenKeys,
  pskOf,
  type SensorKeys,
  WINDOW,
  wipeKeys,
} from "./keys.js";
import type { Vault } from "./vault.js";

/** An accepted share message. */
export interface AcceptedRecord {
  /** SHA-256 of the I_TP, in hexadecimal: the same bytes again are a duplicate, others a replay of T. */
  readonly digest: string;
  /** Digest of what of it stands in a part of a bundle, in hexadecimal: by it a part is known as the same message. */
  readonly part?: string;
  readonly responder: string;
  /** Until when the Responder is asked, as Unix time in milliseconds. */
  readonly deadline: number;
  /** Until it is answered. */
  readonly open?: {
    /** The I_TP itself: the share stays under its PSK. */
    readonly message: Uint8Array;
    /** What goes to the Responder. */
    readonly forward: Uint8Array;
  };
  /** TP_I, as it was first sent. */
  readonly answer?: Uint8Array;
}

/** An accepted message that is not answered. */
export interface OpenRecord extends Required<Pick<AcceptedRecord, "open">>, Omit<AcceptedRecord, "open"> {
  readonly envelopeKey: Uint8Array;
}

/** A sensor under one of its enrolments. */
export interface Enrolled {
  readonly sensor: string;
  /** enrolmentName() of its statement. */
  readonly name: string;
  readonly start?: ChainStart<Uint8Array> | undefined;
}

/** The keys of one sensor, encrypted under the vault's key in that place. */
interface SealedKeys {
  /** Of which enrolment. */
  readonly enrolment: string;
  readonly place: number;
  readonly sealed: Uint8Array;
}

/** Each key of the vault seals once. */
const NONCE = new Uint8Array(13);
const TAG = 16;

/** Steps between the keys ahead that are kept in memory, for how many sensors. */
const RUNG = 32;
const MAX_LADDERS = 1000;

export class Records {
  readonly #store: Store;
  readonly #vault: Vault;
  readonly #keys: Table<SealedKeys>;
  readonly #accepted: Table<AcceptedRecord>;
  /** PSKs of next, next + 32, … by sensor: so that who claims a T far ahead does not have us step there each time. */
  readonly #ladders = new Map<string, Uint8Array[]>();

  constructor(store: Store, vault: Vault) {
    this.#store = store;
    this.#vault = vault;
    this.#keys = store.table("keys");
    this.#accepted = store.table("accepted");
    vault.keepOnly(new Set(this.#keys.entries().map(([, { place }]) => place)));
  }

  /** Whether the chain of this enrolment has begun. One that brings no key goes on with the chain that there is. */
  isEnrolled({ sensor, name, start }: Enrolled): boolean {
    const kept = this.#keys.get(sensor);
    return kept !== undefined && (kept.enrolment === name || start === undefined);
  }

  /** The PSK of a T that is new to the sensor's keys, or else what that T is to them. */
  pskFor(enrolled: Enrolled, t: number): Uint8Array | Exclude<ReturnType<typeof judgeT>, "new"> {
    const { sensor } = enrolled;
    const keys = this.#keysOf(enrolled);
    try {
      const judgement = judgeT(keys, t);
      return judgement === "new" ? pskOf(keys, t, this.#later(sensor, keys)) : judgement;
    } finally {
      wipeKeys(keys);
    }
  }

  /** The PSK of a T that the sensor has not used yet, in a new array; nothing is stepped. Else what that T is. */
  pskAhead(enrolled: Enrolled, t: number): Uint8Array | "used" | "too far ahead" {
    const keys = this.#keysOf(enrolled);
    try {
      if (t < keys.next) return "used";
      if (judgeT(keys, t) !== "new") return "too far ahead";
      return pskOf(keys, t, this.#later(enrolled.sensor, keys));
    } finally {
      wipeKeys(keys);
    }
  }

  /** The T that comes next in the chain. Throws a Refusal when there is none. */
  next(enrolled: Enrolled): number {
    const keys = this.#keysOf(enrolled);
    wipeKeys(keys);
    return keys.next;
  }

  /** What was accepted under this enrolment. */
  get(enrolled: Enrolled, t: number): AcceptedRecord | undefined {
    return this.isEnrolled(enrolled) ? this.#accepted.get(key(enrolled.sensor, t)) : undefined;
  }

  /**
   * Accepts a message durably, and takes the step of its T. False when its T is no longer new. The first message of an
   * enrolment begins its chain, and ends that of the one before with all that was accepted under it.
   */
  accept(enrolled: Enrolled, t: number, record: AcceptedRecord, open: OpenKeys): boolean {
    const { sensor } = enrolled;
    const isFirst = !this.isEnrolled(enrolled);
    const keys = this.#keysOf(enrolled);
    let next = keys;
    try {
      if (judgeT(keys, t) !== "new") return false;
      // Its own copies: those of the caller are in use.
      const copies = { psk: open.psk.slice(), envelopeKey: open.envelopeKey.slice() };
      next = acceptT(keys, t, copies, this.#later(sensor, keys));
      const oldest = next.next - 1 - WINDOW;
      const kept = [...next.open.keys()].filter((each) => each < oldest).reduce(closeT, next);
      this.#put(enrolled, kept, () => {
        // A T below the window is refused by itself: its record has nothing left to guard.
        for (const [old] of this.#accepted.entries({ prefix: `${sensor} ` })) {
          if (isFirst || old < key(sensor, Math.max(0, oldest))) this.#accepted.delete(old);
        }
        this.#accepted.put(key(sensor, t), record);
      });
      return true;
    } finally {
      wipeKeys(keys);
      wipeKeys(next);
    }
  }

  /**
   * Keeps how the message of that digest is answered, and forgets its keys; `answer` makes TP_I under its PSK. Undefined
   * when it is not open: meanwhile the sensor has gone on beyond the window, or was enrolled anew, and its T may be that
   * of another message now.
   */
  finish(
    sensor: string,
    t: number,
    digest: string,
    answer: (psk: Uint8Array) => Uint8Array,
  ): Uint8Array | undefined {
    const kept = this.#keys.get(sensor);
    const record = this.#accepted.get(key(sensor, t));
    if (kept === undefined || record?.digest !== digest) return undefined;
    const keys = this.#unseal(sensor, kept);
    try {
      const open = keys.open.get(t);
      if (open === undefined) return record.answer;
      const made = answer(open.psk);
      const { open: _, ...rest } = record;
      this.#put({ sensor, name: kept.enrolment }, closeT(keys, t), () =>
        this.#accepted.put(key(sensor, t), { ...rest, answer: made }),
      );
      return made;
    } finally {
      wipeKeys(keys);
    }
  }

  /** What was accepted and not answered yet, when the process before this one ended. */
  unfinished(): { readonly sensor: string; readonly t: number; readonly record: AcceptedRecord }[] {
    return this.#accepted.entries().flatMap(([name, record]) => {
      if (record.open === undefined) return [];
      const space = name.lastIndexOf(" ");
      return [{ sensor: name.slice(0, space), t: Number.parseInt(name.slice(space + 1), 16), record }];
    });
  }

  /** The key under which the Responder answers about a message; undefined when that is not open. */
  envelopeKey(sensor: string, t: number): Uint8Array | undefined {
    const kept = this.#keys.get(sensor);
    if (kept === undefined) return undefined;
    const keys = this.#unseal(sensor, kept);
    const envelopeKey = keys.open.get(t)?.envelopeKey.slice();
    wipeKeys(keys);
    return envelopeKey;
  }

  /** The keys of an enrolment, its first ones before its chain has begun. Throws a Refusal when they are gone. */
  #keysOf(enrolled: Enrolled): SensorKeys {
    const { sensor, start } = enrolled;
    if (this.isEnrolled(enrolled)) return this.#unseal(sensor, this.#keys.get(sensor) as SealedKeys);
    if (start !== undefined) return firstKeys(start);
    throw new Refusal(ErrorNumbers.identity, `the keys of ${sensor} are gone: it must be enrolled anew`);
  }

  /** Throws an Error when the keys are not under the vault's: one of the two is of another time. */
  #unseal(sensor: string, { place, sealed }: SealedKeys): SensorKeys {
    const key = this.#vault.get(place);
    const bytes = primitives.ccmOpen(key, NONCE, ascii(sensor), sealed, TAG);
    wipe(key);
    if (bytes === undefined) {
      throw new Error(`the keys of ${sensor} can't be opened: it must be enrolled anew`);
    }
    const keys = decodeKeys(bytes);
    wipe(bytes);
    return keys;
  }

  /**
   * Stores keys, under a new key of the vault, together with what `within` stores. The transaction is what counts: before
   * it the old key holds, after it the new one, and the old one is overwritten.
   */
  #put({ sensor, name }: Enrolled, keys: SensorKeys, within: () => void): void {
    const before = this.#keys.get(sensor);
    const { place, key } = this.#vault.put();
    const bytes = encodeKeys(keys);
    try {
      const sealed = primitives.ccmSeal(key, NONCE, ascii(sensor), bytes, TAG);
      this.#store.transaction(() => {
        this.#keys.put(sensor, { enrolment: name, place, sealed });
        within();
      });
    } catch (error) {
      // A commit that failed may still have come about.
      if (this.#keys.get(sensor)?.place !== place) this.#vault.erase(place);
      throw error;
    } finally {
      wipe(key, bytes);
    }
    this.#forgetLadder(sensor);
    if (before !== undefined) this.#vault.erase(before.place);
  }

  /** The PSK so many steps after `keys.psk`. */
  #later(sensor: string, { psk }: SensorKeys): (steps: number) => Uint8Array {
    return (steps) => {
      const known = this.#ladders.get(sensor);
      // Another enrolment has other keys.
      const isKnown = known !== undefined && equal(known[0], psk);
      if (!isKnown) this.#forgetLadder(sensor);
      const ladder = isKnown ? known : [psk.slice()];
      while (ladder.length * RUNG <= steps)
        ladder.push(laterPsk(primitives, ladder[ladder.length - 1], RUNG));
      for (const oldest of this.#ladders.keys()) {
        if (isKnown || this.#ladders.size < MAX_LADDERS) break;
        this.#forgetLadder(oldest);
      }
      this.#ladders.set(sensor, ladder);
      return laterPsk(primitives, ladder[Math.floor(steps / RUNG)], steps % RUNG);
    };
  }

  #forgetLadder(sensor: string): void {
    wipe(...(this.#ladders.get(sensor) ?? []));
    this.#ladders.delete(sensor);
  }
}

/** By which an enrolment is known: a digest of its statement, of which each has its own. */
export function enrolmentName(statement: Uint8Array): string {
  return toHex(primitives.sha256(statement).subarray(0, 16));
}

/** Identities have no spaces in their text form; T sorts as a number. */
function key(sensor: string, t: number): string {
  return `${sensor} ${orderedKey(t)}`;
}
