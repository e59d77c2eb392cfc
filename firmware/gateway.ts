/**
 * An exchange through a gateway: one bundle goes out, and R_I comes out of the mailbox that the gateway opens for it.
 *
 * A sensor that stays awake listens for R_I. One that sleeps keeps the exchange, and collects R_I when it wakes
 * (pending.ts). Either way the gateway is not needed: who hears nothing of it in half of the time sends the whole
 * messages to the third parties, which are the same ones.
 */

import type { Message } from "../protocol/coap/message.js";
import { Codes, ContentFormats, codeName, OptionNumbers } from "../protocol/coap/numbers.js";
import { BUNDLE_PATH } from "../protocol/exchange/bundle.js";
import { fingerprint } from "../protocol/exchange/fingerprint.js";
import type { WaitingInitiator } from "../protocol/exchange/initiator.js";
import { Phases } from "../protocol/marks.js";
import { type Identity, identityToText } from "../protocol/mikey/identity.js";
import { Asker } from "./asker.js";
import { collectMessages } from "./collection.js";
import type { Device, TimerId } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { throughGateway } from "./gateway-link.js";
import type { Outcome } from "./initiator.js";
import { clearPending, isPending, mailboxPath, writeMailbox, writePending } from "./mailbox.js";
import { collecting, messageIn } from "./mailbox-messages.js";
import { begin, type RunExchange, type Way } from "./main.js";
import { collectPending, confirmedBy } from "./pending.js";
import { bundleOf, directWay, forgetBefore, sendAlone } from "./pseudonyms.js";
import type { SensorEvent } from "./sensor-event.js";

/** Milliseconds for which a sensor that is to sleep waits for the answer to what it has sent besides the bundle. */
const LINGER = 1_000;
/** Seconds that one question for R_I may wait at the gateway. */
const LISTEN = 10;

/** Bytes of a mailbox's name. */
const LONGEST_NAME = 32;

export interface GatewayMode {
  /** Whether the sensor sleeps before it asks for R_I. */
  readonly delayed: boolean;
}

/** For a sensor that sleeps: through the gateway where the enrolment names one, else to each party itself. */
export function sleepersWay(enrolment: Enrolment): Way {
  return enrolment.gateway === undefined ? directWay(enrolment) : gatewayWay({ delayed: true });
}

/** The way through the gateway of the enrolment, which must name one. */
export function gatewayWay(mode: GatewayMode): Way {
  // The message of the mailbox that R_I was in, until the gateway hears that it has arrived.
  let confirmation: number | undefined;
  const onConfirmation = (number: number | undefined): void => {
    confirmation = number;
  };
  return {
    run: exchangeThroughGateway(mode, onConfirmation),
    through: throughGateway,
    prepare: (device, enrolment, onEvent, onReady) =>
      collectPending(device, enrolment, onEvent, onConfirmation, onReady),
    collect(device, enrolment, channel, wakeUp, onDone) {
      // What waits is R_I of the exchange under way, which is the next wake-up's, and of that session only.
      if (channel.confirmed === undefined && isPending(device.storage)) onDone();
      else collectMessages(device, enrolment, channel, wakeUp, confirmation, onDone);
    },
  };
}

function exchangeThroughGateway(
  mode: GatewayMode,
  onConfirmation: (number: number | undefined) => void,
): RunExchange {
  return (device, enrolment, responder, onEvent, onFinished, onBegun) => {
    onConfirmation(undefined);
    forgetBefore(device, enrolment);
    const waiting = begin(device, enrolment, responder);
    const exchange = new GatewayExchange(device, enrolment, mode, waiting, {
      ...{ onEvent, onFinished, onBegun, onConfirmation },
    });
    exchange.start(responder);
    device.mark?.(Phases.listen);
  };
}

/** What the caller hears. */
interface Listeners {
  readonly onEvent: (event: SensorEvent) => void;
  readonly onFinished: (outcome: Outcome) => void;
  readonly onBegun: ((waiting: WaitingInitiator) => void) | undefined;
  /** R_I was in this message of the mailbox. */
  readonly onConfirmation: (number: number) => void;
}

class GatewayExchange {
  #asker: Asker | undefined;
  #timer: TimerId | undefined;
  #done = false;
  /** The caller has heard that the shares are on their way. */
  #begun = false;

  constructor(
    private readonly device: Device,
    private readonly enrolment: Enrolment,
    private readonly mode: GatewayMode,
    private readonly waiting: WaitingInitiator,
    private readonly listeners: Listeners,
  ) {}

  start(responder: Identity): void {
    const { enrolment, device, waiting } = this;
    const { gateway } = enrolment;
    if (gateway === undefined) throw new Error("exchange: the enrolment has no gateway");
    const payload = bundleOf(device, enrolment, waiting);
    const asker = new Asker(device, gateway.address);
    this.#asker = asker;
    this.#timer = device.clock.set(() => this.#fallBack("it is silent"), enrolment.deadline / 2);
    try {
      asker.ask({ path: BUNDLE_PATH, payload, contentFormat: ContentFormats.octetStream }, (answer) =>
        this.#bundleTaken(responder, answer),
      );
    } catch (error) {
      this.#stop();
      throw error;
    }
    const from = enrolment.names?.sensor ?? identityToText(enrolment.policy.sensor);
    this.#tell({ event: "message", name: "bundle", from, to: gateway.address, bytes: payload.length });
  }

  #bundleTaken(responder: Identity, answer: Message | string): void {
    if (this.#done) return;
    const name = typeof answer === "string" ? undefined : mailboxOf(answer);
    if (name === undefined) {
      this.#fallBack(typeof answer === "string" ? answer : `answered ${codeName(answer.code)}`);
      return;
    }
    const { storage, clock } = this.device;
    writeMailbox(storage, name);
    if (!this.mode.delayed) {
      this.#begin();
      this.#listen();
      return;
    }
    // Before anything else is sent: a reset from here on finds the exchange again.
    const suspended = this.waiting.suspend();
    writePending(storage, responder, suspended);
    suspended.tgk.fill(0);
    this.#begin();
    if (this.#timer !== undefined) clock.clear(this.#timer);
    this.#timer = clock.set(() => this.#sleep(), LINGER);
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.listeners.onBegun?.(this.waiting);
  }

  /** Asks for R_I until it comes; of several that third parties have sent, for each. */
  #listen(collected?: number): void {
    if (this.#done) return;
    const path = mailboxPath(this.device.storage);
    this.#asker?.ask({ path, ...collecting(collected, LISTEN) }, (answer) => {
      if (this.#done) return;
      if (typeof answer === "string") {
        this.#fallBack(answer);
        return;
      }
      const message = messageIn(answer);
      const onRefused = (reason: string) => this.#refused("R_I", reason);
      const finished = message && confirmedBy(this.waiting, message, onRefused);
      if (message !== undefined && finished !== undefined) {
        this.listeners.onConfirmation(message.number);
        this.#finish({ confirmed: true, finished });
      } else if (answer.code !== Codes.changed) this.#fallBack(`answered ${codeName(answer.code)}`);
      else this.#listen(message?.number);
    });
  }

  /** The exchange is kept; whether it is confirmed the sensor hears when it has slept. */
  #sleep(): void {
    const { waiting } = this;
    const keys = waiting.provisionalKeys;
    waiting.abandon();
    this.#stop();
    this.#tell({ event: "suspended", t: waiting.session.t });
    this.listeners.onFinished({ confirmed: false, keys, reason: "R_I is to be collected at the gateway" });
  }

  /** The whole messages, or parts under a pseudonym, to the third parties themselves. */
  #fallBack(reason: string): void {
    if (this.#done) return;
    this.#stop();
    this.#refused("bundle", reason);
    clearPending(this.device.storage);
    const { device, enrolment, waiting } = this;
    const { onEvent, onFinished } = this.listeners;
    const rest = { ...enrolment, deadline: enrolment.deadline / 2 };
    sendAlone(device, rest, waiting, onEvent, onFinished);
    this.#begin();
  }

  #finish(outcome: Outcome): void {
    const { primitives } = this.device;
    this.#stop();
    const { confirmed } = outcome;
    const tek = fingerprint(primitives, confirmed ? outcome.finished.keys : outcome.keys);
    const ending = { event: "finished", agreed: confirmed, confirmed, tek } as const;
    this.#tell(confirmed ? ending : { ...ending, reason: outcome.reason });
    this.listeners.onFinished(outcome);
  }

  #stop(): void {
    this.#done = true;
    if (this.#timer !== undefined) this.device.clock.clear(this.#timer);
    this.#asker?.close();
  }

  #refused(message: "R_I" | "bundle", reason: string): void {
    const from = this.enrolment.gateway?.address ?? "";
    this.#tell({ event: "refused", message, from, error: null, reason });
  }

  #tell(event: SensorEvent): void {
    this.listeners.onEvent(event);
  }
}

/** The mailbox's name in a 2.01: the second segment of its location. */
function mailboxOf({ code, options }: Message): Uint8Array | undefined {
  if (code !== Codes.created) return undefined;
  const segments = options.filter(({ number }) => number === OptionNumbers.locationPath);
  // Anybody may have answered, and it is to be stored.
  if (segments.length !== 2 || segments[1].value.length > LONGEST_NAME) return undefined;
  return segments[1].value.slice();
}
