/**
 * Which sensor a pseudonym is of, and for which T (protocol/exchange/pseudonym.ts).
 *
 * Of each sensor the pseudonyms of the last 32 T and of the next 64 stand in a table, which moves with its T. A pseudonym
 * that is not in it may be of a sensor that has gone on without us: then those of up to 1,024 T ahead are looked through.
 * They are made once and kept, a few sensors' at a time, so that no message, however many come, costs more HMACs than
 * there are T; and looking is limited to so many sensors a second.
 */

import { pseudonymNumber } from "../protocol/exchange/bundle-parts.js";
import { pseudonymOf } from "../protocol/exchange/pseudonym.js";
import { primitives } from "./primitives.js";

/** T that stand in the table: below the next one, and from it on. */
export const BEHIND = 32;
export const AHEAD = 64;
/** How far ahead is looked, as far as third parties step their keys. */
export const FURTHEST = 1024;
/** Pseudonyms that one look may make: some milliseconds. */
export const MADE_AT_ONCE = 4 * FURTHEST;
/** Sensors that may be looked through in a second, and in one burst: each takes about a microsecond. */
export const LOOKS_PER_SECOND = 50_000;

const LAST_T = 2 ** 32 - 1;
const KEPT = BEHIND + FURTHEST;

/** Whom a pseudonym may be of: several, if two are the same. */
export interface Resolved<Owner> {
  readonly owner: Owner;
  readonly t: number;
}

interface Sensor<Owner> {
  readonly owner: Owner;
  readonly linkingKey: Uint8Array;
  /** The T that comes next. */
  next: number;
  /** Pseudonyms of T from next − 32 up to `made`, each at T modulo the length. */
  readonly ring: Float64Array;
  made: number;
}

interface Entry<Owner> {
  readonly sensor: Sensor<Owner>;
  readonly t: number;
  readonly other: Entry<Owner> | undefined;
}

export class PseudonymTable<Owner> {
  readonly #sensors = new Map<Owner, Sensor<Owner>>();
  readonly #near = new Map<number, Entry<Owner>>();
  /** Sensors that may still be looked through, and when that was counted. */
  #looks = LOOKS_PER_SECOND;
  #countedAt: number;
  /** HMACs that were computed, and sensors that were looked through. */
  readonly work = { made: 0, looked: 0 };

  /** `now` gives milliseconds that only grow. */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.#countedAt = now();
  }

  /** Follows a sensor whose next T is this; what was known of it under another key is forgotten. */
  follow(owner: Owner, linkingKey: Uint8Array, next: number): void {
    const known = this.#sensors.get(owner);
    if (known !== undefined && Buffer.compare(known.linkingKey, linkingKey) === 0) {
      this.#move(known, next);
      return;
    }
    this.forget(owner);
    const ring = new Float64Array(KEPT);
    const sensor = { owner, linkingKey, next, ring, made: firstOf(next) };
    this.#sensors.set(owner, sensor);
    this.#enter(sensor, firstOf(next));
  }

  /** Takes note that a sensor has used a T. */
  used(owner: Owner, t: number): void {
    const sensor = this.#sensors.get(owner);
    if (sensor !== undefined && t >= sensor.next) this.#move(sensor, t + 1);
  }

  forget(owner: Owner): void {
    const sensor = this.#sensors.get(owner);
    if (sensor === undefined) return;
    this.#sensors.delete(owner);
    this.#leave(sensor, firstOf(sensor.next), nearEnd(sensor.next));
  }

  /** All whom it follows. */
  owners(): Iterable<Owner> {
    return this.#sensors.keys();
  }

  /** Whom a pseudonym (48 bits) is of. */
  find(pseudonym: number): Resolved<Owner>[] {
    const found: Resolved<Owner>[] = [];
    for (let entry = this.#near.get(pseudonym); entry !== undefined; entry = entry.other) {
      found.push({ owner: entry.sensor.owner, t: entry.t });
    }
    return found.length > 0 ? found : this.#lookAhead(pseudonym);
  }

  #lookAhead(pseudonym: number): Resolved<Owner>[] {
    const now = this.now();
    const regained = ((now - this.#countedAt) * LOOKS_PER_SECOND) / 1000;
    this.#looks = Math.min(Math.max(LOOKS_PER_SECOND, this.#sensors.size), this.#looks + regained);
    this.#countedAt = now;
    if (this.#looks < this.#sensors.size) return [];
    this.#looks -= this.#sensors.size;
    const found: Resolved<Owner>[] = [];
    let left = MADE_AT_ONCE;
    for (const sensor of this.#sensors.values()) {
      const { owner, next, ring } = sensor;
      left -= this.#make(sensor, Math.min(furthest(next), sensor.made + left));
      this.work.looked++;
      // Most are of nobody: the loop below is for those of somebody.
      if (!ring.includes(pseudonym)) continue;
      for (let t = nearEnd(next); t < sensor.made; t++) {
        if (ring[t % KEPT] === pseudonym) found.push({ owner, t });
      }
    }
    return found;
  }

  #move(sensor: Sensor<Owner>, next: number): void {
    if (next === sensor.next) return;
    const before = sensor.next;
    const [first, end] = [firstOf(next), nearEnd(next)];
    if (next < before || next - before >= FURTHEST) {
      this.#leave(sensor, firstOf(before), nearEnd(before));
      sensor.next = next;
      sensor.made = first;
      this.#enter(sensor, first);
      return;
    }
    this.#leave(sensor, firstOf(before), Math.min(first, nearEnd(before)));
    sensor.next = next;
    sensor.made = Math.max(sensor.made, first);
    if (end > nearEnd(before)) this.#enter(sensor, Math.max(first, nearEnd(before)));
  }

  /** Puts the pseudonyms from a T on into the table. */
  #enter(sensor: Sensor<Owner>, from: number): void {
    const end = nearEnd(sensor.next);
    this.#make(sensor, end);
    for (let t = from; t < end; t++) {
      const pseudonym = sensor.ring[t % KEPT];
      this.#near.set(pseudonym, { sensor, t, other: this.#near.get(pseudonym) });
    }
  }

  #leave(sensor: Sensor<Owner>, from: number, end: number): void {
    for (let t = from; t < end; t++) {
      const pseudonym = sensor.ring[t % KEPT];
      let rest: Entry<Owner> | undefined;
      for (let entry = this.#near.get(pseudonym); entry !== undefined; entry = entry.other) {
        if (entry.sensor !== sensor || entry.t !== t) {
          rest = { sensor: entry.sensor, t: entry.t, other: rest };
        }
      }
      if (rest === undefined) this.#near.delete(pseudonym);
      else this.#near.set(pseudonym, rest);
    }
  }

  /** Makes pseudonyms up to a T; returns how many those were. */
  #make(sensor: Sensor<Owner>, end: number): number {
    const from = sensor.made;
    for (; sensor.made < end; sensor.made++) {
      const six = pseudonymOf(primitives, sensor.linkingKey, sensor.made);
      sensor.ring[sensor.made % KEPT] = pseudonymNumber(six);
    }
    const made = Math.max(0, end - from);
    this.work.made += made;
    return made;
  }
}

/** The first T that stands in the table, the one behind its last, and the one behind the furthest that is looked at. */
const firstOf = (next: number): number => Math.max(1, next - BEHIND);
const nearEnd = (next: number): number => Math.min(LAST_T + 1, next + AHEAD);
const furthest = (next: number): number => Math.min(LAST_T + 1, next + FURTHEST);
