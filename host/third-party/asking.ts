/** Asks a Responder about one share: TP_R goes out until an R_TP comes back, or whatever else ends the question. */

import { setTimeout as sleep } from "node:timers/promises";
import { Codes, ContentFormats, codeName } from "../../protocol/coap/numbers.js";
import { readForwardMessage } from "../../protocol/exchange/forward-message.js";
import { consumeForwardVerification } from "../../protocol/exchange/forward-verification.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import { MIKEY_PATH } from "../../protocol/exchange/profile.js";
import { errorNumbers } from "../../protocol/mikey/error-message.js";
import { errorName } from "../../protocol/mikey/error-names.js";
import { decodeMessage } from "../../protocol/mikey/message.js";
import { CoapError, coapRequest } from "../coap/client.js";
import { primitives } from "../primitives.js";
import type { ThirdPartyOptions } from "./options.js";
import type { AcceptedRecord } from "./records.js";

/** What came of a question: an R_TP with R_I or without one, or nothing that counts as an answer. */
export type Outcome = { readonly confirmation: Uint8Array | undefined } | { readonly silence: string };

/** Milliseconds from the beginning of one question to the next at least: some fail at once. */
const PAUSE = 500;

/** A share message that is forwarded. */
export interface Forwarding extends Pick<AcceptedRecord, "responder" | "deadline"> {
  readonly forward: Uint8Array;
  readonly envelopeKey: Uint8Array;
  /** The share message. */
  readonly message: Uint8Array;
}

export class Asking {
  constructor(
    private readonly options: Pick<ThirdPartyOptions, "responder" | "deadline" | "attempt" | "onEvent">,
  ) {}

  /** Asks until there is an answer, or the time of the exchange is up; then the reason of the last silence. */
  async ask(forwarding: Forwarding, signal: AbortSignal): Promise<Outcome> {
    let silence = "it was not asked";
    // Time that passes: a clock that is set meanwhile changes nothing, one that was set back since no more than this.
    const end = performance.now() + Math.min(forwarding.deadline - Date.now(), this.options.deadline);
    for (;;) {
      const began = performance.now();
      const left = end - began;
      // Timers may fire a millisecond early: what is left then is no time for a question.
      if (left <= 1 || signal.aborted) return { silence };
      const outcome = await this.#askOnce(forwarding, Math.min(left, this.options.attempt), signal);
      if ("confirmation" in outcome) return outcome;
      silence = outcome.silence;
      const pause = Math.min(began + PAUSE, end) - performance.now();
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  /** One question to the Responder. */
  async #askOnce(forwarding: Forwarding, timeout: number, signal: AbortSignal): Promise<Outcome> {
    const { responder, forward } = forwarding;
    try {
      const entry = this.options.responder(responder);
      if (entry === undefined) return { silence: "it is not known here any more" };
      const { code, payload } = await coapRequest({
        address: entry.address,
        path: MIKEY_PATH,
        payload: forward,
        contentFormat: ContentFormats.mikey,
        timeout,
        signal,
      });
      if (code !== Codes.changed) return this.#refusedBy(responder, code, payload);
      return { confirmation: this.#checkAnswer(forwarding, payload) };
    } catch (error) {
      if (error instanceof CoapError) return { silence: error.message };
      const number = errorNumberOf(error);
      if (number === undefined) throw error;
      return this.#notAnAnswer(responder, number, (error as Error).message);
    }
  }

  #checkAnswer({ forward, envelopeKey }: Forwarding, payload: Uint8Array): Uint8Array | undefined {
    const { session, thirdParty, timestamp } = readForwardMessage(forward);
    const context = { session, thirdParty, timestamp, envelopeKey };
    return consumeForwardVerification(primitives, payload, context);
  }

  /**
   * An ERR ends the question: the same bytes will be refused again. Anything else does not: overload, a fault,
   * a block-wise transfer that a restart has cut. Neither is authenticated (RFC 3830 §5.1.2), but who can forge an
   * answer on this path can also withhold it.
   */
  #refusedBy(responder: string, code: number, payload: Uint8Array): Outcome {
    let error: number;
    try {
      [error] = errorNumbers(decodeMessage(payload));
    } catch (failure) {
      if (errorNumberOf(failure) === undefined) throw failure;
      return this.#notAnAnswer(responder, null, `answered ${codeName(code)}`);
    }
    this.#notAnAnswer(responder, error, `${errorName(error)} (${codeName(code)})`);
    // What the sensor may know is that its share was taken, and that nothing confirms it.
    return { confirmation: undefined };
  }

  /** Tells of an answer that is no R_TP. */
  #notAnAnswer(responder: string, error: number | null, reason: string): { readonly silence: string } {
    this.options.onEvent({ event: "refused", message: "R_TP", from: responder, error, reason });
    return { silence: reason };
  }
}
