/** What a Responder is made of. */

import type { Confirmation } from "../../protocol/exchange/confirmation.js";
import type { ForwardMessage, ReceivingResponder } from "../../protocol/exchange/forward-message.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import type { ChannelKeys, Session } from "../../protocol/exchange/session.js";
import type { OnEvent } from "../events.js";
import type { Store } from "../store/store.js";
import type { KeepEvidence } from "./evidence.js";

/** What the authority vouches for in a TP_R. */
export interface Vouched {
  /** Of the enrolment statement. */
  readonly policy: Policy;
  /** Checks a signature under the third party's certificate. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

export interface ResponderOptions {
  readonly responder: ReceivingResponder;
  /** The same with the key of another certificate of its, by the SHA-256 of that; where keys change while it runs. */
  receiver?(certificateHash: Uint8Array): ReceivingResponder | undefined;
  /**
   * Validates a TP_R's certificate chain (role and identity of the third party included) and its statement.
   * Rejects with a Refusal that names the clause.
   */
  vouch(message: ForwardMessage): Promise<Vouched>;
  readonly store: Store;
  /** Whether this Responder has served before, with this store or another: a store that is new has forgotten then. */
  readonly hasServed?: boolean;
  readonly onEvent: OnEvent;
  /** Keeps what third parties signed and does not fit a key; without it nothing is kept. */
  readonly keepEvidence?: KeepEvidence;
  /**
   * Hears of each key: what the channel is made of. It is called within the transaction that confirms the key:
   * what it puts into the same store is there if and only if the key is.
   */
  onAgreed?(session: Session, keys: ChannelKeys, confirmation: Confirmation): void;
  /** Gives the OSCORE sender ID of a sensor's new channel, one that no other sensor has; random without it. */
  newSenderId?(): Uint8Array;
  /** Milliseconds from the first share of a session to its end without a key. */
  readonly deadline: number;
  /** Milliseconds for which a third party waits for its answer before it gets one without R_I. */
  readonly hold: number;
  readonly limits?: ResponderLimits;
}

/** What is kept of all third parties and sensors together. */
export interface ResponderLimits {
  /** Shares of open sessions. When they are too many, the third party that has the most loses its oldest one. */
  readonly shares: number;
  /**
   * Accepted messages that are remembered. When they are too many, who has its part of them waits until some are forgotten;
   * they are never more than twice as many.
   */
  readonly remembered: number;
}

export const LIMITS: ResponderLimits = { shares: 4096, remembered: 200_000 };
