/**
 * A board that waits to be enrolled: it asks whoever is at the other end of its link for an offer, for ten minutes at
 * most. docs/protocol.md has the protocol.
 */

import { CoapClient, type RequestHandle } from "../protocol/coap/client.js";
import { Codes, ContentFormats } from "../protocol/coap/numbers.js";
import { ENROLMENT_PATH } from "../protocol/enrolment/numbers.js";
import type { Device, Link, TimerId } from "./device.js";
import { Enrollee, type EnrolleeAction } from "./enrollee.js";
import { selfTest } from "./native/self-test.js";
import { storeImage } from "./stored-enrolment.js";

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
  readonly #link: Link;
  readonly #coap: CoapClient;
  readonly #neighbour: string;
  readonly #window: TimerId;
  /** Until the next hello, and until CoAP is due. */
  #pause: TimerId | undefined;
  #wake: TimerId | undefined;
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
    const store = (image: Uint8Array): void => storeImage(storage, image);
    this.#enrollee = new Enrollee({ primitives, random, code, store });
    this.#link = device.openLink((peer, datagram) => {
      if (this.#ended) return;
      this.#coap.receive(clock.now(), peer, datagram);
      this.#work();
    });
    try {
      const { transmission, neighbour } = this.#link;
      if (neighbour === undefined) throw new Error("enrolment: this link leads to more than one peer");
      this.#neighbour = neighbour;
      this.#coap = new CoapClient(
        transmission === undefined ? { random } : { random, parameters: transmission },
      );
    } catch (error) {
      this.#link.close();
      throw error;
    }
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
    const now = this.#device.clock.now();
    if (this.#pause !== undefined) this.#device.clock.clear(this.#pause);
    this.#pause = undefined;
    if (this.#request !== undefined) this.#coap.cancel(now, this.#request);
    this.#request = this.#coap.request(now, {
      peer: this.#neighbour,
      path: ENROLMENT_PATH,
      payload,
      contentFormat: ContentFormats.octetStream,
      timeout: ANSWER_TIMEOUT,
    });
    this.#work();
  }

  #work(): void {
    const actions = this.#coap.take();
    for (const action of actions) {
      if (this.#ended) return;
      if (action.kind === "send") this.#link.send(action.peer, action.datagram);
      else if (action.request === this.#request) {
        this.#request = undefined;
        // The datagram may be the link's.
        const answer =
          action.kind === "response" && action.message.code === Codes.changed
            ? action.message.payload.slice()
            : undefined;
        this.#over(action.kind === "failure", answer);
      }
    }
    if (this.#ended) return;
    const { clock } = this.#device;
    if (this.#wake !== undefined) clock.clear(this.#wake);
    this.#wake = undefined;
    const due = this.#coap.nextWake();
    if (due !== undefined) this.#wake = clock.set(() => this.#tick(), Math.max(0, due - clock.now()));
  }

  #tick(): void {
    this.#wake = undefined;
    this.#coap.tick(this.#device.clock.now());
    this.#work();
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
    for (const timer of [this.#window, this.#pause, this.#wake]) if (timer !== undefined) clock.clear(timer);
    this.#link.close();
    this.#onEnded(enrolled);
  }
}
