/**
 * The sensor's end of the channel: readings leave as OSCORE requests to the Responder, one after the other, each until
 * the Responder has acknowledged it under the confirmed context.
 *
 * A reading keeps its sequence number whatever happens to it: what went out under the provisional context goes out
 * again, under the same number, once the exchange is confirmed, and the Responder takes whichever comes first.
 */

import { ascii, concat, readUint, uint, wipe } from "../protocol/bytes.js";
import type { RequestHandle } from "../protocol/coap/client.js";
import type { Message } from "../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../protocol/coap/options.js";
import {
  type ConfirmedSecrets,
  confirmedContext,
  confirmedSecrets,
  provisionalContext,
} from "../protocol/exchange/channel.js";
import type { FinishedInitiator, WaitingInitiator } from "../protocol/exchange/initiator.js";
import { READINGS_PATH, SENML_CBOR } from "../protocol/exchange/readings.js";
import { type Identity, sameIdentity } from "../protocol/mikey/identity.js";
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

/** How often a reading is sent: each time with CoAP's own retransmissions. */
const ATTEMPTS = 4;
/** Milliseconds of rest after the first attempt that failed; one more of these after each further. */
const REST = 2_000;

/** A reading on its way. */
interface Pending {
  number: number;
  readonly payload: Uint8Array;
  readonly onSettled: (acknowledged: boolean) => void;
  /** The request as it is sent; the same bytes each time. Undefined until it is protected under this context. */
  request: { readonly message: CoapContent; readonly binding: RequestBinding } | undefined;
  attempts: number;
  /** Sent under the provisional context, which has no acknowledgement: it waits for the confirmed one. */
  early: boolean;
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
  /** Numbers that were given: all below this. */
  #used = 0;
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
    const kept = readKept(device.storage, enrolment.responder);
    if (kept === undefined) return undefined;
    const context = confirmedContext(device.primitives, "sensor", kept);
    const sequence = durableSequence(device, kept, enrolment.responder);
    return new SensorChannel(device, enrolment, kept.t, context, sequence, "confirmed");
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
    writeKept(storage, enrolment.responder, { ...secrets, t: session.t, reserved: used });
    storage.wipeOld?.();
  }

  /** Wipes the kept channel: the sensor that it is of is no more. */
  static forget(storage: Storage): void {
    if ((storage.read(NAME)?.length ?? 0) > 0) storage.write(NAME, new Uint8Array(0));
  }

  /**
   * How often the channel of the last confirmed exchange with this Responder was taken up: so many blocks of numbers
   * it has begun. Undefined where none is kept; throws a RangeError for what another firmware has stored.
   */
  static takenUp(storage: Storage, responder: Identity): number | undefined {
    const kept = readKept(storage, responder);
    return kept && Math.ceil(kept.reserved / SEQUENCE_BLOCK);
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
    const number = this.#nextNumber();
    this.#pending.push({ number, payload, onSettled, request: undefined, attempts: 0, early: false });
    this.#sendNext();
    this.#coap.work();
    return number;
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

  #confirm({ finished }: Extract<Outcome, { confirmed: true }>): void {
    const { primitives, storage } = this.device;
    const secrets = confirmedSecrets(primitives, finished.keys, finished.confirmation);
    const kept = { ...secrets, t: this.t, reserved: this.#used };
    const context = confirmedContext(primitives, "sensor", secrets);
    writeKept(storage, this.enrolment.responder, kept);
    // The keys before these open what was sent with them: they are of no more use to anybody honest.
    storage.wipeOld?.();
    forget(this.#context);
    this.#context = context;
    this.#sequence = durableSequence(this.device, kept, this.enrolment.responder);
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
      options: this.#options(),
      payload: next.payload,
    });
    const { options, payload } = next.request.message;
    const route = this.#coap.link.route?.(this.#address) ?? { peer: this.#address, options: [] };
    this.#handle = this.#coap.request({
      peer: route.peer,
      options: [...options, ...route.options].sort((a, b) => a.number - b.number),
      payload,
      understood: [OptionNumbers.oscore],
    });
  }

  #options(): Option[] {
    const options: Option[] = [
      { number: OptionNumbers.uriPath, value: PATH },
      { number: OptionNumbers.contentFormat, value: FORMAT },
    ];
    if (this.#echo !== undefined) options.push({ number: OptionNumbers.echo, value: this.#echo });
    return options;
  }

  #outcome(action: CoapOutcome): void {
    const pending = this.#sending;
    // An answer to what was sent before the keys changed is nobody's.
    if (pending === undefined || action.request !== this.#handle) return;
    this.#sending = undefined;
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
    if (echo !== undefined) this.#echo = echo.slice();
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

const PATH = ascii(READINGS_PATH);
const FORMAT = encodeUint(SENML_CBOR);

/** A confirmed context as it is stored, with the first sequence number that was never reserved. */
interface Kept extends ConfirmedSecrets {
  readonly t: number;
  readonly reserved: number;
}

/** format 1 ‖ T 4 ‖ reserved 5 ‖ master secret 16 ‖ master salt 8 ‖ sender ID, length before it ‖ ID type ‖ identity */
const NAME = "channel";
const FORMAT_VERSION = 1;
const SECRET = 10;
const SALT = 26;
const SENDER_ID = 34;

function writeKept(storage: Storage, responder: Identity, kept: Kept): void {
  const { t, reserved, masterSecret, masterSalt, senderId } = kept;
  const head = concat(uint(FORMAT_VERSION, 1), uint(t, 4), uint(reserved, 5));
  const name = concat(uint(responder.type, 1), responder.data);
  storage.write(NAME, concat(head, masterSecret, masterSalt, uint(senderId.length, 1), senderId, name));
}

/** Undefined where nothing is kept, or a channel with another Responder. Throws a RangeError for other contents. */
function readKept(storage: Storage, responder: Identity): Kept | undefined {
  const bytes = storage.read(NAME);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const end = SENDER_ID + 1 + bytes[SENDER_ID];
  if (bytes[0] !== FORMAT_VERSION || !(end < bytes.length))
    throw new RangeError("channel: what is stored is of another format");
  const known = { type: bytes[end], data: bytes.subarray(end + 1) } as Identity;
  if (!sameIdentity(known, responder)) return undefined;
  return {
    t: readUint(bytes, 1, 4),
    reserved: readUint(bytes, 5, 5),
    masterSecret: bytes.slice(SECRET, SALT),
    masterSalt: bytes.slice(SALT, SENDER_ID),
    senderId: bytes.slice(SENDER_ID + 1, end),
  };
}

/** Numbers that are reserved together with their key: in one value, so that no reset parts them. */
function durableSequence({ storage }: Device, kept: Kept, responder: Identity): SenderSequence {
  return new SenderSequence({
    load: () => kept.reserved,
    store: (reserved) => writeKept(storage, responder, { ...kept, reserved }),
  });
}
