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

/** One open session: a group of shares that say the same. */
export class OpenSession {
  readonly contributions: Contribution[] = [];
  readonly #waiting = new Map<string, (answer: Uint8Array) => void>();
  readonly #answers = new Map<string, Promise<Uint8Array>>();

  constructor(
    readonly name: string,
    readonly sensor: string,
    readonly group: CollectingGroup,
    /** Unix time in milliseconds. */
    readonly openedAt: number,
  ) {}

  /** Takes a share and the place of its message. */
  add(share: ForwardedShare, contribution: Contribution): void {
    this.group.add(share);
    this.contributions.push(contribution);
  }

  /** The answer to the message with this digest, when there is one; every duplicate waits for the same. */
  answerTo(digest: string): Promise<Uint8Array> {
    let answer = this.#answers.get(digest);
    if (answer === undefined) {
      answer = new Promise((resolve) => this.#waiting.set(digest, resolve));
      this.#answers.set(digest, answer);
    }
    return answer;
  }

  /** Gives an answer to whoever waits for it. */
  resolve(digest: string, answer: Uint8Array): void {
    this.#waiting.get(digest)?.(answer);
    this.#waiting.delete(digest);
  }

  /** Whether somebody waits for the answer to a message. */
  isAwaited(digest: string): boolean {
    return this.#waiting.has(digest);
  }
}
