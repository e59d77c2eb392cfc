/**
 * The sensor's end of the channel: readings leave as OSCORE requests to the Responder, one after the other, each until
 * the Responder has acknowledged it under the confirmed context.
 *
 * A reading keeps its sequence number whatever happens to it: what went out under the provisional context goes out
 * again, under the same number, once the exchange is confirmed, and the Responder takes whichever comes first.
 */

import { ascii, wipe } from "../protocol/bytes.js";
import type { CoapRequest, RequestHandle } from "../protocol/coap/client.js";
import type { Message } from "../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers } from "../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../protocol/coap/options.js";
import { confirmedContext, confirmedSecrets, provisionalContext } from "../protocol/exchange/channel.js";
import type { FinishedInitiator, WaitingInitiator } from "../protocol/exchange/initiator.js";
import { READINGS_PATH, SENML_CBOR } from "../protocol/exchange/readings.js";
import { ANSWERS_PATH, encodeSensorAnswer, type SensorAnswer } from "../protocol/exchange/sensor-requests.js";
import type { Identity } from "../protocol/mikey/identity.js";
import type { SecurityContext } from "../protocol/oscore/context.js";
import { OscoreError } from "../protocol/oscore/errors.js";
import type { CoapContent } from "../protocol/oscore/message.js";
import {
  isProtected,
  protectRequest,
  type RequestBinding,
  unprotectResponse,
} from "../protocol/oscore/protect.js";
import { SEQUENCE_BLOCK, SenderSequence } from "../protocol/oscore/sender-sequence.js";
import { CoapLink, type CoapOutcome } from "./coap-link.js";
import type { Device, Storage, TimerId } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import type { Outcome } from "./initiator.js";
import { KeptChannel } from "./kept-channel.js";

/** How often a reading is sent: each time with CoAP's own retransmissions. */
const ATTEMPTS = 4;
/** Milliseconds of rest after the first attempt that failed; one more of these after each further. */
const REST = 2_000;

/** A reading, or an answer, on its way. */
interface Pending {
  number: number;
  /** Uri-Path and Content-Format. */
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
  readonly onSettled: (acknowledged: boolean) => void;
  /** The request as it is sent; the same bytes each time. Undefined until it is protected under this context. */
  request: { readonly message: CoapContent; readonly binding: RequestBinding } | undefined;
  attempts: number;
  /** Sent under the provisional context, which has no acknowledgement: it waits for the confirmed one. */
  early: boolean;
}

/** What is asked of the gateway, and who hears the answer or why there is none. */
interface Question {
  readonly handle: RequestHandle;
  readonly onAnswer: (answer: Message | string) => void;
}

export interface ConfirmedChannel {
  readonly context: SecurityContext;
  readonly kept: KeptChannel;
  /** The first number of this wake-up; the wake-up before had the SEQUENCE_BLOCK below it. */
  readonly firstNumber: number;
}

/** Where the channel stands: what the exchange may still confirm, what it has, what it never will. */
type Standing = "open" | "confirmed" | "unconfirmed";

export class SensorChannel {
  readonly #coap: CoapLink;
  readonly #address: string;
  readonly #pending: Pending[] = [];
  #sending: Pending | undefined;
  /** The request that #sending is in. */
  #handle: RequestHandle | undefined;
  #context: SecurityContext;
  #standing: Standing;
  #sequence: SenderSequence;
  /** Where a confirmed channel is kept. */
  #kept: KeptChannel | undefined;
  /** Numbers that were given, or lost: all below this. */
  #used = 0;
  /** The first number of this wake-up. */
  #first = 0;
  #question: Question | undefined;
  #waits = false;
  /** The Responder's last Echo, for the next request. */
  #echo: Uint8Array | undefined;
  #rest: TimerId | undefined;
  #closed = false;

  /** A channel in its provisional context; conclude() must hear how the exchange ends. */
  static begin(device: Device, enrolment: Enrolment, waiting: WaitingInitiator): SensorChannel {
    const { session, provisionalKeys } = waiting;
    const context = provisionalContext(device.primitives, "sensor", session, provisionalKeys);
    // A reset forgets the key together with the numbers that were used with it.
    const sequence = new SenderSequence({ load: () => 0, store: () => undefined });
    return new SensorChannel(device, enrolment, session.t, context, sequence, "open");
  }

  /** The channel of the last confirmed exchange with the Responder of the enrolment, if there is one. */
  static resume(device: Device, enrolment: Enrolment): SensorChannel | undefined {
    const kept = KeptChannel.read(device.storage, enrolment.responder);
    if (kept === undefined) return undefined;
    const { t, reserved } = kept.state;
    const context = confirmedContext(device.primitives, "sensor", kept.state);
    const channel = new SensorChannel(device, enrolment, t, context, new SenderSequence(kept), "confirmed");
    channel.#kept = kept;
    channel.#first = reserved;
    channel.#used = reserved;
    return channel;
  }

  /**
   * Keeps the channel of an exchange that is confirmed, for `resume`. Of its numbers those below `used` were given under
   * the provisional context: the Responder has one window for both.
   */
  static keep(
    { primitives, storage }: Device,
    enrolment: Enrolment,
    finished: FinishedInitiator,
    used = 0,
  ): void {
    const { session, keys, confirmation } = finished;
    const secrets = confirmedSecrets(primitives, keys, confirmation);
    KeptChannel.write(storage, enrolment.responder, { ...secrets, t: session.t, reserved: used, taken: 0 });
    storage.wipeOld?.();
  }

  /**
   * How often the channel of the last confirmed exchange with this Responder was taken up: so many blocks of numbers
   * it has begun. Undefined where none is kept; throws a RangeError for what another firmware has stored.
   */
  static takenUp(storage: Storage, responder: Identity): number | undefined {
    const kept = KeptChannel.read(storage, responder);
    return kept && Math.ceil(kept.state.reserved / SEQUENCE_BLOCK);
  }

  private constructor(
    private readonly device: Device,
    private readonly enrolment: Enrolment,
    /** The T of its exchange. */
    readonly t: number,
    context: SecurityContext,
    sequence: SenderSequence,
    standing: Standing,
  ) {
    this.#context = context;
    this.#sequence = sequence;
    this.#standing = standing;
    const { responderAddress } = enrolment;
    if (responderAddress === undefined)
      throw new Error("channel: the enrolment has no address of the Responder");
    this.#address = responderAddress;
    this.#coap = new CoapLink(device, (outcome) => this.#outcome(outcome));
  }

  /**
   * Sends a reading (SenML in CBOR) and returns its number. `onSettled` hears whether the Responder has acknowledged
   * it, after some minutes at most without an answer. Throws when its number can't be made durable; nothing is sent then.
   */
  post(payload: Uint8Array, onSettled: (acknowledged: boolean) => void): number {
    return this.#post(READING, payload, onSettled);
  }

  /** Sends an answer to a request of the Responder, as a reading is sent. */
  answer(answer: SensorAnswer, onSettled: (acknowledged: boolean) => void): number {
    return this.#post(ANSWER, encodeSensorAnswer(answer), onSettled);
  }

  /** The number of what is sent next. */
  get nextNumber(): number {
    return this.#used;
  }

  /** Whether the last answer said, unproven, that something waits in the sensor's mailbox: it bore an ETag. */
  get somethingWaits(): boolean {
    return this.#waits;
  }

  /** Asks the gateway, which is where readings go, for something unprotected; the question before must have its answer. */
  ask(question: Omit<CoapRequest, "peer">, onAnswer: Question["onAnswer"]): void {
    this.#question = { handle: this.#request(question), onAnswer };
    this.#coap.work();
  }

  /** The confirmed context, for what comes through a mailbox; undefined while there is none. */
  get confirmed(): ConfirmedChannel | undefined {
    if (this.#kept === undefined) return undefined;
    return { context: this.#context, kept: this.#kept, firstNumber: this.#first };
  }

  /** The Responder's Echo, for the next request. */
  useEcho(echo: Uint8Array): void {
    this.#echo = echo.slice();
  }

  /**
   * Hears how the exchange ended. Confirmed: the keys are durable before they are used, and what went out early goes
   * out again. Otherwise readings go on under the provisional context, and none is acknowledged.
   */
  conclude(outcome: Outcome): void {
    if (this.#closed) return;
    if (outcome.confirmed) this.#confirm(outcome);
    else this.#standing = "unconfirmed";
    for (const pending of this.#pending.slice()) {
      if (!pending.early) continue;
      pending.early = false;
      if (!outcome.confirmed) this.#settle(pending, false);
    }
    this.#sendNext();
    this.#coap.work();
  }

  /** Ends the channel: what is under way is not repeated any more, and nobody hears of it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    forget(this.#context);
    if (this.#rest !== undefined) this.device.clock.clear(this.#rest);
    this.#coap.close();
  }

  #post(options: readonly Option[], payload: Uint8Array, onSettled: Pending["onSettled"]): number {
    const number = this.#nextNumber();
    const rest = { request: undefined, attempts: 0, early: false };
    this.#pending.push({ number, options, payload, onSettled, ...rest });
    this.#sendNext();
    this.#coap.work();
    return number;
  }

  #request({ options = [], ...request }: Omit<CoapRequest, "peer">): RequestHandle {
    const route = this.#coap.link.route?.(this.#address) ?? { peer: this.#address, options: [] };
    return this.#coap.request({
      ...request,
      peer: route.peer,
      options: [...options, ...route.options].sort((a, b) => a.number - b.number),
    });
  }

  #confirm({ finished }: Extract<Outcome, { confirmed: true }>): void {
    const { primitives, storage } = this.device;
    const secrets = confirmedSecrets(primitives, finished.keys, finished.confirmation);
    const state = { ...secrets, t: this.t, reserved: this.#used, taken: 0 };
    const context = confirmedContext(primitives, "sensor", secrets);
    const kept = KeptChannel.write(storage, this.enrolment.responder, state);
    // The keys before these open what was sent with them: they are of no more use to anybody honest.
    storage.wipeOld?.();
    forget(this.#context);
    this.#context = context;
    this.#kept = kept;
    this.#sequence = new SenderSequence(kept);
    this.#standing = "confirmed";
    // The bytes of the other context are of no more use.
    for (const pending of this.#pending) Object.assign(pending, { request: undefined, attempts: 0 });
    if (this.#handle !== undefined) this.#coap.cancel(this.#handle);
    this.#sending = undefined;
    if (this.#rest !== undefined) this.device.clock.clear(this.#rest);
    this.#rest = undefined;
  }

  #nextNumber(): number {
    const number = this.#sequence.next();
    this.#used = number + 1;
    return number;
  }

  /** One at a time: so each can bear the Echo of the answer before it. */
  #sendNext(): void {
    if (this.#closed || this.#sending !== undefined || this.#rest !== undefined) return;
    const next = this.#pending.find(({ early }) => !early);
    if (next === undefined) return;
    this.#sending = next;
    next.attempts++;
    next.request ??= protectRequest(this.device.primitives, this.#context, next.number, {
      code: Codes.POST,
      options:
        this.#echo === undefined
          ? next.options
          : [...next.options, { number: OptionNumbers.echo, value: this.#echo }],
      payload: next.payload,
    });
    const { options, payload } = next.request.message;
    this.#handle = this.#request({ options, payload, understood: OSCORE_ONLY });
  }

  #outcome(action: CoapOutcome): void {
    const question = this.#question;
    if (question !== undefined && action.request === question.handle) {
      this.#question = undefined;
      question.onAnswer(action.kind === "response" ? action.message : action.reason);
      return;
    }
    const pending = this.#sending;
    // An answer to what was sent before the keys changed is nobody's.
    if (pending === undefined || action.request !== this.#handle) return;
    this.#sending = undefined;
    if (action.kind === "response") {
      this.#waits = findOption(action.message.options, OptionNumbers.eTag) !== undefined;
    }
    if (this.#standing === "confirmed") {
      const answer = action.kind === "response" ? this.#open(pending, action.message) : undefined;
      if (answer === undefined) this.#repeat(pending);
      else this.#answered(pending, answer);
    } else if (this.#standing === "open") {
      // It may have arrived; nobody has said so who could prove it.
      pending.early = true;
    } else if (action.kind === "failure") {
      this.#repeat(pending);
    } else {
      this.#settle(pending, false);
    }
    this.#sendNext();
  }

  /** The response, when it is the Responder's. Anything else may be anybody's, errors included. */
  #open({ request }: Pending, message: Message): CoapContent | undefined {
    if (request === undefined || !isProtected(message)) return undefined;
    try {
      return unprotectResponse(this.device.primitives, this.#context, request.binding, message);
    } catch (error) {
      if (error instanceof OscoreError) return undefined;
      throw error;
    }
  }

  #answered(pending: Pending, { code, options }: CoapContent): void {
    const echo = findOption(options, OptionNumbers.echo);
    if (echo !== undefined) this.useEcho(echo);
    if (code !== Codes.unauthorized || echo === undefined || pending.attempts >= ATTEMPTS) {
      this.#settle(pending, code === Codes.changed);
      return;
    }
    // The Responder has forgotten its window, and has not taken the reading (RFC 8613 appendix B.1.2).
    pending.number = this.#nextNumber();
    pending.request = undefined;
  }

  /** The same bytes once more, after a rest. */
  #repeat(pending: Pending): void {
    if (pending.attempts >= ATTEMPTS) {
      this.#settle(pending, false);
      return;
    }
    this.#rest = this.device.clock.set(() => {
      this.#rest = undefined;
      this.#sendNext();
      this.#coap.work();
    }, pending.attempts * REST);
  }

  #settle(pending: Pending, acknowledged: boolean): void {
    this.#pending.splice(this.#pending.indexOf(pending), 1);
    pending.onSettled(acknowledged);
  }
}

function forget({ senderKey, recipientKey, commonIv }: SecurityContext): void {
  wipe(senderKey, recipientKey, commonIv);
}

const OSCORE_ONLY = [OptionNumbers.oscore];

/** The two resources at the Responder: a reading's, and that of answers to its requests. */
const READING: readonly Option[] = post(READINGS_PATH, SENML_CBOR);
const ANSWER: readonly Option[] = post(ANSWERS_PATH, ContentFormats.octetStream);

function post(path: string, format: number): Option[] {
  return [
    { number: OptionNumbers.uriPath, value: ascii(path) },
    { number: OptionNumbers.contentFormat, value: encodeUint(format) },
  ];
}
