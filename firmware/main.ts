/**
 * The sensor: enrolment in, keys out. It joins the state machines of the exchange and of CoAP to the board's
 * link, clock and storage.
 */

import { wipe } from "../protocol/bytes.js";
import { type PreparedOptions, prepareOptions, type RequestOptions } from "../protocol/coap/client.js";
import { ContentFormats } from "../protocol/coap/numbers.js";
import { fingerprint } from "../protocol/exchange/fingerprint.js";
import { beginExchange, type WaitingInitiator } from "../protocol/exchange/initiator.js";
import { MIKEY_PATH } from "../protocol/exchange/profile.js";
import type { Waiting } from "../protocol/exchange/pseudonymous-initiator.js";
import { Phases } from "../protocol/marks.js";
import { type Identity, identityToText } from "../protocol/mikey/identity.js";
import { nextStep } from "./chain.js";
import type { SensorChannel } from "./channel.js";
import { CoapLink, type CoapOutcome } from "./coap-link.js";
import type { CollectingWakeUp, CollectionEvent } from "./collection.js";
import type { Device, TimerId } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { Initiator, type InitiatorAction, type Outcome } from "./initiator.js";
import type { SensorEvent } from "./sensor-event.js";

/**
 * Runs one exchange with a Responder and says how it ends. T and PSKs of the one after it are durable before anything
 * is sent. Throws when the board has no entropy or can't store: then nothing was sent. `onBegun` hears once the
 * shares are on their way.
 */
export function runExchange(
  device: Device,
  enrolment: Enrolment,
  responder: Identity,
  onEvent: (event: SensorEvent) => void,
  onFinished: (outcome: Outcome) => void,
  onBegun?: (waiting: WaitingInitiator) => void,
): void {
  if (enrolment.linkingKey) throw new Error("linkingKey: unsupported");
  const waiting = begin(device, enrolment, responder);
  sendShares(device, enrolment, waiting, onEvent, onFinished);
  onBegun?.(waiting);
  device.mark?.(Phases.listen);
}

/** How an exchange is run: runExchange, or what goes through a gateway. */
export type RunExchange = typeof runExchange;

/** The way of a sensor to the others. */
export interface Way {
  readonly run: RunExchange;
  /** The device whose requests take this way. */
  through(device: Device, enrolment: Enrolment): Device;
  /**
   * Goes before a wake-up: finishes what the sleep has interrupted, then calls back, with a reason when the board had
   * better sleep at once. May throw before it returns.
   */
  prepare(
    device: Device,
    enrolment: Enrolment,
    onEvent: (event: SensorEvent | CollectionEvent) => void,
    onReady: (failure?: string) => void,
  ): void;
  /**
   * Goes behind a reading when something waits for the sensor: collects it over the reading's channel, then calls back,
   * with a reason when the board had better sleep at once. Absent where nothing can wait.
   */
  collect?(
    device: Device,
    enrolment: Enrolment,
    channel: SensorChannel,
    wakeUp: CollectingWakeUp,
    onDone: (failure?: string) => void,
  ): void;
}

/** To each of them itself. */
export const direct: Way = {
  run: runExchange,
  through: (device) => device,
  prepare: (_device, _enrolment, _onEvent, onReady) => onReady(),
};

/** The beginning of an exchange: T and PSKs of the one after it are durable, and nothing is sent yet. Throws as runExchange. */
export function begin(device: Device, enrolment: Enrolment, responder: Identity): WaitingInitiator {
  device.mark?.(Phases.shares);
  const { t, psks } = nextStep(device, enrolment);
  const { policy, weights } = enrolment;
  const credentials = { policy, weights, psks, forget: () => wipe(...psks) };
  return beginExchange(device.steps, device.random, credentials, responder, t, device.mark);
}

/** Sends the messages of an exchange to the third parties themselves, and says how it ends. */
export function sendShares(
  device: Device,
  enrolment: Enrolment,
  waiting: Waiting,
  onEvent: (event: SensorEvent) => void,
  onFinished: (outcome: Outcome) => void,
  form = whole,
): void {
  try {
    new Exchange(device, enrolment, new Initiator(waiting), onEvent, onFinished, form).start();
  } catch (error) {
    waiting.abandon();
    throw error;
  }
}

/** In what form shares go to third parties: what events call it, and the options of each request but for a link's own. */
export interface ShareForm {
  readonly name: "I_TP" | "part";
  readonly request: RequestOptions;
  readonly prepared: PreparedOptions;
}

const REQUEST = { path: MIKEY_PATH, contentFormat: ContentFormats.mikey };
const whole: ShareForm = { name: "I_TP", request: REQUEST, prepared: prepareOptions(REQUEST) };

/** An exchange with the third parties themselves. Private methods are as in CoapClient, for the same reason. */
class Exchange {
  readonly #coap: CoapLink;
  /** The timers of the exchange's own time. */
  readonly #halftime: TimerId;
  readonly #deadline: TimerId;
  /** Which third party a request went to, by its handle; handles count up. 0: it has its outcome. */
  readonly #asked: number[] = [];
  /** At x − 1: whether the message went to that third party at least once. */
  readonly #told: boolean[] = [];

  constructor(
    private readonly device: Device,
    private readonly enrolment: Enrolment,
    private readonly initiator: Initiator,
    private readonly onEvent: (event: SensorEvent) => void,
    private readonly onFinished: (outcome: Outcome) => void,
    private readonly form: ShareForm,
  ) {
    const { clock } = device;
    const { deadline } = enrolment;
    this.#coap = new CoapLink(device, (outcome) => this.take(outcome));
    this.#halftime = clock.set(() => this.act(initiator.handle({ kind: "halftime" })), deadline / 2);
    this.#deadline = clock.set(() => this.act(initiator.handle({ kind: "deadline" })), deadline);
  }

  /** Throws when entropy or the link fails; then nothing goes on. */
  start(): void {
    try {
      this.act(this.initiator.start());
    } catch (error) {
      this.stop();
      throw error;
    }
  }

  /** Does what the exchange asks for, then what CoAP makes of it. */
  private act(actions: readonly InitiatorAction[]): void {
    for (let i = 0; i < actions.length; i++) {
      const action = actions[i];
      if (action.kind === "send") this.send(action.x, action.message);
      else if (action.kind === "finished") this.finish(action.outcome);
      else {
        const { x, error, reason } = action;
        this.onEvent({ event: "refused", message: "TP_I", from: this.nameOf(x), error, reason });
      }
    }
    this.#coap.work();
  }

  private send(x: number, message: Uint8Array): void {
    const again = this.#told[x - 1] === true;
    if (again && this.isTransmitting(x)) return;
    const { form } = this;
    const address = this.enrolment.addresses[x - 1];
    const route = this.#coap.link.route?.(address);
    const handle = this.#coap.request({
      peer: route === undefined ? address : route.peer,
      prepared:
        route === undefined ? form.prepared : prepareOptions({ ...form.request, options: route.options }),
      payload: message,
      timeout: this.enrolment.deadline,
    });
    this.#asked[handle] = x;
    if (again) return;
    this.#told[x - 1] = true;
    const from = this.enrolment.names?.sensor ?? identityToText(this.enrolment.policy.sensor);
    this.onEvent({ event: "message", name: form.name, from, to: this.nameOf(x), bytes: message.length });
  }

  /**
   * Whether a message to this third party is not acknowledged yet: it is CoAP's to repeat. One that is may still be
   * answered, late: the answer to either request is as good.
   */
  private isTransmitting(x: number): boolean {
    return this.#asked.some((party, handle) => party === x && this.#coap.isTransmitting(handle));
  }

  private take(outcome: CoapOutcome): void {
    const x = this.#asked[outcome.request];
    this.#asked[outcome.request] = 0;
    if (outcome.kind === "failure") {
      this.act(this.initiator.handle({ kind: "failure", x, reason: outcome.reason }));
    } else {
      const { code, payload } = outcome.message;
      this.act(this.initiator.handle({ kind: "answer", x, code, payload }));
    }
  }

  private stop(): void {
    const { clock } = this.device;
    clock.clear(this.#halftime);
    clock.clear(this.#deadline);
    this.#coap.close();
  }

  private finish(outcome: Outcome): void {
    const { primitives } = this.device;
    this.stop();
    const { confirmed } = outcome;
    const tek = fingerprint(primitives, confirmed ? outcome.finished.keys : outcome.keys);
    const ending = { event: "finished", agreed: confirmed, confirmed, tek } as const;
    this.onEvent(confirmed ? ending : { ...ending, reason: outcome.reason });
    this.onFinished(outcome);
  }

  private nameOf(x: number): string {
    const { names, policy } = this.enrolment;
    return names?.thirdParties[x - 1] ?? identityToText(policy.thirdParties[x - 1]);
  }
}
