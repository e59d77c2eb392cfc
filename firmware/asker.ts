/** Requests to one server, one after the other, over a link of their own: what a sensor asks of its gateway. */

import { CoapClient, type CoapRequest } from "../protocol/coap/client.js";
import type { Message } from "../protocol/coap/message.js";
import type { Device, Link, TimerId } from "./device.js";

/** What a request may say; where it goes is the asker's. */
export type Question = Omit<CoapRequest, "peer">;

/** The answer, or why there is none. */
export type OnAnswer = (answer: Message | string) => void;

export class Asker {
  readonly #device: Device;
  readonly #link: Link;
  readonly #coap: CoapClient;
  readonly #address: string;
  #onAnswer: OnAnswer | undefined;
  #wake: TimerId | undefined;
  #closed = false;

  /** Throws when the link or entropy fails. */
  constructor(device: Device, address: string) {
    this.#device = device;
    this.#address = address;
    this.#link = device.openLink((peer, datagram) => {
      if (this.#closed) return;
      this.#coap.receive(device.clock.now(), peer, datagram);
      this.#work();
    });
    try {
      this.#coap = new CoapClient({ random: device.random, parameters: this.#link.transmission ?? {} });
    } catch (error) {
      this.#link.close();
      throw error;
    }
  }

  /** Asks; the question before it must have its answer. */
  ask(question: Question, onAnswer: OnAnswer): void {
    const route = this.#link.route?.(this.#address) ?? { peer: this.#address, options: [] };
    const options = [...(question.options ?? []), ...route.options].sort((a, b) => a.number - b.number);
    this.#onAnswer = onAnswer;
    this.#coap.request(this.#device.clock.now(), { ...question, peer: route.peer, options });
    this.#work();
  }

  /** Nobody hears of what is still under way. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#wake !== undefined) this.#device.clock.clear(this.#wake);
    this.#link.close();
  }

  #work(): void {
    const { clock } = this.#device;
    for (const action of this.#coap.take()) {
      if (action.kind === "send") {
        this.#link.send(action.peer, action.datagram);
        continue;
      }
      const onAnswer = this.#onAnswer;
      this.#onAnswer = undefined;
      onAnswer?.(action.kind === "response" ? action.message : action.reason);
      if (this.#closed) return;
    }
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
}
