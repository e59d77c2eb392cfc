/**
 * A third party: takes a share from a sensor in pre-shared-key mode, passes it on to the Responder that the
 * sensor named in public-key mode, and carries the Responder's confirmation back.
 */

import { wipe } from "../../protocol/bytes.js";
import { Codes } from "../../protocol/coap/numbers.js";
import { BUNDLE_SUITE } from "../../protocol/exchange/bundle.js";
import {
  type BundlePart,
  compressVerification,
  isPseudonymous,
  keylessBytes,
  readBundlePart,
  restoreShareMessage,
} from "../../protocol/exchange/bundle-parts.js";
import { createForwardMessage } from "../../protocol/exchange/forward-message.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import { type Policy, shareIndex } from "../../protocol/exchange/policy.js";
import { PSK_LENGTH } from "../../protocol/exchange/profile.js";
import {
  type AcceptedShare,
  consumeShareMessage,
  readShareMessage,
  type ShareMessage,
} from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import type { RouteResponse } from "../coap/resources.js";
import { primitives, randomSource } from "../primitives.js";
import { messageDigest, mikeyResponse, refuse } from "../refusals.js";
import { Asking, type Forwarding } from "./asking.js";
import { enrolledAs } from "./enrolled.js";
import type { SensorEnrolment, ThirdPartyOptions } from "./options.js";
import { Pseudonyms, type UnveiledPart, withoutNames } from "./pseudonyms.js";
import { LIMITS, OpenQuestions } from "./questions.js";
import { type AcceptedRecord, type Enrolled, Records } from "./records.js";
import { Vouching } from "./vouch.js";

/** Milliseconds by which T may be ahead of the clock where more than one message goes out in each. */
const BURST = 1_000;

const nobody: ReadonlyMap<string, SensorEnrolment> = new Map();

/** Checked in the place of a key that there is none of. */
const NO_PSK = new Uint8Array(PSK_LENGTH);

export class ThirdParty {
  readonly #records: Records;
  readonly #vouching: Vouching | undefined;
  readonly #pseudonyms: Pseudonyms;
  readonly #questions: OpenQuestions;
  readonly #asking: Asking;
  #isClosed = false;
  /** T of the last message to a Responder, as Unix time in milliseconds. */
  #lastTime = 0;

  constructor(private readonly options: ThirdPartyOptions) {
    const { store, vault, onEvent, signer } = options;
    const records = new Records(store, vault);
    this.#records = records;
    this.#asking = new Asking(options);
    const sensor = (name: string) => this.options.sensor(name);
    this.#pseudonyms = new Pseudonyms({
      sensors: () => this.options.sensors?.() ?? nobody,
      next: (enrolment) => this.#nextOf(enrolledAs(enrolment)),
    });
    this.#vouching = signer && new Vouching({ store, records, sensor, signer, onEvent });
    this.#questions = new OpenQuestions(this.options.limits ?? LIMITS, ({ sensor, t }, by) =>
      onEvent({ event: "crowded", sensor, t, by }),
    );
    for (const { sensor, t, record } of this.#records.unfinished()) {
      try {
        this.#resume(sensor, t, record);
      } catch (error) {
        this.#fault(sensor, (error as Error).message);
      }
    }
  }

  /** Goes on with a message that the process before this one accepted. */
  #resume(sensor: string, t: number, { responder, deadline, open }: AcceptedRecord): void {
    if (open === undefined) return;
    const envelopeKey = this.#records.envelopeKey(sensor, t);
    if (envelopeKey === undefined) return;
    const forwarding = { responder, deadline, ...open, envelopeKey };
    if (deadline <= Date.now()) {
      wipe(envelopeKey);
      this.#answer(sensor, t, forwarding, undefined);
    } else this.#forward(sensor, t, forwarding).catch((error: Error) => this.#fault(sensor, error.message));
  }

  /** Answers a POST of an I_TP from `peer`. What is accepted is durable before this returns. */
  receive(peer: string, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    try {
      return this.#receive(payload);
    } catch (error) {
      return refuse(this.options.onEvent, "I_TP", peer, payload, error);
    }
  }

  /** Answers a POST of a sensor's part of a bundle, as if its I_TP had come; to one with a pseudonym without names. */
  receivePart(peer: string, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    const answer = this.#receivePart(peer, payload);
    if (!isPseudonymous(payload)) return answer;
    return answer instanceof Promise ? answer.then(withoutNames) : withoutNames(answer);
  }

  #receivePart(peer: string, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    let message = payload;
    try {
      const candidates = isPseudonymous(payload) ? this.#pseudonyms.unveil(payload) : this.#bundled(payload);
      if (candidates.length === 0) {
        throw new Refusal(ErrorNumbers.identity, "no sensor of that handle or pseudonym is enrolled here");
      }
      // Most have it for themselves. Of several only one can have made the MAC.
      for (const [i, { enrolment, payload: plain }] of candidates.entries()) {
        try {
          const part = readBundlePart(plain);
          message = this.#restore(enrolment, part);
          const known = this.#known(enrolment, part.t, message);
          if (known !== undefined) return known;
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

  #nextOf(enrolled: Enrolled): number | undefined {
    try {
      return this.#records.next(enrolled);
    } catch (error) {
      this.#fault(enrolled.sensor, (error as Error).message);
      return undefined;
    }
  }

  #bundled(payload: Uint8Array): UnveiledPart[] {
    const { handle } = readBundlePart(payload);
    return this.options.bundled(handle).map((enrolment) => ({ enrolment, payload }));
  }

  /** Answers the question of a gateway whether this Responder may have an exchange. */
  vouch(peer: string, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    return this.#vouching?.vouch(peer, payload) ?? { code: Codes.notFound };
  }

  /** Ends what is under way; the next process takes it up again. The store is at rest when this resolves. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#questions.close();
  }

  #receive(payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    const read = readShareMessage(payload);
    const { t } = read.session;
    const sensor = identityToText(read.session.sensor);
    const enrolment = this.options.sensor(sensor);
    if (enrolment === undefined)
      throw new Refusal(ErrorNumbers.identity, `sensor ${sensor} is not enrolled here`);

    const enrolled = enrolledAs(enrolment);
    const digest = messageDigest(payload);
    const known = this.#records.get(enrolled, t);
    if (known?.digest === digest) return this.#answered(sensor, t, known);
    const forwarding = this.#accept(enrolment, read, payload, digest);
    this.#pseudonyms.used(sensor, t);
    if (enrolment.start !== undefined) enrolment.taken?.();
    this.#tell("TP_R", forwarding.responder, sensor, forwarding.forward.length);
    return this.#forward(sensor, t, forwarding);
  }

  /** Checks a message that is new, and makes durable what goes to the Responder. */
  #accept(enrolment: SensorEnrolment, read: ShareMessage, payload: Uint8Array, digest: string): Forwarding {
    const enrolled = enrolledAs(enrolment);
    const { t } = read.session;
    const { psk, judgement } = this.#pskFor(enrolled, t);
    let forwarding: Forwarding | undefined;
    let isAccepted = false;
    try {
      forwarding = this.#check(enrolment, read, payload, psk, judgement);
      const { responder, deadline, message, forward, envelopeKey } = forwarding;
      const part = this.#partDigest(enrolment, payload);
      const record = { digest, ...(part && { part }), responder, deadline, open: { message, forward } };
      // Two messages with one T can't both be here: nothing has waited since the judgement.
      isAccepted = this.#records.accept(enrolled, t, record, { psk, envelopeKey });
      if (!isAccepted) throw new Refusal(ErrorNumbers.authentication, `T ${t} is seen`);
      return forwarding;
    } finally {
      wipe(psk);
      if (!isAccepted && forwarding !== undefined) wipe(forwarding.envelopeKey);
    }
  }

  /** The answer to a message that was accepted: now, or when there is one. */
  #answered(sensor: string, t: number, { answer }: AcceptedRecord): RouteResponse | Promise<RouteResponse> {
    if (answer !== undefined) return mikeyResponse(Codes.changed, answer);
    return this.#questions.join(sensor, t) ?? { code: Codes.serviceUnavailable };
  }

  /**
   * The answer to a part whose message came before, in either form; undefined for any other. Once it is answered there
   * is no PSK left to restore it with, and it is known by all of it that needs none.
   */
  #known(
    enrolment: SensorEnrolment,
    t: number,
    restored: Uint8Array,
  ): RouteResponse | Promise<RouteResponse> | undefined {
    const enrolled = enrolledAs(enrolment);
    const known = this.#records.get(enrolled, t);
    if (known?.part === undefined || known.part !== this.#partDigest(enrolment, restored)) return undefined;
    return this.#answered(enrolled.sensor, t, known);
  }

  /** Of what a part of a bundle has of a message; undefined where the sensor sends no bundles. */
  #partDigest({ policy }: SensorEnrolment, message: Uint8Array): string | undefined {
    if (policy.suite !== BUNDLE_SUITE) return undefined;
    const isDerived = shareIndex(policy, this.options.party.identity) <= policy.privacy;
    return messageDigest(keylessBytes(message, isDerived));
  }

  /** The PSK of a T; where there is none, why, and one in its place that no message holds under. */
  #pskFor(enrolled: Enrolled, t: number): { psk: Uint8Array; judgement?: string } {
    const psk = this.#records.pskFor(enrolled, t);
    return typeof psk === "string" ? { psk: NO_PSK.slice(), judgement: psk } : { psk };
  }

  /** I_TP out of a part; for a T without a PSK one that does not hold. */
  #restore(enrolment: SensorEnrolment, part: BundlePart): Uint8Array {
    const { policy, gateway, pseudonyms } = enrolment;
    const { identity } = this.options.party;
    const { psk } = this.#pskFor(enrolledAs(enrolment), part.t);
    const responders = (pseudonyms ?? gateway)?.responders ?? [];
    try {
      return restoreShareMessage(primitives, part, { identity, policy, psk, responders });
    } finally {
      wipe(psk);
    }
  }

  /**
   * Checks a share message and makes what goes to the Responder. Throws a DecodeError or a Refusal. A T that there is no
   * key for is refused after as much work and in the same words as a MAC that does not hold; only the log knows which.
   */
  #check(
    enrolment: SensorEnrolment,
    read: ShareMessage,
    payload: Uint8Array,
    psk: Uint8Array,
    judgement: string | undefined,
  ): Forwarding {
    const { deadline } = this.options;
    const party = this.options.current?.() ?? this.options.party;
    const { policy, statement } = enrolment;
    const accepted = this.#consume(read, policy, psk, judgement);
    try {
      const responder = identityToText(read.session.responder);
      const entry = this.options.responder(responder);
      if (entry === undefined) {
        throw new Refusal(ErrorNumbers.unreachable, `Responder ${responder} is not known here`);
      }
      const now = this.#time();
      const passed = this.options.lie?.(accepted, { party, enrolment, responder: entry }) ?? accepted;
      const { bytes: forward, envelopeKey } = createForwardMessage(
        primitives,
        randomSource,
        passed,
        party,
        entry,
        statement,
        now,
      );
      return { message: payload, responder, forward, envelopeKey, deadline: now + deadline };
    } finally {
      wipe(accepted.share);
    }
  }

  /** Now, and never the same twice: a Responder takes one message with each T (RFC 3830 §5.4). */
  #time(): number {
    const now = Date.now();
    // Further behind the last one the clock was set back, and T goes with it.
    const isSetBack = this.#lastTime - now > BURST;
    this.#lastTime = now > this.#lastTime || isSetBack ? now : this.#lastTime + 1;
    return this.#lastTime;
  }

  #consume(
    read: ShareMessage,
    policy: Policy,
    psk: Uint8Array,
    judgement: string | undefined,
  ): AcceptedShare {
    try {
      const accepted = consumeShareMessage(primitives, read, policy, psk);
      if (judgement === undefined) return accepted;
      wipe(accepted.share);
    } catch (error) {
      const isForged = error instanceof Refusal && error.errorNumber === ErrorNumbers.authentication;
      if (judgement === undefined || !isForged) throw error;
    }
    throw new Refusal(ErrorNumbers.authentication, `T ${read.session.t} is ${judgement}`);
  }

  /** Asks the Responder until it answers or the deadline passes; resolves to what the sensor hears. */
  #forward(sensor: string, t: number, forwarding: Forwarding): Promise<RouteResponse> {
    const asked = { sensor, t, responder: forwarding.responder };
    return this.#questions.open(asked, (signal) =>
      this.#askUntilAnswered(sensor, t, forwarding, signal).finally(() => wipe(forwarding.envelopeKey)),
    );
  }

  async #askUntilAnswered(
    sensor: string,
    t: number,
    forwarding: Forwarding,
    signal: AbortSignal,
  ): Promise<RouteResponse> {
    const outcome = await this.#asking.ask(forwarding, signal);
    if ("confirmation" in outcome) return this.#answer(sensor, t, forwarding, outcome.confirmation);
    // The next process goes on.
    if (this.#isClosed) return { code: Codes.serviceUnavailable };
    // A question that was given up has been told of.
    if (!signal.aborted) {
      const reason = `no answer about ${sensor} T ${t}: ${outcome.silence}`;
      this.#fault(`Responder ${forwarding.responder}`, reason);
    }
    return this.#answer(sensor, t, forwarding, undefined);
  }

  /** Keeps TP_I, the same for duplicates, and forgets the PSK with which it is made. */
  #answer(
    sensor: string,
    t: number,
    { message }: Forwarding,
    confirmation: Uint8Array | undefined,
  ): RouteResponse {
    const { identity } = this.options.party;
    const { session } = readShareMessage(message);
    const answer = this.#records.finish(sensor, t, messageDigest(message), (psk) =>
      createShareVerification(primitives, session, identity, psk, confirmation),
    );
    if (answer === undefined) return { code: Codes.serviceUnavailable };
    const hides = this.options.sensor(sensor)?.pseudonyms !== undefined;
    this.#tell("TP_I", sensor, sensor, (hides ? compressVerification(answer) : answer).length);
    return mikeyResponse(Codes.changed, answer);
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
