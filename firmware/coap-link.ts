/** CoAP on the board's link: hands over what arrives, sends what CoAP has to send, and wakes it when it is due. */

import { type Action, CoapClient, type CoapRequest, type RequestHandle } from "../protocol/coap/client.js";
import type { Clock, Device, Link, TimerId } from "./device.js";

/** How a request ended. */
export type CoapOutcome = Exclude<Action, { kind: "send" }>;

/** Private methods are as in CoapClient, for the same reason. */
export class CoapLink {
  readonly link: Link;
  readonly #clock: Clock;
  readonly #coap: CoapClient;
  readonly #onOutcome: (outcome: CoapOutcome) => void;
  readonly #ring: () => void;
  #timer: TimerId | undefined;
  #closed = false;

  /** Opens the link. Throws when it or the entropy for the first message ID can't be had; then nothing is open. */
  constructor(device: Device, onOutcome: (outcome: CoapOutcome) => void) {
    const { clock, random } = device;
    this.#clock = clock;
    this.#onOutcome = onOutcome;
    this.#ring = () => {
      this.#timer = undefined;
      this.#coap.tick(clock.now());
      this.work();
    };
    this.link = device.openLink((peer, datagram) => {
      if (this.#closed) return;
      this.#coap.receive(clock.now(), peer, datagram);
      this.work();
    });
    try {
      const { transmission } = this.link;
      this.#coap = new CoapClient(
        transmission === undefined ? { random } : { random, parameters: transmission },
      );
    } catch (error) {
      this.link.close();
      throw error;
    }
  }

  /** As CoapClient's. What comes of it is done by the next work(). */
  request(request: CoapRequest): RequestHandle {
    this.stopTimer();
    return this.#coap.request(this.#clock.now(), request);
  }

  cancel(handle: RequestHandle): void {
    this.#coap.cancel(this.#clock.now(), handle);
  }

  isTransmitting(handle: RequestHandle): boolean {
    return this.#coap.isTransmitting(handle);
  }

  /** Sends what there is to send, tells outcomes, and sleeps until CoAP is due again. */
  work(): void {
    while (!this.#closed) {
      const actions = this.#coap.take();
      const { length } = actions;
      if (length === 0) {
        this.sleep();
        return;
      }
      // An outcome may close the link: acknowledgements go first.
      for (let i = 0; i < length; i++) {
        const action = actions[i];
        if (action.kind === "send") this.link.send(action.peer, action.datagram);
      }
      for (let i = 0; i < length && !this.#closed; i++) {
        const action = actions[i];
        if (action.kind !== "send") this.#onOutcome(action);
      }
    }
  }

  /** Ends the timer and the link. What CoAP still has to say is lost: nobody waits for it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.stopTimer();
    this.link.close();
  }

  /** What comes in can only make CoAP due later: a timer that rings too early finds nothing to do, and is rare. */
  private sleep(): void {
    if (this.#timer !== undefined) return;
    const due = this.#coap.nextWake();
    if (due !== undefined) this.#timer = this.#clock.set(this.#ring, Math.max(0, due - this.#clock.now()));
  }

  private stopTimer(): void {
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = undefined;
  }
}
