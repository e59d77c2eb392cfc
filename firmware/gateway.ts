/**
 * An exchange through a gateway: one bundle goes out, and R_I comes out of the mailbox that the gateway opens for it.
 *
 * A sensor that stays awake listens for R_I. One that sleeps keeps the exchange, and collects R_I when it wakes
 * (collectPending). Either way the gateway is not needed: who hears nothing of it in half of the time sends the whole
 * messages to the third parties, which are the same ones.
 */

import { ascii } from "../protocol/bytes.js";
import type { Message } from "../protocol/coap/message.js";
import { Codes, ContentFormats, codeName, OptionNumbers } from "../protocol/coap/numbers.js";
import { findOption, type Option } from "../protocol/coap/options.js";
import { BUNDLE_PATH, createBundle, restoreConfirmation } from "../protocol/exchange/bundle.js";
import { fingerprint } from "../protocol/exchange/fingerprint.js";
import {
  type FinishedInitiator,
  resumeExchange,
  type WaitingInitiator,
} from "../protocol/exchange/initiator.js";
import { Phases } from "../protocol/marks.js";
import { type Identity, identityToText } from "../protocol/mikey/identity.js";
import { Refusal } from "../protocol/mikey/refusal.js";
import { SEQUENCE_BLOCK } from "../protocol/oscore/sender-sequence.js";
import { Asker } from "./asker.js";
import { SensorChannel } from "./channel.js";
import type { Device, TimerId } from "./device.js";
import { noTrouble, writeDuty } from "./duty.js";
import type { Enrolment } from "./enrolment.js";
import { throughGateway } from "./gateway-link.js";
import type { Outcome } from "./initiator.js";
import {
  clearPending,
  MAILBOX_PATH,
  readMailbox,
  readPending,
  writeMailbox,
  writePending,
} from "./mailbox.js";
import { begin, direct, type RunExchange, type SensorEvent, sendShares, type Way } from "./main.js";

/** Milliseconds for which a sensor that is to sleep waits for the answer to what it has sent besides the bundle. */
const LINGER = 1_000;
/** Milliseconds for which a sensor that has just woken waits for its gateway. */
const COLLECT = 5_000;
/** Seconds for which the gateway may wait then: a sensor that slept long enough never needs them. */
const COLLECT_LISTEN = 2;
/** Numbers of readings that may have left with the bundle; one wake-up gives far fewer. */
const USED_BEFORE = SEQUENCE_BLOCK;
/** Seconds that one question for R_I may wait at the gateway. */
const LISTEN = 10;

/** Bytes of a mailbox's name. */
const LONGEST_NAME = 32;

const nothing = new Uint8Array(0);

export interface GatewayMode {
  /** Whether the sensor sleeps before it asks for R_I. */
  readonly delayed: boolean;
}

/** For a sensor that sleeps: through the gateway where the enrolment names one, else to each party itself. */
export function sleepersWay({ gateway }: Enrolment): Way {
  return gateway === undefined ? direct : gatewayWay({ delayed: true });
}

/** The way through the gateway of the enrolment, which must name one. */
export function gatewayWay(mode: GatewayMode): Way {
  return { run: exchangeThroughGateway(mode), through: throughGateway, prepare: collectPending };
}

function exchangeThroughGateway(mode: GatewayMode): RunExchange {
  return (device, enrolment, responder, onEvent, onFinished, onBegun) => {
    const waiting = begin(device, enrolment, responder);
    const exchange = new GatewayExchange(device, enrolment, mode, waiting, { onEvent, onFinished, onBegun });
    exchange.start(responder);
    device.mark?.(Phases.listen);
  };
}

/** What the caller hears. */
interface Listeners {
  readonly onEvent: (event: SensorEvent) => void;
  readonly onFinished: (outcome: Outcome) => void;
  readonly onBegun: ((waiting: WaitingInitiator) => void) | undefined;
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
    const { session, nonce, messages } = waiting;
    const payload = createBundle(session, nonce, messages, gateway.handle, [enrolment.responder]);
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
    this.#asker?.ask(collecting(this.device, LISTEN, collected), (answer) => {
      if (this.#done) return;
      const onRefused = (reason: string) => this.#refused("R_I", reason);
      const finished = confirmedBy(this.waiting, answer, onRefused);
      if (finished !== undefined) this.#finish({ confirmed: true, finished });
      else if (typeof answer === "string") this.#fallBack(answer);
      else if (answer.code !== Codes.changed) this.#fallBack(`answered ${codeName(answer.code)}`);
      else this.#listen(numberOf(answer));
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

  /** The whole messages, to the third parties themselves. */
  #fallBack(reason: string): void {
    if (this.#done) return;
    this.#stop();
    this.#refused("bundle", reason);
    clearPending(this.device.storage);
    const { device, enrolment, waiting } = this;
    const { onEvent, onFinished } = this.listeners;
    const rest = { ...enrolment, deadline: enrolment.deadline / 2 };
    sendShares(device, rest, waiting, onEvent, onFinished);
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

/**
 * Asks the gateway for R_I of the exchange that was begun before the sleep, if there is one. What is confirmed is the
 * kept channel when `onReady` is called.
 */
function collectPending(
  device: Device,
  enrolment: Enrolment,
  onEvent: (event: SensorEvent) => void,
  onReady: (failure?: string) => void,
): void {
  const { gateway, responder } = enrolment;
  const { storage, steps, primitives } = device;
  const suspended = gateway && readPending(storage, responder);
  if (suspended === undefined || gateway === undefined || readMailbox(storage) === undefined) {
    onReady();
    return;
  }
  const waiting = resumeExchange(steps, enrolment, responder, suspended);
  suspended.tgk.fill(0);
  const asker = new Asker(device, gateway.address);
  const until = device.clock.now() + COLLECT;
  const onRefused = (reason: string) =>
    onEvent({ event: "refused", message: "R_I", from: gateway.address, error: null, reason });
  const ask = (collected?: number): void => {
    const timeout = Math.max(1, until - device.clock.now());
    asker.ask({ ...collecting(device, COLLECT_LISTEN, collected), timeout }, (answer) => {
      const finished = confirmedBy(waiting, answer, onRefused);
      const number = typeof answer === "string" ? undefined : numberOf(answer);
      if (finished === undefined && number !== undefined) {
        ask(number);
        return;
      }
      asker.close();
      let failure: string | undefined;
      try {
        if (finished !== undefined) {
          SensorChannel.keep(device, enrolment, finished, USED_BEFORE);
          writeDuty(storage, noTrouble);
          const tek = fingerprint(primitives, finished.keys);
          onEvent({ event: "finished", agreed: true, confirmed: true, tek });
        }
        // A mailbox that is gone will have nothing more; the exchange is given up.
        const isGone = typeof answer !== "string" && answer.code === Codes.notFound;
        if (finished !== undefined || isGone) clearPending(storage);
      } catch (error) {
        // Nothing is sent under a channel that storage may keep a second time, with its first number.
        failure = (error as Error).message;
      }
      waiting.abandon();
      onReady(failure);
    });
  };
  ask();
}

/** The question for what is in the mailbox behind what was collected; the gateway may wait some seconds for it. */
function collecting({ storage }: Device, seconds: number, collected: number | undefined) {
  const options: Option[] = [{ number: OptionNumbers.uriQuery, value: ascii(`w=${seconds}`) }];
  const payload = collected === undefined ? nothing : Uint8Array.of(collected);
  return { path: `${MAILBOX_PATH}/${readMailbox(storage)}`, payload, options };
}

/** The number of a message out of the mailbox; undefined for an answer without one. */
function numberOf({ code, options, payload }: Message): number | undefined {
  const tag = findOption(options, OptionNumbers.eTag);
  return code === Codes.changed && payload.length > 0 && tag?.length === 1 ? tag[0] : undefined;
}

/** The exchange that an R_I finishes; undefined for anything else, and it goes on. */
function confirmedBy(
  waiting: WaitingInitiator,
  answer: Message | string,
  onRefused: (reason: string) => void,
): FinishedInitiator | undefined {
  if (typeof answer === "string" || answer.code !== Codes.changed || answer.payload.length === 0) {
    return undefined;
  }
  try {
    return waiting.consumeConfirmation(restoreConfirmation(waiting.session, answer.payload));
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof RangeError)) throw error;
    onRefused(error.message);
    return undefined;
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
