/**
 * The sensor in an exchange, as a state machine: answers, failures and time go in; messages to send and the
 * outcome come out. It neither sends nor waits itself.
 */

import { Codes } from "../protocol/coap/numbers.js";
import { FinishedInitiator, type WaitingInitiator } from "../protocol/exchange/initiator.js";
import { errorNumberOf } from "../protocol/exchange/over-coap.js";
import type { ChannelKeys } from "../protocol/exchange/session.js";
import { errorName, errorNumbers } from "../protocol/mikey/error-message.js";
import { decodeMessage } from "../protocol/mikey/message.js";

/** What happens to the exchange. x is the share index of a third party, 1…n. */
export type InitiatorEvent =
  | { readonly kind: "answer"; readonly x: number; readonly code: number; readonly payload: Uint8Array }
  | { readonly kind: "failure"; readonly x: number; readonly reason: string }
  /** Half of the time is up: who has not answered may have lost the message after acknowledging it. */
  | { readonly kind: "halftime" }
  | { readonly kind: "deadline" };

export type InitiatorAction =
  | { readonly kind: "send"; readonly x: number; readonly message: Uint8Array }
  /** Something for people to know: a third party's answer was of no use. */
  | { readonly kind: "refused"; readonly x: number; readonly error: number | null; readonly reason: string }
  | { readonly kind: "finished"; readonly outcome: Outcome };

/** How an exchange ended. The keys are the provisional ones when nothing confirmed them. */
export type Outcome =
  | { readonly confirmed: true; readonly finished: FinishedInitiator }
  | { readonly confirmed: false; readonly keys: ChannelKeys; readonly reason: string };

/** What is known of a third party: nothing yet, its receipt of the share, or that it is of no use. */
type Standing = "asked" | "receipt" | "failed";

export class Initiator {
  readonly #standings: Standing[];
  #done = false;

  constructor(private readonly waiting: WaitingInitiator) {
    this.#standings = waiting.messages.map(() => "asked");
  }

  /** The messages of the exchange, one to each third party. */
  start(): InitiatorAction[] {
    return this.#ask();
  }

  /** Takes an event. An ended exchange has no more actions. */
  handle(event: InitiatorEvent): InitiatorAction[] {
    if (this.#done) return [];
    switch (event.kind) {
      case "answer":
        return this.#answer(event.x, event.code, event.payload);
      case "failure":
        return this.#fail(event.x, null, event.reason);
      case "halftime":
        return this.#ask();
      case "deadline":
        return [this.#giveUp()];
    }
  }

  #answer(x: number, code: number, payload: Uint8Array): InitiatorAction[] {
    if (code !== Codes.changed) return this.#refusedBy(x, code, payload);
    try {
      const next = this.waiting.consumeVerification(x, payload);
      if (next instanceof FinishedInitiator) {
        this.#done = true;
        return [{ kind: "finished", outcome: { confirmed: true, finished: next } }];
      }
    } catch (error) {
      const number = errorNumberOf(error);
      if (number === undefined) throw error;
      return this.#fail(x, number, (error as Error).message);
    }
    this.#standings[x - 1] = "receipt";
    return this.#allHeard();
  }

  /** A 4.xx or 5.xx: an error message that nobody has authenticated, so it ends nothing but this question. */
  #refusedBy(x: number, code: number, payload: Uint8Array): InitiatorAction[] {
    const dotted = `${code >> 5}.${(code & 31) < 10 ? "0" : ""}${code & 31}`;
    try {
      const [number] = errorNumbers(decodeMessage(payload));
      return this.#fail(x, number, `${errorName(number)} (${dotted})`);
    } catch (error) {
      if (errorNumberOf(error) === undefined) throw error;
      return this.#fail(x, null, `answered ${dotted}`);
    }
  }

  #fail(x: number, error: number | null, reason: string): InitiatorAction[] {
    this.#standings[x - 1] = "failed";
    return [{ kind: "refused", x, error, reason }, ...this.#allHeard()];
  }

  /** When no third party has anything left to say, waiting is of no use. */
  #allHeard(): InitiatorAction[] {
    return this.#standings.includes("asked") ? [] : [this.#giveUp()];
  }

  #giveUp(): InitiatorAction {
    this.#done = true;
    const keys = this.waiting.provisionalKeys;
    this.waiting.abandon();
    const { threshold, shares } = this.waiting.session.sharing;
    const receipts = this.#standings.filter((standing) => standing === "receipt").length;
    const reason =
      receipts < threshold
        ? `${receipts} of ${shares} third parties took their share, ${threshold - receipts} short of the ${threshold} needed`
        : `${receipts} of ${shares} third parties took their share, but no confirmation of the Responder came`;
    return { kind: "finished", outcome: { confirmed: false, keys, reason } };
  }

  /** The same bytes to every third party that has not answered. */
  #ask(): InitiatorAction[] {
    const actions: InitiatorAction[] = [];
    this.waiting.messages.forEach((message, i) => {
      if (this.#standings[i] === "asked") actions.push({ kind: "send", x: i + 1, message });
    });
    return actions;
  }
}
