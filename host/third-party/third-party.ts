/**
 * A third party: takes a share from a sensor in pre-shared-key mode, passes it on to the Responder that the
 * sensor named in public-key mode, and carries the Responder's confirmation back.
 */

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { wipe } from "../../protocol/bytes.js";
import { Codes, ContentFormats, codeName } from "../../protocol/coap/numbers.js";
import {
  type BundlePart,
  readBundlePart,
  restoreShareMessage,
} from "../../protocol/exchange/bundle-parts.js";
import {
  createForwardMessage,
  type ForwardingParty,
  type KnownResponder,
  readForwardMessage,
} from "../../protocol/exchange/forward-message.js";
import { consumeForwardVerification } from "../../protocol/exchange/forward-verification.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { MIKEY_PATH } from "../../protocol/exchange/profile.js";
import {
  type AcceptedShare,
  consumeShareMessage,
  readShareMessage,
  type ShareMessage,
} from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { errorNumbers } from "../../protocol/mikey/error-message.js";
import { errorName } from "../../protocol/mikey/error-numbers.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { decodeMessage } from "../../protocol/mikey/message.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { CoapError, coapRequest } from "../coap/client.js";
import type { RouteResponse } from "../coap/resources.js";
import type { OnEvent } from "../events.js";
import { primitives, randomSource } from "../primitives.js";
import { messageDigest, mikeyResponse, refuse } from "../refusals.js";
import type { Store } from "../store/store.js";
import { type AcceptedRecord, Records } from "./records.js";

/** What enrolment gave this third party of one sensor. */
export interface SensorEnrolment {
  readonly policy: Policy;
  /** The PSK for the exchange with this T. */
  psk(t: number): Uint8Array;
  /** The enrolment statement, a compact JWS in ASCII. */
  readonly statement: Uint8Array;
  /** How the sensor's bundles name it and its Responders; undefined for one that has no gateway. */
  readonly gateway?: BundleNames;
}

/** What bundles put in the place of names. */
export interface BundleNames {
  readonly handle: number;
  /** In the order that indices mean. */
  readonly responders: readonly Identity[];
}

/** A Responder to which shares may go. */
export interface ResponderEntry extends KnownResponder {
  /** "host:port" */
  readonly address: string;
}

/** Everything with which a share is passed on. */
export interface Passage {
  readonly party: ForwardingParty;
  readonly enrolment: SensorEnrolment;
  readonly responder: ResponderEntry;
}

export interface ThirdPartyOptions {
  readonly party: ForwardingParty;
  /** The sensor of that name (identityToText), if it is enrolled here. */
  sensor(name: string): SensorEnrolment | undefined;
  /** The sensors whose bundles have this handle: several, if they were enrolled for several gateways. */
  bundled(handle: number): readonly SensorEnrolment[];
  /** The Responder of that name, if it is known here. */
  responder(name: string): ResponderEntry | undefined;
  readonly store: Store;
  readonly onEvent: OnEvent;
  /** Milliseconds for which a Responder is asked about one share. */
  readonly deadline: number;
  /** Milliseconds that one question may take, until it is asked again: the Responder may have lost it. */
  readonly attempt: number;
  /**
   * What goes to the Responder in the place of an accepted share; without it the share itself. It is how the
   * simulation lies (simulation/liar.ts). No message, no file and no option of `symbolon third-party` sets it.
   */
  lie?(accepted: AcceptedShare, passage: Passage): AcceptedShare;
}

/** What came of a question: an R_TP with R_I or without one, or nothing that counts as an answer. */
type Outcome = { readonly confirmation: Uint8Array | undefined } | { readonly silence: string };

/** Milliseconds from the beginning of one question to the next at least: some fail at once. */
const PAUSE = 500;

export class ThirdParty {
  readonly #records: Records;
  /** Answers that wait for the Responder, by sensor and T. */
  readonly #pending = new Map<string, Promise<RouteResponse>>();
  readonly #stopped = new AbortController();

  constructor(private readonly options: ThirdPartyOptions) {
    this.#records = new Records(options.store);
    // One for each share that is under way: no leak.
    setMaxListeners(0, this.#stopped.signal);
    const now = Date.now();
    for (const { sensor, t, record } of this.#records.unfinished()) {
      if (record.deadline <= now) this.#records.finish(sensor, t);
      else this.#forward(sensor, t, record).catch((error: Error) => this.#fault(sensor, error.message));
    }
  }

  /** Answers a POST of an I_TP from `peer`. What is accepted is durable before this returns. */
  receive(peer: string, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    try {
      return this.#receive(payload);
    } catch (error) {
      return refuse(this.options.onEvent, "I_TP", peer, payload, error);
    }
  }

  /** Answers a POST of a sensor's part of a bundle, as if its I_TP had come. */
  receivePart(peer: string, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    let message = payload;
    try {
      const part = readBundlePart(payload);
      const candidates = this.options.bundled(part.handle);
      if (candidates.length === 0) {
        throw new Refusal(ErrorNumbers.identity, `no sensor with handle ${part.handle} is enrolled here`);
      }
      // Most have it for themselves. Of several only one can have made the MAC.
      for (const [i, enrolment] of candidates.entries()) {
        try {
          message = this.#restore(enrolment, part);
          return this.#receive(message);
        } catch (error) {
          if (i === candidates.length - 1 || errorNumberOf(error) === undefined) throw error;
        }
      }
      throw new Error("no candidate was tried");
    } catch (error) {
      return refuse(this.options.onEvent, "I_TP", peer, message, error);
    }
  }

  /** Ends what is under way; the next process takes it up again. The store is at rest when this resolves. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#pending.values());
  }

  #receive(payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    const read = readShareMessage(payload);
    const { t } = read.session;
    const sensor = identityToText(read.session.sensor);
    const enrolment = this.options.sensor(sensor);
    if (enrolment === undefined)
      throw new Refusal(ErrorNumbers.identity, `sensor ${sensor} is not enrolled here`);

    const digest = messageDigest(payload);
    const known = this.#records.get(sensor, t);
    if (known?.digest === digest) {
      return this.#pending.get(pendingKey(sensor, t)) ?? this.#answer(enrolment, read, known.confirmation);
    }
    const judgement = this.#records.judge(sensor, t);
    if (judgement !== "new") throw new Refusal(ErrorNumbers.timestamp, `T ${t} is ${judgement}`);

    const record = this.#accept(enrolment, read, payload, digest);
    // Two messages with one T can't both be here: nothing has waited since the judgement.
    if (!this.#records.accept(sensor, t, record)) throw new Refusal(ErrorNumbers.timestamp, `T ${t} is seen`);
    this.#tell("TP_R", record.responder, sensor, record.forward!.bytes.length);
    return this.#forward(sensor, t, record);
  }

  /** I_TP out of a part. Its T is judged first: nobody may make us derive the keys of any T that he likes. */
  #restore({ policy, psk, gateway }: SensorEnrolment, part: BundlePart): Uint8Array {
    const { identity } = this.options.party;
    const judgement = this.#records.judge(identityToText(policy.sensor), part.t);
    if (judgement === "too old" || judgement === "too far ahead") {
      throw new Refusal(ErrorNumbers.timestamp, `T ${part.t} is ${judgement}`);
    }
    const responders = gateway?.responders ?? [];
    return restoreShareMessage(primitives, part, { identity, policy, psk: psk(part.t), responders });
  }

  /** Checks a share message and makes what goes to the Responder. Throws a DecodeError or a Refusal. */
  #accept(
    enrolment: SensorEnrolment,
    read: ShareMessage,
    payload: Uint8Array,
    digest: string,
  ): AcceptedRecord {
    const { party, deadline } = this.options;
    const { policy, statement } = enrolment;
    const accepted = consumeShareMessage(primitives, read, policy, enrolment.psk(read.session.t));
    const responder = identityToText(read.session.responder);
    const entry = this.options.responder(responder);
    if (entry === undefined) {
      throw new Refusal(ErrorNumbers.unreachable, `Responder ${responder} is not known here`);
    }
    const now = Date.now();
    const passed = this.options.lie?.(accepted, { party, enrolment, responder: entry }) ?? accepted;
    const forward = createForwardMessage(primitives, randomSource, passed, party, entry, statement, now);
    wipe(accepted.share);
    return { digest, message: payload, responder, forward, deadline: now + deadline };
  }

  /** Asks the Responder until it answers or the deadline passes; resolves to what the sensor hears. */
  #forward(sensor: string, t: number, record: AcceptedRecord): Promise<RouteResponse> {
    const key = pendingKey(sensor, t);
    const answer = this.#askUntilAnswered(sensor, t, record).finally(() => this.#pending.delete(key));
    this.#pending.set(key, answer);
    return answer;
  }

  async #askUntilAnswered(sensor: string, t: number, record: AcceptedRecord): Promise<RouteResponse> {
    const { signal } = this.#stopped;
    let silence = "it was not asked";
    for (;;) {
      const began = Date.now();
      const left = record.deadline - began;
      if (left <= 0 || signal.aborted) break;
      const outcome = await this.#ask(record, Math.min(left, this.options.attempt));
      if ("confirmation" in outcome) return this.#finish(sensor, t, record, outcome.confirmation);
      silence = outcome.silence;
      const pause = Math.min(began + PAUSE, record.deadline) - Date.now();
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
    // The next process goes on.
    if (signal.aborted) return { code: Codes.serviceUnavailable };
    this.#fault(`Responder ${record.responder}`, `no answer about ${sensor} T ${t}: ${silence}`);
    return this.#finish(sensor, t, record, undefined);
  }

  /** One question to the Responder. */
  async #ask({ responder, forward }: AcceptedRecord, timeout: number): Promise<Outcome> {
    if (forward === undefined) return { confirmation: undefined };
    try {
      const entry = this.options.responder(responder);
      if (entry === undefined) return { silence: "it is not known here any more" };
      const { code, payload } = await coapRequest({
        address: entry.address,
        path: MIKEY_PATH,
        payload: forward.bytes,
        contentFormat: ContentFormats.mikey,
        timeout,
        signal: this.#stopped.signal,
      });
      if (code !== Codes.changed) return this.#refusedBy(responder, code, payload);
      return { confirmation: this.#checkAnswer(forward, payload) };
    } catch (error) {
      if (error instanceof CoapError) return { silence: error.message };
      const number = errorNumberOf(error);
      if (number === undefined) throw error;
      return this.#notAnAnswer(responder, number, (error as Error).message);
    }
  }

  #checkAnswer(
    { bytes, envelopeKey }: NonNullable<AcceptedRecord["forward"]>,
    payload: Uint8Array,
  ): Uint8Array | undefined {
    const { session, thirdParty, timestamp } = readForwardMessage(bytes);
    const context = { session, thirdParty, timestamp, envelopeKey };
    return consumeForwardVerification(primitives, payload, context);
  }

  /**
   * An ERR ends the question: the same bytes will be refused again. Anything else does not: overload, a fault,
   * a block-wise transfer that a restart has cut. Neither is authenticated (RFC 3830 §5.1.2), but who can forge an
   * answer on this path can also withhold it.
   */
  #refusedBy(responder: string, code: number, payload: Uint8Array): Outcome {
    let error: number;
    try {
      [error] = errorNumbers(decodeMessage(payload));
    } catch (failure) {
      if (errorNumberOf(failure) === undefined) throw failure;
      return this.#notAnAnswer(responder, null, `answered ${codeName(code)}`);
    }
    this.#notAnAnswer(responder, error, `${errorName(error)} (${codeName(code)})`);
    // What the sensor may know is that its share was taken, and that nothing confirms it.
    return { confirmation: undefined };
  }

  /** Tells of an answer that is no R_TP. */
  #notAnAnswer(responder: string, error: number | null, reason: string): { readonly silence: string } {
    this.options.onEvent({ event: "refused", message: "R_TP", from: responder, error, reason });
    return { silence: reason };
  }

  #finish(
    sensor: string,
    t: number,
    record: AcceptedRecord,
    confirmation: Uint8Array | undefined,
  ): RouteResponse {
    this.#records.finish(sensor, t, confirmation);
    return this.#firstAnswer(sensor, record, confirmation);
  }

  #firstAnswer(
    sensor: string,
    { message }: AcceptedRecord,
    confirmation: Uint8Array | undefined,
  ): RouteResponse {
    const enrolment = this.options.sensor(sensor);
    if (enrolment === undefined) return { code: Codes.serviceUnavailable };
    const answer = this.#answer(enrolment, readShareMessage(message), confirmation);
    this.#tell("TP_I", sensor, sensor, answer.payload.length);
    return answer;
  }

  #answer(enrolment: SensorEnrolment, { session }: ShareMessage, confirmation: Uint8Array | undefined) {
    const { identity } = this.options.party;
    const psk = enrolment.psk(session.t);
    const message = createShareVerification(primitives, session, identity, psk, confirmation);
    return mikeyResponse(Codes.changed, message);
  }

  #fault(where: string, reason: string): void {
    this.options.onEvent({ event: "fault", where, reason });
  }

  #tell(name: "TP_R" | "TP_I", to: string, sensor: string, bytes: number): void {
    this.options.onEvent({
      event: "message",
      name,
      from: identityToText(this.options.party.identity),
      to,
      sensor,
      bytes,
    });
  }
}

function pendingKey(sensor: string, t: number): string {
  return `${sensor} ${t}`;
}
