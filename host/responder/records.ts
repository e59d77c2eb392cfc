/**
 * What a Responder must not forget: the messages it accepted (RFC 3830 §5.4), the shares of open sessions,
 * and for each sensor the highest T with which a key was rebuilt.
 */

import { orderedKey, type Store, type Table } from "../store/store.js";

/** An accepted TP_R, until its T is too old to be accepted again. */
export interface ReplayRecord {
  /** SHA-256 of the message, in hexadecimal. */
  readonly digest: string;
  /** R_TP, once one was sent. */
  readonly answer?: Uint8Array;
}

/** A share of an open session: the TP_R as it came, so that the share stays under the Responder's key. */
export interface OpenShare {
  readonly bytes: Uint8Array;
  /** When the first share of the session came, as Unix time in milliseconds. */
  readonly openedAt: number;
}

/** The last key of a sensor. */
export interface ConfirmedRecord {
  readonly t: number;
  /** The group that was rebuilt (groupName). */
  readonly group: string;
  /** R_I. */
  readonly confirmation: Uint8Array;
  /** Digests of all n shares, to judge those that come late (RebuiltGroup.shareDigests). */
  readonly shares: Uint8Array;
  /** Third parties that said something else of this T. */
  readonly contradicting: readonly string[];
}

/** An answer, and the message that it is the answer to. */
export interface AnswerRecord extends Required<ReplayRecord> {
  readonly place: MessagePlace;
}

/** Where an accepted message stands in the replay cache: a third party never uses one T twice. */
export interface MessagePlace {
  readonly thirdParty: string;
  /** T of the third party as Unix time in milliseconds, and its exact bytes in hexadecimal. */
  readonly unixTime: number;
  readonly timestamp: string;
}

const KNOWN_FROM = "known from";

/** Entries that are read at once to be forgotten. */
const FORGET_BATCH = 500;

export class Records {
  readonly #store: Store;
  readonly #replays: Table<ReplayRecord>;
  readonly #open: Table<OpenShare>;
  readonly #confirmed: Table<ConfirmedRecord>;
  readonly #memory: Table<number>;
  /** How many accepted messages of each third party are remembered, and of all together. */
  readonly #counts = new Map<string, number>();
  #count = 0;

  constructor(store: Store) {
    this.#store = store;
    this.#replays = store.table("replays");
    this.#open = store.table("open");
    this.#confirmed = store.table("confirmed");
    this.#memory = store.table("memory");
    for (const [key] of this.#replays.entries()) this.#counted(key, 1);
  }

  /** Whether a third party has its part of `limit` remembered messages, or more, while all together have as many. */
  isFull(thirdParty: string, limit: number): boolean {
    if (this.#count < limit) return false;
    return (this.#counts.get(thirdParty) ?? 0) * this.#counts.size >= limit;
  }

  /**
   * From which T of third parties on, as Unix time in milliseconds, this store knows every message that was accepted:
   * `otherwise` for one that is new.
   */
  knownFrom(otherwise: number): number {
    const known = this.#memory.get(KNOWN_FROM);
    if (known !== undefined) return known;
    this.#store.transaction(() => this.#memory.put(KNOWN_FROM, otherwise));
    return otherwise;
  }

  replay(place: MessagePlace): ReplayRecord | undefined {
    return this.#replays.get(replayKey(place));
  }

  confirmed(sensor: string): ConfirmedRecord | undefined {
    return this.#confirmed.get(sensor);
  }

  /**
   * Accepts a message durably: with its share while its session is open, with its answer when the key is there
   * already. False for a replay.
   */
  accept(place: MessagePlace, record: ReplayRecord, open?: { readonly group: string } & OpenShare): boolean {
    const isNew = this.#store.transaction(() => {
      if (this.replay(place) !== undefined) return false;
      this.#replays.put(replayKey(place), record);
      if (open !== undefined) {
        const { group, ...share } = open;
        this.#open.put(openKey(group, place.thirdParty), share);
      }
      return true;
    });
    if (isNew) this.#counted(replayKey(place), 1);
    return isNew;
  }

  /** Keeps an answer for duplicates of its message. */
  answered(answer: AnswerRecord): void {
    this.#store.transaction(() => this.#answered([answer]));
  }

  /**
   * A key is rebuilt: its T is the sensor's highest, its shares are gone, its answers kept, and whatever
   * `within` stores is stored, in one step. False when the sensor has a later key: T never goes down.
   */
  confirm(
    sensor: string,
    record: ConfirmedRecord,
    answers: readonly AnswerRecord[],
    within: () => void,
  ): boolean {
    return this.#store.transaction(() => {
      const last = this.confirmed(sensor);
      if (last !== undefined && last.t >= record.t) return false;
      this.#confirmed.put(sensor, record);
      this.#close(record.group);
      this.#answered(answers);
      within();
      return true;
    });
  }

  /** The share that a third party has given to an open session. */
  openShare(group: string, thirdParty: string): OpenShare | undefined {
    return this.#open.get(openKey(group, thirdParty));
  }

  /**
   * Keeps that a third party says something else of the last key's T. All that do, or undefined when it is known of
   * this one, or the sensor has a later key.
   */
  contradict(sensor: string, t: number, thirdParty: string): readonly string[] | undefined {
    return this.#store.transaction(() => {
      const last = this.confirmed(sensor);
      if (last?.t !== t || last.contradicting.includes(thirdParty)) return undefined;
      const contradicting = [...last.contradicting, thirdParty];
      this.#confirmed.put(sensor, { ...last, contradicting });
      return contradicting;
    });
  }

  /** Forgets one share of a session that goes on without it, and keeps the answer that its third party had or has now. */
  withdraw(group: string, answer: AnswerRecord): void {
    this.#store.transaction(() => {
      this.#open.delete(openKey(group, answer.place.thirdParty));
      this.#answered([answer]);
    });
  }

  /** Forgets the shares of a session that ends without a key, and keeps the answers that it ends with. */
  close(group: string, answers: readonly AnswerRecord[]): void {
    this.#store.transaction(() => {
      this.#close(group);
      this.#answered(answers);
    });
  }

  /** The shares of sessions that were open when the process before this one ended, by a name for drop(). */
  openShares(): [name: string, share: OpenShare][] {
    return this.#open.entries();
  }

  /** Forgets one share of an open session. */
  drop(name: string): void {
    this.#store.transaction(() => this.#open.delete(name));
  }

  /** Forgets accepted messages whose T, in Unix milliseconds, is before `horizon`: they are refused by it. */
  forget(horizon: number): void {
    const end = orderedKey(Math.max(0, Math.floor(horizon)));
    let old: string[];
    do {
      old = this.#replays
        .entries({ limit: FORGET_BATCH })
        .map(([key]) => key)
        .filter((key) => key < end);
      this.#store.transaction(() => {
        for (const key of old) this.#replays.delete(key);
      });
      for (const key of old) this.#counted(key, -1);
    } while (old.length === FORGET_BATCH);
  }

  #answered(answers: readonly AnswerRecord[]): void {
    for (const { place, digest, answer } of answers) this.#replays.put(replayKey(place), { digest, answer });
  }

  #counted(key: string, change: 1 | -1): void {
    const thirdParty = key.slice(key.lastIndexOf(" ") + 1);
    const count = (this.#counts.get(thirdParty) ?? 0) + change;
    this.#count += change;
    if (count === 0) this.#counts.delete(thirdParty);
    else this.#counts.set(thirdParty, count);
  }

  #close(group: string): void {
    for (const [key] of this.#open.entries({ prefix: `${group} ` })) this.#open.delete(key);
  }
}

function openKey(group: string, thirdParty: string): string {
  return `${group} ${thirdParty}`;
}

/** Identities have no spaces in their text form. Oldest first, so that forgetting reads no further than it must. */
function replayKey({ thirdParty, unixTime, timestamp }: MessagePlace): string {
  return `${orderedKey(Math.max(0, Math.floor(unixTime)))} ${timestamp} ${thirdParty}`;
}
