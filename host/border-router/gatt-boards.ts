/**
 * The boards that a Bluetooth central finds: CoAP over GATT to the proxy. A connection that answers no more is ended,
 * and the board advertises again.
 */

import type { Message } from "../../protocol/coap/message.js";
import { Codes, isRequest, Types } from "../../protocol/coap/numbers.js";
import { GattConnection } from "../../protocol/gatt/connection.js";
import type { Content } from "../../protocol/gatt/message.js";
import { type Answer, bare, busy } from "../coap/answer.js";
import type { Rate } from "../coap/rate.js";
import type { Central, OpenCentral, Peripheral, PeripheralHandlers } from "./central.js";
import { Drops, type OnRouterEvent } from "./events.js";
import { describe } from "./proxy.js";

export interface GattBoardsOptions {
  /** How the log names the central. */
  readonly device: string;
  readonly openCentral: OpenCentral;
  /** One for each connection. */
  newRate(): Rate;
  forward(request: Message): Answer | Promise<Answer>;
  readonly onEvent: OnRouterEvent;
}

/** Requests of one board that may wait for their answer. */
const MAX_PENDING = 8;

export class GattBoards {
  readonly #options: GattBoardsOptions;
  readonly #sessions = new Set<Session>();
  #central: Central | undefined;

  constructor(options: GattBoardsOptions) {
    this.#options = options;
  }

  /** Rejects when there is no central. */
  async start(): Promise<void> {
    const { device, openCentral, onEvent } = this.#options;
    this.#central = await openCentral((peripheral) => {
      const session = new Session(peripheral, this.#options, () => this.#sessions.delete(session));
      this.#sessions.add(session);
      return session.handlers;
    });
    onEvent({ event: "attached", device, at: this.#central.at });
  }

  close(): void {
    for (const session of this.#sessions) session.close();
    this.#central?.close();
  }
}

/** One connection to one board. */
class Session {
  readonly handlers: PeripheralHandlers = {
    onValue: (value) => {
      this.#connection.receive(performance.now(), value);
      this.#work();
    },
    onDisconnected: (reason) => {
      this.close();
      const { onEvent } = this.#options;
      onEvent({ event: "disconnected", device: this.#peripheral.name, reason });
    },
  };
  readonly #peripheral: Peripheral;
  readonly #options: GattBoardsOptions;
  readonly #ended: () => void;
  readonly #connection = new GattConnection();
  readonly #drops: Drops;
  readonly #rate: Rate;
  #pending = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(peripheral: Peripheral, options: GattBoardsOptions, ended: () => void) {
    this.#peripheral = peripheral;
    this.#options = options;
    this.#ended = ended;
    this.#rate = options.newRate();
    const { name: device } = peripheral;
    this.#drops = new Drops((counts) => options.onEvent({ event: "dropped", device, counts }));
    options.onEvent({ event: "connected", device });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#drops.close();
    this.#ended();
  }

  #work(): void {
    const actions = this.#connection.take();
    // An answer that was there at once has made more to do.
    for (let action = actions.shift(); action !== undefined; action = actions.shift()) {
      if (this.#closed) return;
      if (action.kind === "value") this.#write(action.value);
      else if (action.kind === "message") this.#hear(action.content);
      else if (action.kind === "ignored") this.#drops.count("malformed value");
      else if (action.kind === "lost") this.#peripheral.disconnect();
      if (actions.length === 0) actions.push(...this.#connection.take());
    }
    clearTimeout(this.#timer);
    const wake = this.#connection.nextWake();
    if (wake === undefined || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#connection.tick(performance.now());
        this.#work();
      },
      Math.max(0, Math.ceil(wake - performance.now())),
    );
  }

  #write(value: Uint8Array): void {
    if (value.length <= this.#peripheral.longest) this.#peripheral.write(value);
    else this.#drops.count("answer longer than a write");
  }

  #hear(content: Content): void {
    if (!isRequest(content.code)) {
      this.#drops.count("not a request");
      return;
    }
    const request: Message = { ...content, type: Types.CON, messageId: 0 };
    const answer = this.#answer(request);
    if (!(answer instanceof Promise)) {
      this.#respond(request, answer);
      return;
    }
    this.#pending++;
    void answer.then((it) => {
      this.#pending--;
      this.#respond(request, it);
      this.#work();
    });
  }

  #answer(request: Message): Answer | Promise<Answer> {
    if (!this.#rate.admits(performance.now())) {
      this.#drops.count("request above the rate");
      return busy(Codes.tooManyRequests);
    }
    if (this.#pending >= MAX_PENDING) return busy(Codes.serviceUnavailable);
    return this.#options.forward(request);
  }

  #respond(request: Message, answer: Answer): void {
    if (this.#closed) return;
    const { token } = request;
    const { onEvent } = this.#options;
    onEvent({ event: "answered", device: this.#peripheral.name, ...describe(request, answer) });
    try {
      this.#connection.send(performance.now(), { ...answer, token });
    } catch (error) {
      this.#drops.count((error as Error).message);
      if (answer.payload.length === 0) return;
      // The answer has no place in a value: that it does not is what the board hears.
      this.#respond(request, bare(Codes.badGateway));
    }
  }
}
