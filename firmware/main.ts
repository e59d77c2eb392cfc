/**
 * The sensor: enrolment in, keys out. It joins the state machines of the exchange and of CoAP to the board's
 * link, clock and storage.
 */

import { CoapClient, type RequestHandle } from "../protocol/coap/client.js";
import { ContentFormats } from "../protocol/coap/numbers.js";
import { fingerprint } from "../protocol/exchange/fingerprint.js";
import { beginExchange, type WaitingInitiator } from "../protocol/exchange/initiator.js";
import { MIKEY_PATH } from "../protocol/exchange/profile.js";
import { Phases } from "../protocol/marks.js";
import { type Identity, identityToText } from "../protocol/mikey/identity.js";
import { nextT } from "./counter.js";
import type { Device, Link, TimerId } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { Initiator, type InitiatorAction, type Outcome } from "./initiator.js";

/** What the firmware tells while it runs. Names of messages are those of docs/protocol.md. */
export type SensorEvent =
  | {
      readonly event: "message";
      readonly name: "I_TP" | "bundle";
      readonly from: string;
      readonly to: string;
      readonly bytes: number;
    }
  | {
      readonly event: "refused";
      readonly message: "TP_I" | "R_I" | "bundle";
      readonly from: string;
      readonly error: number | null;
      readonly reason: string;
    }
  /** The sensor sleeps before it asks for R_I. */
  | { readonly event: "suspended"; readonly t: number }
  | {
      readonly event: "finished";
      readonly agreed: boolean;
      readonly confirmed: boolean;
      /** Fingerprint of the TEK, never the key. */
      readonly tek: string;
      readonly reason?: string;
    };

/**
 * Runs one exchange with a Responder and says how it ends. The T of the exchange is durable before anything
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
  /** Goes before a wake-up: finishes what the sleep has interrupted, then calls back. May throw. */
  prepare(
    device: Device,
    enrolment: Enrolment,
    onEvent: (event: SensorEvent) => void,
    onReady: () => void,
  ): void;
}

/** To each of them itself. */
export const direct: Way = {
  run: runExchange,
  through: (device) => device,
  prepare: (_device, _enrolment, _onEvent, onReady) => onReady(),
};

/** The beginning of an exchange: its T is durable, and nothing is sent yet. Throws as runExchange. */
export function begin(device: Device, enrolment: Enrolment, responder: Identity): WaitingInitiator {
  device.mark?.(Phases.shares);
  const t = nextT(device.storage);
  return beginExchange(device.steps, device.random, enrolment, responder, t, device.mark);
}

/** Sends the messages of an exchange to the third parties themselves, and says how it ends. */
export function sendShares(
  device: Device,
  enrolment: Enrolment,
  waiting: WaitingInitiator,
  onEvent: (event: SensorEvent) => void,
  onFinished: (outcome: Outcome) => void,
): void {
  new Exchange(device, enrolment, new Initiator(waiting), onEvent, onFinished).start();
}

class Exchange {
  readonly #coap: CoapClient;
  readonly #link: Link;
  /** The timers of the exchange's own time. */
  readonly #timers: TimerId[];
  /** The timer that wakes CoAP. */
  #wake: TimerId | undefined;
  /** Which third party a request went to. */
  readonly #asked = new Map<RequestHandle, number>();
  /** Third parties to which the message went at least once. */
  readonly #told = new Set<number>();
  #stopped = false;

  constructor(
    private readonly device: Device,
    private readonly enrolment: Enrolment,
    private readonly initiator: Initiator,
    private readonly onEvent: (event: SensorEvent) => void,
    private readonly onFinished: (outcome: Outcome) => void,
  ) {
    const { clock, random } = device;
    const { deadline } = enrolment;
    this.#link = device.openLink((peer, datagram) => {
      if (this.#stopped) return;
      this.#coap.receive(clock.now(), peer, datagram);
      this.#work();
    });
    try {
      const { transmission } = this.#link;
      this.#coap = new CoapClient(
        transmission === undefined ? { random } : { random, parameters: transmission },
      );
    } catch (error) {
      // It draws its first message ID, which needs entropy.
      this.#link.close();
      throw error;
    }
    this.#timers = [
      clock.set(() => this.#act(initiator.handle({ kind: "halftime" })), deadline / 2),
      clock.set(() => this.#act(initiator.handle({ kind: "deadline" })), deadline),
    ];
  }

  /** Throws when entropy or the link fails; then nothing goes on. */
  start(): void {
    try {
      this.#act(this.initiator.start());
    } catch (error) {
      this.#stop();
      throw error;
    }
  }

  /** Does what the exchange asks for, then what CoAP makes of it. */
  #act(actions: readonly InitiatorAction[]): void {
    for (let i = 0; i < actions.length; i++) {
      const action = actions[i];
      if (action.kind === "send") this.#send(action.x, action.message);
      else if (action.kind === "finished") this.#finish(action.outcome);
      else {
        const { x, error, reason } = action;
        this.onEvent({ event: "refused", message: "TP_I", from: this.#nameOf(x), error, reason });
      }
    }
    this.#work();
  }

  #send(x: number, message: Uint8Array): void {
    const now = this.device.clock.now();
    const again = this.#told.has(x);
    if (again && this.#isTransmitting(x)) return;
    const address = this.enrolment.addresses[x - 1];
    const route = this.#link.route?.(address) ?? { peer: address, options: [] };
    const handle = this.#coap.request(now, {
      ...route,
      path: MIKEY_PATH,
      payload: message,
      contentFormat: ContentFormats.mikey,
      timeout: this.enrolment.deadline,
    });
    this.#asked.set(handle, x);
    if (again) return;
    this.#told.add(x);
    const from = this.enrolment.names?.sensor ?? identityToText(this.enrolment.policy.sensor);
    this.onEvent({ event: "message", name: "I_TP", from, to: this.#nameOf(x), bytes: message.length });
  }

  /**
   * Whether a message to this third party is not acknowledged yet: it is CoAP's to repeat. One that is may still be
   * answered, late: the answer to either request is as good.
   */
  #isTransmitting(x: number): boolean {
    for (const [handle, party] of this.#asked) {
      if (party === x && this.#coap.isTransmitting(handle)) return true;
    }
    return false;
  }

  /** Sends what CoAP has to send, hands its outcomes to the exchange, and sleeps until CoAP is due again. */
  #work(): void {
    if (this.#stopped) return;
    const { clock } = this.device;
    const actions = this.#coap.take();
    let outcomes = 0;
    // An outcome may end the exchange and close the link: acknowledgements go first.
    for (let i = 0; i < actions.length; i++) {
      const action = actions[i];
      if (action.kind === "send") this.#link.send(action.peer, action.datagram);
      else outcomes++;
    }
    for (let i = 0; outcomes > 0 && i < actions.length; i++) {
      const action = actions[i];
      if (action.kind === "send") continue;
      const x = this.#asked.get(action.request);
      if (x === undefined) continue;
      this.#asked.delete(action.request);
      if (action.kind === "failure") {
        this.#act(this.initiator.handle({ kind: "failure", x, reason: action.reason }));
      } else {
        const { code, payload } = action.message;
        this.#act(this.initiator.handle({ kind: "answer", x, code, payload }));
      }
      if (this.#stopped) return;
    }
    if (this.#wake !== undefined) clock.clear(this.#wake);
    this.#wake = undefined;
    const due = this.#coap.nextWake();
    if (due !== undefined) this.#wake = clock.set(() => this.#tick(), Math.max(0, due - clock.now()));
  }

  #tick(): void {
    this.#wake = undefined;
    this.#coap.tick(this.device.clock.now());
    this.#work();
  }

  /** Ends timers and the link. What CoAP still has to say is lost: nobody waits for it. */
  #stop(): void {
    const { clock } = this.device;
    this.#stopped = true;
    for (const timer of this.#timers) clock.clear(timer);
    if (this.#wake !== undefined) clock.clear(this.#wake);
    this.#link.close();
  }

  #finish(outcome: Outcome): void {
    const { primitives } = this.device;
    this.#stop();
    const { confirmed } = outcome;
    const tek = fingerprint(primitives, confirmed ? outcome.finished.keys : outcome.keys);
    const ending = { event: "finished", agreed: confirmed, confirmed, tek } as const;
    this.onEvent(confirmed ? ending : { ...ending, reason: outcome.reason });
    this.onFinished(outcome);
  }

  #nameOf(x: number): string {
    const { names, policy } = this.enrolment;
    return names?.thirdParties[x - 1] ?? identityToText(policy.thirdParties[x - 1]);
  }
}
