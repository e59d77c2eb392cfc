/**
 * The board's end of an enrolment as a state machine (docs/protocol.md, "Enrolment of a board"): answers of an enroller
 * go in, requests and the outcome come out. It has no clock, no link and no randomness of its own.
 *
 * Nothing is stored before the whole image is there and every block has shown that it is the enroller's.
 */

import { equal, wipe } from "../protocol/bytes.js";
import { CODE_LENGTH } from "../protocol/enrolment/code.js";
import { decodeAnswer, type EnrollerAnswer, encodeRequest } from "../protocol/enrolment/messages.js";
import { BLOCK_LENGTH, NONCE_LENGTH, type RefusalReason, refusals } from "../protocol/enrolment/numbers.js";
import { codeId, EnrolmentSession } from "../protocol/enrolment/session.js";
import type { Primitives, RandomSource } from "../protocol/primitives.js";
import { ImageError } from "./enrolment-image.js";

export interface EnrolleeOptions {
  readonly primitives: Primitives;
  readonly random: RandomSource;
  readonly code: Uint8Array;
  /** Makes the image durable, and has read it back when it returns. Throws an ImageError. */
  store(image: Uint8Array): void;
}

/** The board has the new enrolment. */
export interface EnrolmentOutcome {
  /** The enroller has said that it knows. */
  readonly confirmed: boolean;
  /** There is nothing in it: the board was wiped. */
  readonly empty: boolean;
}

export type EnrolleeAction =
  /** Send this, and tell what comes of it. */
  | { readonly kind: "ask"; readonly payload: Uint8Array }
  /** Nobody has an offer now: begin again in a while. */
  | { readonly kind: "pause" }
  /** Tell the enroller, whatever comes of it; then begin again, unless it `ends` here. */
  | {
      readonly kind: "refuse";
      readonly payload: Uint8Array;
      readonly reason: RefusalReason;
      readonly ends: boolean;
    }
  | { readonly kind: "finished"; readonly outcome: EnrolmentOutcome };

/** Attempts with a wrong code, until the button is pressed again. */
const MAX_ATTEMPTS = 5;

type State =
  | { readonly at: "start" }
  | { readonly at: "hello"; readonly nonce: Uint8Array }
  | { readonly at: "blocks"; readonly session: EnrolmentSession; readonly image: Uint8Array; next: number }
  /** Stored: no way back. */
  | { readonly at: "stored"; readonly session: EnrolmentSession; readonly empty: boolean };

export class Enrollee {
  readonly #options: EnrolleeOptions;
  #state: State = { at: "start" };
  #attempts = 0;

  constructor(options: EnrolleeOptions) {
    this.#options = options;
  }

  /** Asks for an offer, with a nonce that no earlier answer fits. Throws without entropy. */
  begin(): EnrolleeAction {
    this.#forget();
    const { primitives, random, code } = this.#options;
    const nonce = random(NONCE_LENGTH);
    this.#state = { at: "hello", nonce };
    return {
      kind: "ask",
      payload: encodeRequest({ kind: "hello", nonce, codeId: codeId(primitives, code, nonce) }),
    };
  }

  /** What the last request was answered with; undefined for an answer that was no success. */
  answer(payload: Uint8Array | undefined): EnrolleeAction {
    const state = this.#state;
    const answer = payload === undefined ? undefined : decodeAnswer(payload);
    if (state.at === "hello") return this.#offered(state.nonce, answer);
    if (state.at === "blocks") return this.#block(state, answer);
    if (state.at === "stored") {
      const confirmed = answer?.kind === "accepted" && equal(answer.mac, state.session.acceptedMac());
      return this.#finish({ confirmed, empty: state.empty });
    }
    return { kind: "pause" };
  }

  /** The last request got no answer. */
  failure(): EnrolleeAction {
    if (this.#state.at === "stored") return this.answer(undefined);
    this.#forget();
    return { kind: "pause" };
  }

  /** The time for an enrolment is up. What is stored by now stays. */
  timeUp(): EnrolleeAction {
    if (this.#state.at === "stored") return this.answer(undefined);
    return this.#refuse("the time for an enrolment is up", true);
  }

  #offered(nonce: Uint8Array, answer: EnrollerAnswer | undefined): EnrolleeAction {
    // An enroller for another board has answered, or none: nobody has tried a code.
    if (answer?.kind !== "offer") return { kind: "pause" };
    const { primitives, code } = this.#options;
    const session = new EnrolmentSession(primitives, code, nonce, answer.nonce, answer.length);
    if (!equal(answer.mac, session.offerMac())) {
      session.end();
      return this.#attempt("the enroller does not have the board's code");
    }
    this.#state = { at: "blocks", session, image: new Uint8Array(answer.length), next: 0 };
    return this.#askBlock(session, 0);
  }

  #block(state: State & { at: "blocks" }, answer: EnrollerAnswer | undefined): EnrolleeAction {
    const { session, image, next } = state;
    const offset = next * BLOCK_LENGTH;
    const length = Math.min(BLOCK_LENGTH, image.length - offset);
    const isNext = answer?.kind === "block" && answer.number === next;
    const bytes = isNext ? session.openBlock(next, answer.sealed) : undefined;
    if (bytes?.length !== length) {
      if (bytes !== undefined) wipe(bytes);
      return this.#attempt("a block is not the enroller's");
    }
    image.set(bytes, offset);
    wipe(bytes);
    if (offset + length < image.length) {
      state.next++;
      return this.#askBlock(session, state.next);
    }
    try {
      this.#options.store(image);
    } catch (error) {
      if (error instanceof ImageError) return this.#refuse(error.reason, true);
      this.#forget();
      throw error;
    }
    const mac = session.storedMac(image);
    const empty = image.length === CODE_LENGTH;
    wipe(image);
    this.#state = { at: "stored", session, empty };
    return { kind: "ask", payload: encodeRequest({ kind: "stored", mac }) };
  }

  #askBlock(session: EnrolmentSession, number: number): EnrolleeAction {
    return {
      kind: "ask",
      payload: encodeRequest({ kind: "block", number, mac: session.blockMac(number) }),
    };
  }

  #attempt(reason: RefusalReason): EnrolleeAction {
    this.#attempts++;
    if (this.#attempts < MAX_ATTEMPTS) return this.#refuse(reason, false);
    return this.#refuse("too many attempts with a wrong code", true);
  }

  #refuse(reason: RefusalReason, ends: boolean): EnrolleeAction {
    const state = this.#state;
    const mac =
      state.at === "blocks" ? state.session.refusedMac(refusals.indexOf(reason)) : new Uint8Array(0);
    this.#forget();
    const payload = encodeRequest({ kind: "refused", reason, mac });
    return { kind: "refuse", payload, reason, ends };
  }

  #finish(outcome: EnrolmentOutcome): EnrolleeAction {
    this.#forget();
    return { kind: "finished", outcome };
  }

  /** Keys and what there is of the image. */
  #forget(): void {
    const state = this.#state;
    if (state.at === "blocks") wipe(state.image);
    if (state.at === "blocks" || state.at === "stored") state.session.end();
    this.#state = { at: "start" };
  }
}
