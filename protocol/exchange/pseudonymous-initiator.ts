/**
 * The Initiator that hides who it is: what it sends to the third parties are the parts of its bundle with a pseudonym in
 * them (pseudonym.ts), and what they answer has neither T nor identities. It puts back what it knows; then the exchange
 * that it stands for checks the same bytes as ever.
 */

import { concat, uint } from "../bytes.js";
import { ErrorNumbers, PayloadTypes } from "../mikey/numbers.js";
import { Refusal } from "../mikey/refusal.js";
import { restoreConfirmation, TAG_LENGTH } from "./bundle.js";
import { cutBundle } from "./bundle-cut.js";
import { shareVerificationHead } from "./confirmation-layout.js";
import type { FinishedInitiator, WaitingInitiator } from "./initiator.js";
import type { Policy } from "./policy.js";
import type { ChannelKeys, Session } from "./session.js";

/** What of an exchange that waits those need who send its messages and take the answers. */
export type Waiting = Pick<
  WaitingInitiator,
  "session" | "messages" | "provisionalKeys" | "consumeVerification" | "abandon"
>;

export class PseudonymousInitiator implements Waiting {
  readonly session: Session;
  /** The part for third party x at position x − 1. */
  readonly messages: readonly Uint8Array[];

  /** `bundle` is that of the exchange, with the pseudonym in it. */
  constructor(
    private readonly waiting: WaitingInitiator,
    private readonly policy: Policy,
    bundle: Uint8Array,
  ) {
    this.session = waiting.session;
    this.messages = cutBundle(bundle, waiting.session.sharing);
  }

  get provisionalKeys(): ChannelKeys {
    return this.waiting.provisionalKeys;
  }

  /** Takes the answer of third party `x`: R_I without what the sensor knows of it, or the tag of a receipt. Throws a Refusal. */
  consumeVerification(x: number, bytes: Uint8Array): WaitingInitiator | FinishedInitiator {
    const { waiting, session } = this;
    if (bytes.length < TAG_LENGTH) throw new Refusal(ErrorNumbers.unspecified, "the answer is too short");
    if (bytes.length > TAG_LENGTH) return waiting.consumeConfirmation(this.#confirmation(bytes));
    const thirdParty = this.policy.thirdParties[x - 1];
    const head = shareVerificationHead(session, uint(session.t, 4), thirdParty, undefined);
    const receipt = concat(head, PayloadTypes.last, session.suite.verification, bytes);
    return waiting.consumeVerification(x, receipt);
  }

  abandon(): void {
    this.waiting.abandon();
  }

  #confirmation(bytes: Uint8Array): Uint8Array {
    try {
      return restoreConfirmation(this.session, bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Refusal(ErrorNumbers.unspecified, error.message);
    }
  }
}
