/**
 * Collects what waits in the sensor's mailbox, behind a reading: requests of the Responder, its answers that came too
 * late, triggers. One after the other until there is no more, within bounds, over the link that the channel has open.
 *
 * What a message brings about is durable before the gateway is told to forget it; one that comes again is known.
 */

import type { Message } from "../protocol/coap/message.js";
import { ContentFormats, codeName } from "../protocol/coap/numbers.js";
import { readCarried } from "../protocol/exchange/carried.js";
import { OscoreError } from "../protocol/oscore/errors.js";
import { openAnswer, openRequest } from "./carried-messages.js";
import type { SensorChannel } from "./channel.js";
import type { Device, TimerId } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { isPending } from "./mailbox.js";
import { collecting, type MailboxMessage, messageIn } from "./mailbox-messages.js";
import { answerRequest } from "./requests.js";
import type { SensorEvent } from "./sensor-event.js";
import { readTrigger } from "./trigger.js";

/** Messages of one wake-up. */
const MOST_MESSAGES = 8;
/** Milliseconds for all of them, answers included. */
const WITHIN = 20_000;

/** What a collection tells. */
export type CollectionEvent =
  /** The Responder has asked; `code` is that of the answer. */
  | { readonly event: "request"; readonly number: number; readonly code: string }
  /** The Responder has answered a message of ours, late. */
  | { readonly event: "late"; readonly number: number; readonly acknowledged: boolean }
  /** Third parties vouch for a Responder that wants an exchange. */
  | { readonly event: "triggered"; readonly t: number }
  | RefusedMessage;

type RefusedMessage = Extract<SensorEvent, { event: "refused" }>;

/** The wake-up for which is collected. */
export interface CollectingWakeUp {
  /** Milliseconds of sleep where nobody has asked for others. */
  readonly interval: number;
  /** A reading that is measured now, as SenML in CBOR. Throws when the sensor fails. */
  readonly measure: () => Uint8Array;
  /** An exchange is due; when this returns, that is durable. */
  readonly askForExchange: (triggered: boolean) => void;
  /** The Responder has taken our message with this number. */
  readonly onHeard: (number: number) => void;
  readonly onEvent: (event: CollectionEvent) => void;
}

/**
 * Collects, and calls back once: with a reason when the board had better sleep at once. `collected` is the number of
 * the last message that the sensor has had before.
 */
export function collectMessages(
  device: Device,
  enrolment: Enrolment,
  channel: SensorChannel,
  wakeUp: CollectingWakeUp,
  collected: number | undefined,
  onDone: (failure?: string) => void,
): void {
  new Collection(device, enrolment, channel, wakeUp, onDone).ask(collected);
}

class Collection {
  readonly #timer: TimerId;
  #taken = 0;
  /** Answers that are on their way. */
  #answering = 0;
  #empty = false;
  #done = false;

  constructor(
    private readonly device: Device,
    private readonly enrolment: Enrolment,
    private readonly channel: SensorChannel,
    private readonly wakeUp: CollectingWakeUp,
    private readonly onDone: (failure?: string) => void,
  ) {
    this.#timer = device.clock.set(() => this.#finish(), WITHIN);
  }

  ask(collected: number | undefined): void {
    this.channel.ask({ ...collecting(collected, 0), timeout: WITHIN }, (answer) => {
      if (this.#done) return;
      try {
        this.#answered(answer);
      } catch (error) {
        this.#finish((error as Error).message);
      }
    });
  }

  #answered(answer: Message | string): void {
    const message = messageIn(answer);
    if (message === undefined || this.#taken === MOST_MESSAGES || this.#isToCome(message)) {
      this.#empty = true;
      this.#finishOnceAnswered();
      return;
    }
    this.#taken++;
    this.#take(message);
    this.ask(message.number);
  }

  /** Whether it may be R_I of the exchange under way, which the next wake-up takes: it must stay where it is. */
  #isToCome({ format }: MailboxMessage): boolean {
    return format === ContentFormats.octetStream && isPending(this.device.storage);
  }

  #take({ format, payload }: MailboxMessage): void {
    if (format === ContentFormats.oscore) this.#takeCarried(payload);
    else if (format === ContentFormats.trigger) this.#takeTrigger(payload);
    // An R_I: the exchange that it could confirm is over.
    else if (format !== ContentFormats.octetStream) this.#refuse("message", `Content-Format ${format}`);
  }

  #takeCarried(payload: Uint8Array): void {
    const { device, channel, wakeUp } = this;
    let what: "message" | "request" | "answer" = "message";
    try {
      const carried = readCarried(payload);
      if (carried.kind === "response") {
        what = "answer";
        const { number, acknowledged } = openAnswer(device.primitives, channel, carried);
        wakeUp.onEvent({ event: "late", number, acknowledged });
        if (acknowledged) wakeUp.onHeard(number);
        return;
      }
      what = "request";
      const taken = openRequest(device.primitives, channel, carried);
      const { nextNumber } = channel;
      const askForExchange = (): void => wakeUp.askForExchange(false);
      const answer = answerRequest(device, { ...wakeUp, nextNumber, askForExchange }, taken);
      wakeUp.onEvent({ event: "request", number: taken.number, code: codeName(answer.code) });
      this.#answering++;
      channel.answer(answer, () => {
        this.#answering--;
        this.#finishOnceAnswered();
      });
    } catch (error) {
      if (!(error instanceof OscoreError || error instanceof SyntaxError)) throw error;
      this.#refuse(what, error.message);
    }
  }

  #takeTrigger(payload: Uint8Array): void {
    const trigger = readTrigger(this.device, this.enrolment, payload);
    if (typeof trigger === "string") {
      this.#refuse("trigger", trigger);
      return;
    }
    this.wakeUp.askForExchange(true);
    this.wakeUp.onEvent({ event: "triggered", t: trigger.t });
  }

  #refuse(message: RefusedMessage["message"], reason: string): void {
    const from = this.enrolment.gateway?.address ?? "";
    this.wakeUp.onEvent({ event: "refused", message, from, error: null, reason });
  }

  #finishOnceAnswered(): void {
    if (this.#empty && this.#answering === 0) this.#finish();
  }

  #finish(failure?: string): void {
    if (this.#done) return;
    this.#done = true;
    this.device.clock.clear(this.#timer);
    this.onDone(failure);
  }
}
