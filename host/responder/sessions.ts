/** The sessions that a Responder has open: shares on their way to k, and the third parties that wait. */

import type { CollectingGroup } from "../../protocol/exchange/collection.js";
import type { ForwardedShare } from "../../protocol/exchange/forward-message.js";
import type { ForwardContext } from "../../protocol/exchange/forward-verification.js";
import { Busy } from "../refusals.js";
import type { MessagePlace } from "./records.js";

/** A share that was accepted, and how its third party gets its answer. */
export interface Contribution {
  readonly place: MessagePlace;
  readonly digest: string;
  readonly context: ForwardContext;
  readonly x: number;
}

/** Somebody who waits for an answer; whoever sends the same message again waits with them. */
interface Wait {
  readonly answer: Promise<Uint8Array>;
  resolve(answer: Uint8Array): void;
  /** Stops the timer that ends the wait. */
  stop(): void;
  count: number;
}

/** How many wait for one answer: a third party, and once more after a restart of its. */
const MAX_WAITING = 2;

/** One open session: a group of shares that say the same. */
export class OpenSession {
  readonly contributions: Contribution[] = [];
  readonly #waits = new Map<string, Wait>();

  constructor(
    readonly name: string,
    readonly sensor: string,
    readonly group: CollectingGroup,
    /** Unix time in milliseconds. */
    readonly openedAt: number,
  ) {}

  /** Stops the timer of its deadline. */
  stop: () => void = () => {};

  /** The sensor's T. */
  get t(): number {
    return this.group.session.t;
  }

  /** What the message with this digest contributed. */
  contribution(digest: string): Contribution | undefined {
    return this.contributions.find((it) => it.digest === digest);
  }

  /** Whether this third party has given its share. */
  hasShareOf(thirdParty: string): boolean {
    return this.contributions.some(({ place }) => place.thirdParty === thirdParty);
  }

  /** The answer to the message with this digest, when there is one; `begin` starts the timer of the first wait. */
  answerTo(digest: string, begin: () => () => void): Promise<Uint8Array> {
    const known = this.#waits.get(digest);
    if (known !== undefined) {
      if (known.count >= MAX_WAITING) throw new Busy("the answer to this message is awaited already");
      known.count++;
      return known.answer;
    }
    let resolve: Wait["resolve"] = () => {};
    const answer = new Promise<Uint8Array>((it) => {
      resolve = it;
    });
    this.#waits.set(digest, { answer, resolve, stop: begin(), count: 1 });
    return answer;
  }

  /** Whether somebody waits for the answer to a message. */
  isAwaited(digest: string): boolean {
    return this.#waits.has(digest);
  }

  /** Gives an answer to whoever waits for it. */
  resolve(digest: string, answer: Uint8Array): void {
    const wait = this.#waits.get(digest);
    wait?.stop();
    wait?.resolve(answer);
    this.#waits.delete(digest);
  }
}

/** All open sessions, by name, by sensor and by third party. */
export class OpenSessions {
  readonly #byName = new Map<string, OpenSession>();
  readonly #bySensor = new Map<string, Set<OpenSession>>();
  /** Those that hold its share, the oldest share first. */
  readonly #byThirdParty = new Map<string, Set<OpenSession>>();
  #shares = 0;

  /** How many shares they hold together. */
  get shares(): number {
    return this.#shares;
  }

  get(name: string): OpenSession | undefined {
    return this.#byName.get(name);
  }

  /** A snapshot of all. */
  all(): OpenSession[] {
    return [...this.#byName.values()];
  }

  /** A snapshot of one sensor's. */
  of(sensor: string): OpenSession[] {
    return [...(this.#bySensor.get(sensor) ?? [])];
  }

  add(session: OpenSession): void {
    this.#byName.set(session.name, session);
    put(this.#bySensor, session.sensor, session);
  }

  /** Takes a share into a session, and the place of its message. */
  take(session: OpenSession, share: ForwardedShare, contribution: Contribution): void {
    session.group.add(share);
    session.contributions.push(contribution);
    put(this.#byThirdParty, contribution.place.thirdParty, session);
    this.#shares++;
  }

  /** Takes a share out of its session again; one that holds no other is over. */
  withdraw(session: OpenSession, contribution: Contribution): void {
    session.contributions.splice(session.contributions.indexOf(contribution), 1);
    session.group.remove(contribution.x);
    this.#forget(session, contribution);
    if (session.contributions.length === 0) this.delete(session);
  }

  /** The share that gives way to others: the oldest of the third party that has the most. */
  leastEntitled(): { readonly session: OpenSession; readonly contribution: Contribution } | undefined {
    let thirdParty = "";
    let most: ReadonlySet<OpenSession> = new Set();
    for (const [name, sessions] of this.#byThirdParty) {
      if (sessions.size > most.size) [thirdParty, most] = [name, sessions];
    }
    for (const session of most) {
      const contribution = session.contributions.find(({ place }) => place.thirdParty === thirdParty);
      if (contribution !== undefined) return { session, contribution };
    }
    return undefined;
  }

  delete(session: OpenSession): void {
    if (this.#byName.get(session.name) !== session) return;
    session.stop();
    this.#byName.delete(session.name);
    take(this.#bySensor, session.sensor, session);
    for (const contribution of session.contributions) this.#forget(session, contribution);
  }

  #forget(session: OpenSession, { place }: Contribution): void {
    take(this.#byThirdParty, place.thirdParty, session);
    this.#shares--;
  }
}

function put(sets: Map<string, Set<OpenSession>>, name: string, session: OpenSession): void {
  const set = sets.get(name);
  if (set === undefined) sets.set(name, new Set([session]));
  else set.add(session);
}

function take(sets: Map<string, Set<OpenSession>>, name: string, session: OpenSession): void {
  const set = sets.get(name);
  set?.delete(session);
  if (set?.size === 0) sets.delete(name);
}
