/**
 * A sensor's CoAP with its acknowledgements in sight: what was acknowledged is never sent again, so that whatever
 * comes of it comes of what the server has kept.
 */

import { encodeEmpty, type Message } from "../../protocol/coap/message.js";
import { Codes, Types } from "../../protocol/coap/numbers.js";
import { type BareEndpoint, bareEndpoint, post } from "../host/coap/endpoint.js";

/** Milliseconds between two transmissions. */
const RETRANSMISSION = 100;

/** One request, from its first transmission to its acknowledgement. */
export interface Delivery {
  readonly acknowledged: Promise<void>;
  /** The payload of its response, once there is one; a server that was killed sends none. */
  answer: Uint8Array | undefined;
}

export class AckingSensor {
  readonly #endpoint: BareEndpoint;
  readonly #open = new Map<number, { heard(message: Message): void }>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #messageId = 0;

  static async open(): Promise<AckingSensor> {
    let sensor: AckingSensor | undefined;
    const endpoint = await bareEndpoint((message, from) => sensor?.heard(message, from));
    sensor = new AckingSensor(endpoint);
    return sensor;
  }

  private constructor(endpoint: BareEndpoint) {
    this.#endpoint = endpoint;
  }

  /** Sends a request until it is acknowledged, and not once more. */
  deliver(to: string, payload: Uint8Array): Delivery {
    const messageId = ++this.#messageId;
    const request = post({ messageId, token: Uint8Array.of(messageId >> 8, messageId & 255), payload });
    let timer: NodeJS.Timeout | undefined;
    let acknowledge = () => {};
    const delivery: Delivery = {
      acknowledged: new Promise((resolve) => {
        acknowledge = resolve;
      }),
      answer: undefined,
    };
    this.#open.set(messageId, {
      heard: ({ code, payload: answer }) => {
        clearInterval(timer);
        acknowledge();
        if (code === Codes.changed) delivery.answer = answer.slice();
      },
    });
    timer = setInterval(() => this.#endpoint.send(to, request), RETRANSMISSION);
    this.#timers.add(timer);
    this.#endpoint.send(to, request);
    return delivery;
  }

  heard(message: Message, from: string): void {
    const { type, code, messageId, token } = message;
    if (type === Types.CON) this.#endpoint.send(from, encodeEmpty(Types.ACK, messageId));
    const id = code === Codes.empty ? messageId : (token[0] << 8) | token[1];
    if (type !== Types.RST) this.#open.get(id)?.heard(message);
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#endpoint.close();
  }
}
