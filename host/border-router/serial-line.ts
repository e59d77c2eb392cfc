/**
 * One board behind a serial line: CoAP in slipmux frames to the proxy, its trace to the log. Noise, half frames and
 * wrong check sequences are dropped; a device that is unplugged is looked for until it is back.
 */

import type { Message } from "../../protocol/coap/message.js";
import { Codes } from "../../protocol/coap/numbers.js";
import { transmissionParameters } from "../../protocol/coap/transmission.js";
import { encodeCoapFrame, MAX_FRAME, readFrame } from "../../protocol/slipmux/frames.js";
import { SlipDecoder } from "../../protocol/slipmux/slip.js";
import { lineTransmission } from "../../protocol/slipmux/transmission.js";
import { type Answer, busy } from "../coap/answer.js";
import { Endpoint } from "../coap/endpoint.js";
import type { Rate } from "../coap/rate.js";
import { Drops, type OnRouterEvent } from "./events.js";
import { MissingPackageError } from "./optional-package.js";
import type { OpenPort, Port } from "./port.js";
import { describe } from "./proxy.js";

export interface SerialLineOptions {
  /** How the log names it. */
  readonly device: string;
  readonly openPort: OpenPort;
  readonly rate: Rate;
  forward(request: Message): Answer | Promise<Answer>;
  readonly onEvent: OnRouterEvent;
}

/** A board has few requests at a time. */
const MAX_PENDING = 16;
const MAX_REMEMBERED = 256;
/** Milliseconds until a device that is not there is looked for again: doubled up to the second. */
const FIRST_RETRY = 250;
const LAST_RETRY = 4_000;
/** The board's name at the message layer: there is one. */
const BOARD = "board";
/** A trace is cut here, in characters. */
const MAX_TEXT = 1_000;

export class SerialLine {
  readonly #options: SerialLineOptions;
  readonly #decoder: SlipDecoder;
  readonly #endpoint: Endpoint;
  readonly #drops: Drops;
  #port: Port | undefined;
  #retry = FIRST_RETRY;
  #timer: NodeJS.Timeout | undefined;
  /** Why it could not be opened: told once. */
  #complaint: string | undefined;
  #closed = false;

  constructor(options: SerialLineOptions) {
    this.#options = options;
    const { device, onEvent } = options;
    this.#drops = new Drops((counts) => onEvent({ event: "dropped", device, counts }));
    this.#decoder = new SlipDecoder(MAX_FRAME, {
      onFrame: (frame) => this.#receive(frame),
      onFault: (fault) => this.#drops.count(`frame ${fault}`),
    });
    this.#endpoint = new Endpoint({
      parameters: lineTransmission,
      piggybackDelay: transmissionParameters(lineTransmission).ACK_TIMEOUT / 4,
      maxPending: MAX_PENDING,
      maxRemembered: MAX_REMEMBERED,
      send: (_, datagram) => this.#write(encodeCoapFrame(datagram)),
      answer: (now, _, request) => this.#answer(now, request),
    });
  }

  /** Opens the device, now or as soon as it is there. Resolves after the first attempt; rejects without its package. */
  async start(): Promise<void> {
    const { device, openPort, onEvent } = this.#options;
    try {
      const port = await openPort({
        onData: (bytes) => this.#decoder.push(bytes),
        onGone: (reason) => {
          this.#port = undefined;
          this.#decoder.reset();
          onEvent({ event: "detached", device, reason });
          this.#startLater();
        },
      });
      if (this.#closed) return port.close();
      this.#port = port;
      this.#retry = FIRST_RETRY;
      this.#complaint = undefined;
      onEvent({ event: "attached", device, at: port.at });
    } catch (error) {
      if (error instanceof MissingPackageError) throw error;
      const { message } = error as Error;
      if (message !== this.#complaint) onEvent({ event: "detached", device, reason: message });
      this.#complaint = message;
      this.#startLater();
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#endpoint.close();
    this.#drops.close();
    this.#port?.close();
  }

  #startLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => void this.start(), this.#retry);
    this.#retry = Math.min(2 * this.#retry, LAST_RETRY);
  }

  #receive(bytes: Uint8Array): void {
    const { device, onEvent } = this.#options;
    const frame = readFrame(bytes);
    if (frame.kind === "coap") this.#endpoint.receive(BOARD, Uint8Array.from(frame.message));
    else if (frame.kind === "ignored") this.#drops.count(frame.reason);
    else {
      const text = new TextDecoder().decode(frame.text).trimEnd().slice(0, MAX_TEXT);
      if (this.#options.rate.admits(performance.now())) onEvent({ event: "diagnostic", device, text });
      else this.#drops.count("trace above the rate");
    }
  }

  #answer(now: number, request: Message): Answer | Promise<Answer> {
    if (!this.#options.rate.admits(now)) {
      this.#drops.count("request above the rate");
      return busy(Codes.tooManyRequests);
    }
    const answer = this.#options.forward(request);
    if (!(answer instanceof Promise)) return this.#told(request, answer);
    return answer.then((it) => this.#told(request, it));
  }

  #told(request: Message, answer: Answer): Answer {
    const { device, onEvent } = this.#options;
    onEvent({ event: "answered", device, ...describe(request, answer) });
    return answer;
  }

  #write(frame: Uint8Array): void {
    if (this.#port?.write(frame) !== true) this.#drops.count("line away or busy");
  }
}
