/**
 * The Initiator's end of an exchange, one type for each state: what waits can only be answered, what is
 * finished can only be used.
 */

import { wipe } from "../bytes.js";
import type { Mark } from "../marks.js";
import type { Identity } from "../mikey/identity.js";
import type { RandomSource } from "../primitives.js";
import { secretLength } from "../shares/points.js";
import type { Confirmation } from "./confirmation.js";
import type { Policy } from "./policy.js";
import { NONCE_LENGTH } from "./profile.js";
import type { ChannelKeys, Session } from "./session.js";
import type { SensorSteps } from "./steps.js";

/** What a sensor is enrolled with. */
export interface InitiatorCredentials {
  readonly policy: Policy;
  /** The PSK shared with third party x for the exchange with this T, at x − 1: 16 bytes. */
  readonly psks: readonly Uint8Array[];
  /** Wipes the PSKs: the exchange is over. */
  forget?(): void;
  /** The weight matrix of shares/weights.ts. */
  readonly weights: Uint8Array;
}

/**
 * Begins an exchange with a Responder: a fresh TGK, split, and the n messages that carry it.
 * `t` must never have been used before, and its use must be durable already. `mark` hears where each message begins.
 * When it throws, the TGK is wiped and the PSKs are forgotten: that T is spent.
 */
export function beginExchange(
  steps: SensorSteps,
  random: RandomSource,
  credentials: InitiatorCredentials,
  responder: Identity,
  t: number,
  mark?: Mark,
): WaitingInitiator {
  const { policy, weights, psks } = credentials;
  let tgk: Uint8Array | undefined;
  try {
    const nonce = random(NONCE_LENGTH);
    const session = steps.createSession(policy, responder, nonce, t);
    tgk = random(secretLength(session.sharing));
    const messages = steps.createShareMessages(session, psks, weights, tgk, mark);
    return new WaitingInitiator(steps, credentials, session, tgk, messages, nonce);
  } catch (error) {
    if (tgk !== undefined) wipe(tgk);
    credentials.forget?.();
    throw error;
  }
}

/** What is left of an exchange while the sensor sleeps. The TGK is as secret as the keys that come from it. */
export interface SuspendedExchange {
  readonly t: number;
  readonly nonce: Uint8Array;
  readonly tgk: Uint8Array;
}

/** Takes up an exchange that was suspended: it waits for R_I, and has no share messages any more. */
export function resumeExchange(
  steps: SensorSteps,
  { policy, weights }: Pick<InitiatorCredentials, "policy" | "weights">,
  responder: Identity,
  { t, nonce, tgk }: SuspendedExchange,
): WaitingInitiator {
  const session = steps.createSession(policy, responder, nonce, t);
  return new WaitingInitiator(steps, { policy, weights, psks: [] }, session, tgk.slice(), [], nonce);
}

/** The shares are on their way; the Responder's confirmation is awaited. */
export class WaitingInitiator {
  #tgk: Uint8Array | undefined;

  constructor(
    private readonly steps: SensorSteps,
    private readonly credentials: InitiatorCredentials,
    readonly session: Session,
    tgk: Uint8Array,
    /** I_TP for third party x at position x − 1. A retry sends the same bytes. */
    readonly messages: readonly Uint8Array[],
    /** N, which a bundle carries in the place of CSB ID and RAND. */
    readonly nonce: Uint8Array,
  ) {
    this.#tgk = tgk;
  }

  /** Keys of the provisional context: they hold before the Responder has shown that it has them too. */
  get provisionalKeys(): ChannelKeys {
    return this.steps.channelKeys(this.session, this.#heldTgk());
  }

  /**
   * Takes a TP_I of third party `x`. The exchange is finished when it brings a good R_I; without R_I it is
   * a receipt, and the exchange goes on waiting. Throws a Refusal, and then nothing has changed: another
   * third party may still bring a good one.
   */
  consumeVerification(x: number, bytes: Uint8Array): WaitingInitiator | FinishedInitiator {
    // Before anything else, so that an exchange which is over says so whatever comes.
    this.#heldTgk();
    const { policy } = this.credentials;
    const thirdParty = policy.thirdParties[x - 1];
    const psk = this.credentials.psks[x - 1];
    if (psk === undefined) throw new Error("exchange: its PSKs are forgotten, only R_I can end it");
    const relayed = this.steps.consumeShareVerification(bytes, this.session, thirdParty, psk);
    return relayed === undefined ? this : this.consumeConfirmation(relayed);
  }

  /** Takes an R_I that came alone, through a gateway. Throws a Refusal, as above. */
  consumeConfirmation(bytes: Uint8Array): FinishedInitiator {
    const confirmation = this.steps.consumeConfirmation(bytes, this.session, this.#heldTgk());
    const finished = new FinishedInitiator(this.session, this.provisionalKeys, confirmation);
    this.abandon();
    return finished;
  }

  /** What it takes to wait on after a sleep, copied. */
  suspend(): SuspendedExchange {
    return { t: this.session.t, nonce: this.nonce, tgk: this.#heldTgk().slice() };
  }

  /** Ends the exchange: the TGK is forgotten, and whoever asks for its keys later gets an Error. */
  abandon(): void {
    this.credentials.forget?.();
    if (this.#tgk !== undefined) wipe(this.#tgk);
    this.#tgk = undefined;
  }

  /** The TGK. Throws once it is wiped: zeros would make keys that anybody can make. */
  #heldTgk(): Uint8Array {
    if (this.#tgk === undefined) throw new Error("exchange: it is over, its TGK is forgotten");
    return this.#tgk;
  }
}

/** The Responder has shown that it holds the TGK. */
export class FinishedInitiator {
  constructor(
    readonly session: Session,
    readonly keys: ChannelKeys,
    readonly confirmation: Confirmation,
  ) {}
}
