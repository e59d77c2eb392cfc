/**
 * The sensor in an exchange, as a state machine: answers, failures and time go in; messages to send and the
 * outcome come out. It neither sends nor waits itself.
 */

import { Codes, codeName } from "../protocol/coap/numbers.js";
import { FinishedInitiator } from "../protocol/exchange/initiator.js";
import type { Waiting } from "../protocol/exchange/pseudonymous-initiator.js";
import type { ChannelKeys } from "../protocol/exchange/session.js";
import { errorNumberIn } from "../protocol/mikey/error-numbers.js";
import { Refusal } from "../protocol/mikey/refusal.js";

/** What happens to the exchange. x is the share index of a third party, 1…n. */
export type InitiatorEvent =
  | { readonly kind: "answer"; readonly x: number; readonly code: number; readonly payload: Uint8Array }
  | { readonly kind: "failure"; readonly x: number; readonly reason: string }
  /** Half of the time is up: who has not said that it took its share may have lost the message. */
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

/** Private methods are as in CoapClient, for the same reason. */
export class Initiator {
  /**
   * Third parties that have taken their share, as they said under their PSK. Whatever else comes, an error
   * or the failure of a request, may be an attacker's: it changes nothing (RFC 3830 §5.1.2).
   */
  readonly #receipts = new Set<number>();
  #done = false;

  constructor(private readonly waiting: Waiting) {}

  /** The messages of the exchange, one to each third party. */
  start(): InitiatorAction[] {
    return this.ask();
  }

  /** Takes an event. An ended exchange has no more actions. */
  handle(event: InitiatorEvent): InitiatorAction[] {
    if (this.#done) return [];
    switch (event.kind) {
      case "answer":
        return this.answer(event.x, event.code, event.payload);
      case "failure":
        return refused(event.x, null, event.reason);
      case "halftime":
        return this.ask();
      case "deadline":
        return [this.giveUp()];
    }
  }

  private answer(x: number, code: number, payload: Uint8Array): InitiatorAction[] {
    if (code !== Codes.changed) return refusedBy(x, code, payload);
    try {
      const next = this.waiting.consumeVerification(x, payload);
      if (next instanceof FinishedInitiator) {
        this.#done = true;
        return [{ kind: "finished", outcome: { confirmed: true, finished: next } }];
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return refused(x, error.errorNumber, error.message);
    }
    this.#receipts.add(x);
    // A receipt without R_I is a third party's last word: after all of them, waiting is of no use.
    return this.#receipts.size === this.waiting.messages.length ? [this.giveUp()] : [];
  }

  private giveUp(): InitiatorAction {
    this.#done = true;
    const keys = this.waiting.provisionalKeys;
    this.waiting.abandon();
    const { threshold, shares } = this.waiting.session.sharing;
    const receipts = this.#receipts.size;
    const reason =
      receipts < threshold
        ? `${receipts} of ${shares} third parties took their share, ${threshold - receipts} short of the ${threshold} needed`
        : `${receipts} of ${shares} third parties took their share, but no confirmation of the Responder came`;
    return { kind: "finished", outcome: { confirmed: false, keys, reason } };
  }

  /** The same bytes to every third party whose receipt has not come. */
  private ask(): InitiatorAction[] {
    const actions: InitiatorAction[] = [];
    const { messages } = this.waiting;
    for (let x = 1; x <= messages.length; x++) {
      if (!this.#receipts.has(x)) actions.push({ kind: "send", x, message: messages[x - 1] });
    }
    return actions;
  }
}

/** A 4.xx or 5.xx, with an error message in it or without. */
function refusedBy(x: number, code: number, payload: Uint8Array): InitiatorAction[] {
  const number = errorNumberIn(payload);
  if (number === undefined) return refused(x, null, `answered ${codeName(code)}`);
  return refused(x, number, `error ${number} (${codeName(code)})`);
}

function refused(x: number, error: number | null, reason: string): InitiatorAction[] {
  return [{ kind: "refused", x, error, reason }];
}
