/** Which messages are fresh at a Responder (RFC 3830 §5.4): by the clock of the third party, and by the sensor's T. */

import { groupName } from "../../protocol/exchange/collection.js";
import type { ForwardMessage } from "../../protocol/exchange/forward-message.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { primitives } from "../primitives.js";
import type { Records } from "./records.js";

/** How far a third party's clock may be from ours (RFC 3830 §5.4), in milliseconds. */
export const CLOCK_SKEW = 5 * 60_000;

export class Freshness {
  /** From which T of third parties on it takes exchanges, as Unix time in milliseconds. */
  readonly takesFrom: number;
  /** What the clock said at the start, less what has passed by then. */
  readonly #started = Date.now() - performance.now();

  /** `hasServed`: what the records lack may have been forgotten. */
  constructor(
    private readonly records: Records,
    hasServed: boolean,
  ) {
    // Third parties' clocks may have been ahead of ours by that much.
    this.takesFrom = records.knownFrom(hasServed ? Date.now() + CLOCK_SKEW : 0);
  }

  /** A clock that jumps ahead and back must not make us forget what can still be accepted: time passes as it passes. */
  forget(): void {
    const now = Math.min(Date.now(), this.#started + performance.now());
    this.records.forget(now - 2 * CLOCK_SKEW);
  }

  /** Refuses a message that is not of now, or whose sensor has a later key. */
  refuseStale(message: ForwardMessage): void {
    const { unixTime } = message;
    const skew = Math.abs(unixTime - Date.now());
    if (skew > CLOCK_SKEW) {
      const seconds = Math.round(skew / 1000);
      throw new Refusal(ErrorNumbers.timestamp, `T of the third party is ${seconds} s away from this clock`);
    }
    if (unixTime < this.takesFrom) {
      const reason = "this Responder has lost its memory, and can't tell a message of then from a repetition";
      throw new Refusal(ErrorNumbers.timestamp, reason);
    }
    this.refuseOldT(message);
  }

  /**
   * Freshness of the sensor's T: nothing below the last key. At it, the key's own shares, and from each third party
   * one contradiction: who sent it is known only once its signature is verified.
   */
  refuseOldT({ session, checkValue, thirdParty }: ForwardMessage): void {
    const confirmed = this.records.confirmed(identityToText(session.sensor));
    if (confirmed === undefined || session.t > confirmed.t) return;
    const belongs = groupName(primitives, { session, checkValue }) === confirmed.group;
    const isNamed = confirmed.contradicting.includes(identityToText(thirdParty));
    if (session.t === confirmed.t && (belongs || !isNamed)) return;
    throw oldT(session.t, confirmed.t);
  }
}

/** T was used, or is below one that was. */
export function oldT(t: number, last: number): Refusal {
  return new Refusal(ErrorNumbers.timestamp, `T ${t} is not above the last key's ${last}`);
}
