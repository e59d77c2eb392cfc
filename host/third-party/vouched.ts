/**
 * The triggers that a third party has vouched for of late, durably: so many of a sensor in a day, each for one T. Whoever
 * asks again for the same gets the same.
 */

import { toHex } from "../../protocol/bytes.js";
import type { Store, Table } from "../store/store.js";

/** Of one sensor, in DAY. */
export const TRIGGERS_A_DAY = 4;
const DAY = 24 * 60 * 60_000;

interface VouchedTrigger {
  /** Hexadecimal. */
  readonly nonce: string;
  readonly t: number;
  /** Unix time in milliseconds. */
  readonly at: number;
}

export class VouchedTriggers {
  readonly #store: Store;
  readonly #vouched: Table<readonly VouchedTrigger[]>;

  constructor(store: Store) {
    this.#store = store;
    this.#vouched = store.table("triggers");
  }

  /** What a trigger is to those before it: "other T" is one whose nonce has served for another. */
  judge(sensor: string, nonce: Uint8Array, t: number, now: number): "new" | "known" | "other T" | "too many" {
    const recent = this.#recent(sensor, now);
    const same = recent.find((one) => one.nonce === toHex(nonce));
    if (same !== undefined) return same.t === t ? "known" : "other T";
    return recent.length < TRIGGERS_A_DAY ? "new" : "too many";
  }

  /** Counts one, durably, and returns what it was. */
  count(sensor: string, nonce: Uint8Array, t: number, now: number): ReturnType<VouchedTriggers["judge"]> {
    return this.#store.transaction(() => {
      const judgement = this.judge(sensor, nonce, t, now);
      if (judgement === "new") {
        this.#vouched.put(sensor, [...this.#recent(sensor, now), { nonce: toHex(nonce), t, at: now }]);
      }
      return judgement;
    });
  }

  /** Those of the last day, or of the next for a clock that was set back. */
  #recent(sensor: string, now: number): VouchedTrigger[] {
    return (this.#vouched.get(sensor) ?? []).filter(({ at }) => Math.abs(now - at) < DAY);
  }
}
