/** The sessions that a Responder has open: shares on their way to k, and the third parties that wait. */

import type { CollectingGroup } from "../../protocol/exchange/collection.js";
import type { ForwardedShare } from "../../protocol/exchange/forward-message.js";
import type { ForwardContext } from "../../protocol/exchange/forward-verification.js";
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
}

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

  /** The sensor's T. */
  get t(): number {
    return this.group.session.t;
  }

  /** Takes a share and the place of its message. */
  add(share: ForwardedShare, contribution: Contribution): void {
    this.group.add(share);
    this.contributions.push(contribution);
  }

  /** What the message with this digest contributed. */
  contribution(digest: string): Contribution | undefined {
    return this.contributions.find((it) => it.digest === digest);
  }

  /** Whether this third party has given its share. */
  hasShareOf(thirdParty: string): boolean {
    return this.contributions.some(({ place }) => place.thirdParty === thirdParty);
  }

  /** The answer to the message with this digest, when there is one. */
  answerTo(digest: string): Promise<Uint8Array> {
    const known = this.#waits.get(digest);
    if (known !== undefined) return known.answer;
    let resolve: Wait["resolve"] = () => {};
    const answer = new Promise<Uint8Array>((it) => {
      resolve = it;
    });
    this.#waits.set(digest, { answer, resolve });
    return answer;
  }

  /** Whether somebody waits for the answer to a message. */
  isAwaited(digest: string): boolean {
    return this.#waits.has(digest);
  }

  /** Gives an answer to whoever waits for it. */
  resolve(digest: string, answer: Uint8Array): void {
    this.#waits.get(digest)?.resolve(answer);
    this.#waits.delete(digest);
  }
}

/** All open sessions, by name and by sensor. */
export class OpenSessions {
  readonly #byName = new Map<string, OpenSession>();
  readonly #bySensor = new Map<string, Set<OpenSession>>();

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
    const others = this.#bySensor.get(session.sensor);
    if (others === undefined) this.#bySensor.set(session.sensor, new Set([session]));
    else others.add(session);
  }

  delete(session: OpenSession): void {
    this.#byName.delete(session.name);
    const others = this.#bySensor.get(session.sensor);
    others?.delete(session);
    if (others?.size === 0) this.#bySensor.delete(session.sensor);
  }
}
