/**
 * What a third party must not forget: which T of each sensor it accepted, and for each accepted share
 * message what it forwarded and what it answered. One transaction accepts a message; before it has returned
 * nothing is acknowledged.
 */

import { orderedKey, type Store, type Table } from "../store/store.js";
import { advanceCounter, type CounterWindow, judgeCounter, WINDOW } from "./window.js";

/** An accepted share message. */
export interface AcceptedRecord {
  /** SHA-256 of the I_TP, in hexadecimal: the same bytes again are a duplicate, others a replay of T. */
  readonly digest: string;
  /** The I_TP itself: the share stays under its PSK. */
  readonly message: Uint8Array;
  readonly responder: string;
  /** What went to the Responder, with the envelope key under which the answer comes; gone once it is there. */
  readonly forward?: { readonly bytes: Uint8Array; readonly envelopeKey: Uint8Array };
  /** Until when the Responder is asked, as Unix time in milliseconds. */
  readonly deadline: number;
  /** R_I, once the Responder has sent one. */
  readonly confirmation?: Uint8Array;
}

export class Records {
  readonly #store: Store;
  readonly #windows: Table<CounterWindow>;
  readonly #accepted: Table<AcceptedRecord>;

  constructor(store: Store) {
    this.#store = store;
    this.#windows = store.table("counters");
    this.#accepted = store.table("accepted");
  }

  /** What T is to this sensor's window. */
  judge(sensor: string, t: number): ReturnType<typeof judgeCounter> {
    return judgeCounter(this.#windows.get(sensor), t);
  }

  get(sensor: string, t: number): AcceptedRecord | undefined {
    return this.#accepted.get(key(sensor, t));
  }

  /** Accepts a message durably. False when its T is no longer new. */
  accept(sensor: string, t: number, record: AcceptedRecord): boolean {
    return this.#store.transaction(() => {
      if (this.judge(sensor, t) !== "new") return false;
      const window = advanceCounter(this.#windows.get(sensor), t);
      this.#windows.put(sensor, window);
      this.#accepted.put(key(sensor, t), record);
      // A T below the window is refused by itself: its record has nothing left to guard.
      for (const [old] of this.#accepted.entries({ prefix: `${sensor} ` })) {
        if (old < key(sensor, Math.max(0, window.last - WINDOW))) this.#accepted.delete(old);
      }
      return true;
    });
  }

  /** Keeps how forwarding ended: with an R_I, or without one. The envelope key is forgotten. */
  finish(sensor: string, t: number, confirmation?: Uint8Array): void {
    this.#store.transaction(() => {
      const record = this.#accepted.get(key(sensor, t));
      if (record === undefined) return;
      const { forward: _, ...rest } = record;
      this.#accepted.put(key(sensor, t), confirmation === undefined ? rest : { ...rest, confirmation });
    });
  }

  /** What was accepted and not answered yet, when the process before this one ended. */
  unfinished(): { readonly sensor: string; readonly t: number; readonly record: AcceptedRecord }[] {
    return this.#accepted.entries().flatMap(([name, record]) => {
      if (record.forward === undefined) return [];
      const space = name.lastIndexOf(" ");
      return [{ sensor: name.slice(0, space), t: Number.parseInt(name.slice(space + 1), 16), record }];
    });
  }
}

/** Identities have no spaces in their text form; T sorts as a number. */
function key(sensor: string, t: number): string {
  return `${sensor} ${orderedKey(t)}`;
}
