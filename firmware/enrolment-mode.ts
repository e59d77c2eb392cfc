/**
 * A board that waits to be enrolled: it asks whoever is at the other end of its link for an offer, for ten minutes at
 * most. docs/protocol.md has the protocol.
 */

import type { RequestHandle } from "../protocol/coap/client.js";
import { Codes, ContentFormats } from "../protocol/coap/numbers.js";
import { ENROLMENT_PATH } from "../protocol/enrolment/numbers.js";
import { CoapLink, type CoapOutcome } from "./coap-link.js";
import type { Device, TimerId } from "./device.js";
import { Enrollee, type EnrolleeAction } from "./enrollee.js";
import { storeImage } from "./enrolment-image.js";
import { selfTest } from "./native/self-test.js";

/** What the board tells; never a code or a key. */
export type EnrolmentEvent =
  | { readonly event: "enrolment"; readonly state: "waiting" }
  | { readonly event: "enrolment"; readonly state: "refused"; readonly reason: string }
  /** `confirmed`: the enroller has the proof. */
  | { readonly event: "enrolment"; readonly state: "enrolled" | "wiped"; readonly confirmed: boolean };

/** Milliseconds. */
const WINDOW = 600_000;
/** Until the next question after one that nobody had an offer for. */
const PAUSE = 1_000;
/** An answer may wait for a central to come; the line's own limit is shorter. */
const ANSWER_TIMEOUT = 90_000;

/**
 * Runs the known-answer tests, then waits to be enrolled under a code. `onEnded` hears once whether the board was
 * enrolled; then the link is closed. Whatever fails is told and ends it: what was stored before is in force.
 */
export function awaitEnrolment(
  device: Device,
  code: Uint8Array,
  onEvent: (event: EnrolmentEvent) => void,
  onEnded: (enrolled: boolean) => void,
): void {
  try {
    selfTest(device);
    new EnrolmentMode(device, code, onEvent, onEnded).start();
  } catch (error) {
    onEvent({ event: "enrolment", state: "refused", reason: (error as Error).message });
    onEnded(false);
  }
}

class EnrolmentMode {
  readonly #device: Device;
  readonly #onEvent: (event: EnrolmentEvent) => void;
  readonly #onEnded: (enrolled: boolean) => void;
  readonly #enrollee: Enrollee;
  readonly #coap: CoapLink;
  readonly #neighbour: string;
  readonly #window: TimerId;
  /** Until the next hello. */
  #pause: TimerId | undefined;
  #request: RequestHandle | undefined;
  /** The request under way is a refusal: what is done when it is over. */
  #afterwards: (() => void) | undefined;
  #ended = false;

  constructor(
    device: Device,
    code: Uint8Array,
    onEvent: (event: EnrolmentEvent) => void,
    onEnded: (enrolled: boolean) => void,
  ) {
    const { primitives, random, storage, clock } = device;
    this.#device = device;
    this.#onEvent = onEvent;
    this.#onEnded = onEnded;
    const store = (image: Uint8Array): void => storeImage(storage, image, primitives);
    this.#enrollee = new Enrollee({ primitives, random, code, store });
    this.#coap = new CoapLink(device, (outcome) => this.#take(outcome));
    const { neighbour } = this.#coap.link;
    if (neighbour === undefined) {
      this.#coap.close();
      throw new Error("enrolment: this link leads to more than one peer");
    }
    this.#neighbour = neighbour;
    this.#window = clock.set(() => this.#try(() => this.#act(this.#enrollee.timeUp())), WINDOW);
  }

  start(): void {
    this.#onEvent({ event: "enrolment", state: "waiting" });
    this.#begin();
  }

  #begin(): void {
    this.#try(() => this.#act(this.#enrollee.begin()));
  }

  /** No entropy, or storage that fails in an unknown way: nothing more is tried. */
  #try(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#onEvent({ event: "enrolment", state: "refused", reason: (error as Error).message });
      this.#end(false);
    }
  }

  #act(action: EnrolleeAction): void {
    if (this.#ended) return;
    if (action.kind === "ask") this.#ask(action.payload);
    else if (action.kind === "pause") this.#pause = this.#device.clock.set(() => this.#begin(), PAUSE);
    else if (action.kind === "finished") {
      const { confirmed, empty } = action.outcome;
      this.#onEvent({ event: "enrolment", state: empty ? "wiped" : "enrolled", confirmed });
      this.#end(true);
    } else {
      const { reason, ends } = action;
      this.#onEvent({ event: "enrolment", state: "refused", reason });
      this.#afterwards = () => (ends ? this.#end(false) : this.#begin());
      this.#ask(action.payload);
    }
  }

  #ask(payload: Uint8Array): void {
    if (this.#pause !== undefined) this.#device.clock.clear(this.#pause);
    this.#pause = undefined;
    if (this.#request !== undefined) this.#coap.cancel(this.#request);
    this.#request = this.#coap.request({
      peer: this.#neighbour,
      path: ENROLMENT_PATH,
      contentFormat: ContentFormats.octetStream,
      payload,
      timeout: ANSWER_TIMEOUT,
    });
    this.#coap.work();
  }

  #take(outcome: CoapOutcome): void {
    if (outcome.request !== this.#request) return;
    this.#request = undefined;
    // The datagram may be the link's.
    const answer =
      outcome.kind === "response" && outcome.message.code === Codes.changed
        ? outcome.message.payload.slice()
        : undefined;
    this.#over(outcome.kind === "failure", answer);
  }

  #over(failed: boolean, answer: Uint8Array | undefined): void {
    const afterwards = this.#afterwards;
    this.#afterwards = undefined;
    if (afterwards !== undefined) afterwards();
    else this.#try(() => this.#act(failed ? this.#enrollee.failure() : this.#enrollee.answer(answer)));
  }

  #end(enrolled: boolean): void {
    const { clock } = this.#device;
    this.#ended = true;
    for (const timer of [this.#window, this.#pause]) if (timer !== undefined) clock.clear(timer);
    this.#coap.close();
    this.#onEnded(enrolled);
  }
}
