/**
 * The Responder: takes shares from third parties in public-key mode, knows of the sensor only what its
 * enrolment statement says, rebuilds the TGK from any k of them and proves it to the sensor.
 */

import { wipe } from "../../protocol/bytes.js";
import { Codes } from "../../protocol/coap/numbers.js";
import {
  CollectingGroup,
  groupName,
  isShareOf,
  type RebuiltGroup,
} from "../../protocol/exchange/collection.js";
import { fingerprint } from "../../protocol/exchange/fingerprint.js";
import {
  consumeForwardMessage,
  type ForwardedShare,
  type ForwardMessage,
  type ReceivingResponder,
} from "../../protocol/exchange/forward-message.js";
import {
  createForwardVerification,
  type ForwardContext,
} from "../../protocol/exchange/forward-verification.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import { RESPONDER_NONCE_LENGTH } from "../../protocol/exchange/profile.js";
import { identityToText, sameIdentity } from "../../protocol/mikey/identity.js";
import { optionalPayload } from "../../protocol/mikey/message.js";
import { ErrorNumbers, PayloadTypes } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { MAX_IDENTITY_LENGTH } from "../authority/names.js";
import type { RouteResponse } from "../coap/resources.js";
import { primitives, randomSource } from "../primitives.js";
import { Busy, mikeyResponse, refuse } from "../refusals.js";
import { type Arrival, arrivalOf, contextOf, copyOf, lasting } from "./arrival.js";
import { Freshness, oldT } from "./freshness.js";
import {
  type KeptMisfit,
  keepMisfit,
  type Misfit,
  misfitsOf,
  noKeyReason,
  tellSessions,
  tellShares,
} from "./misfits.js";
import { LIMITS, type ResponderLimits, type ResponderOptions } from "./options.js";
import { type AnswerRecord, Records, type ReplayRecord } from "./records.js";
import { type Contribution, OpenSession, OpenSessions } from "./sessions.js";

/** Sessions of one sensor that hold a share of the same third party: a sensor begins one at a time. */
const MAX_SESSIONS = 8;
/** How often accepted messages that are too old to matter are forgotten, in milliseconds. */
const FORGET_EVERY = 60_000;
/** Bytes of the OSCORE sender ID that a sensor gets: enough for 2^32 sensors at one Responder. */
const SENDER_ID_LENGTH = 4;

export class Responder {
  readonly #records: Records;
  readonly #sessions = new OpenSessions();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #forgetting: NodeJS.Timeout;
  readonly #freshness: Freshness;
  readonly #limits: ResponderLimits;
  #closed = false;

  private constructor(private readonly options: ResponderOptions) {
    this.#records = new Records(options.store);
    this.#limits = options.limits ?? LIMITS;
    this.#freshness = new Freshness(this.#records, options.hasServed ?? false);
    this.#forgetting = setInterval(() => this.#freshness.forget(), FORGET_EVERY);
    this.#forgetting.unref();
  }

  /** A Responder that has taken up the open sessions of the process before it. */
  static async resume(options: ResponderOptions): Promise<Responder> {
    const responder = new Responder(options);
    await responder.#reopen();
    return responder;
  }

  /**
   * From which T of third parties on it takes exchanges, as Unix time in milliseconds: one that has lost its memory waits,
   * until nothing of then passes for new.
   */
  get takesFrom(): number {
    return this.#freshness.takesFrom;
  }

  /** Answers a POST of a TP_R from `peer`: at once when it is refused, else when there is something to say. */
  async receive(peer: string, payload: Uint8Array): Promise<RouteResponse> {
    try {
      return mikeyResponse(Codes.changed, await this.#receive(payload));
    } catch (error) {
      return refuse(this.options.onEvent, "TP_R", peer, payload, error);
    }
  }

  /** Stops all timers. What is open stays in the store. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#forgetting);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { group } of this.#sessions.all()) group.abandon();
  }

  async #receive(payload: Uint8Array): Promise<Uint8Array> {
    const arrival = arrivalOf(payload);
    const early = this.#recognize(arrival);
    if (early !== undefined) return early;

    const { message } = arrival;
    const { policy, verify } = await this.options.vouch(message);
    const share = consumeForwardMessage(primitives, message, policy, this.#receiverOf(message), verify);
    try {
      // Others were served while the statement was validated.
      return this.#recognize(arrival) ?? this.#accept(arrival, share);
    } finally {
      wipe(share.share);
    }
  }

  /**
   * What costs nothing, before any public-key operation (RFC 3830 §5.4): the answer to a message that was
   * accepted before, or undefined for one that is new. Throws a Refusal for one that is out of place.
   */
  #recognize({ message, place, digest }: Arrival): Promise<Uint8Array> | Uint8Array | undefined {
    const { session, thirdParty } = message;
    if (!sameIdentity(session.responder, this.options.responder.identity)) {
      throw new Refusal(ErrorNumbers.identity, "the sensor authorised another Responder");
    }
    for (const { data } of [session.sensor, thirdParty]) {
      if (data.length <= MAX_IDENTITY_LENGTH) continue;
      throw new Refusal(ErrorNumbers.identity, `an identity of ${data.length} bytes is nobody's`);
    }
    const replay = this.#records.replay(place);
    if (replay !== undefined) return this.#duplicateAnswer(message, digest, replay);
    this.#freshness.refuseStale(message);
    if (this.#records.isFull(place.thirdParty, this.#limits.remembered)) {
      throw new Busy(`${place.thirdParty} has its part of what can be remembered`);
    }
    return undefined;
  }

  /** Another session at the last key's T is none: its third party is named, and it is refused. */
  #refuseContradiction(
    { place: { thirdParty }, digest, bytes }: Arrival,
    { session, checkValue }: ForwardedShare,
  ): void {
    const { t, sharing } = session;
    const sensor = identityToText(session.sensor);
    const confirmed = this.#records.confirmed(sensor);
    if (confirmed?.t !== t || groupName(primitives, { session, checkValue }) === confirmed.group) return;
    const contradicting = this.#records.contradict(sensor, t, thirdParty);
    if (contradicting !== undefined) {
      const misfit = this.#kept({ thirdParty, sensor, t, what: "session", digest, bytes });
      tellSessions([misfit], contradicting, sharing, this.options.onEvent);
    }
    throw oldT(t, confirmed.t);
  }

  #duplicateAnswer(
    message: ForwardMessage,
    digest: string,
    replay: ReplayRecord,
  ): Promise<Uint8Array> | Uint8Array {
    if (replay.digest !== digest) {
      throw new Refusal(ErrorNumbers.timestamp, "T of the third party was used for another message");
    }
    if (replay.answer !== undefined) return replay.answer;
    const open = this.#sessions.get(groupName(primitives, message));
    if (open?.contribution(digest) !== undefined) return this.#answerTo(open, digest);
    // It was good once, and after a restart it was not any more.
    throw new Refusal(ErrorNumbers.quorum, "the session of this share is over");
  }

  /** Makes a share durable and adds it to its session; resolves to R_TP. */
  #accept(arrival: Arrival, share: ForwardedShare): Promise<Uint8Array> | Uint8Array {
    this.#refuseContradiction(arrival, share);
    const { message, place, digest, bytes } = arrival;
    const context = contextOf(message, share);
    const sensor = identityToText(share.session.sensor);
    const { t } = share.session;
    const confirmed = this.#records.confirmed(sensor);
    if (confirmed?.t === t) {
      const answer = createForwardVerification(primitives, context, confirmed.confirmation);
      this.#keep(place, { digest, answer });
      this.#tellSent(context, answer);
      const { sharing } = share.session;
      const { thirdParty } = place;
      if (!isShareOf(primitives, confirmed.group, share, confirmed.shares)) {
        const misfit = this.#kept({ thirdParty, sensor, t, what: "share", digest, bytes });
        tellShares([misfit], sharing, this.options.onEvent);
      }
      return answer;
    }
    const group = groupName(primitives, share);
    const known = this.#sessions.get(group);
    if (known?.hasShareOf(place.thirdParty)) {
      throw new Refusal(ErrorNumbers.share, `${place.thirdParty} has given its share already`);
    }
    if (known === undefined) this.#refuseTooMany(sensor, place.thirdParty);
    this.#makeRoom();
    const openedAt = this.#sessions.get(group)?.openedAt ?? Date.now();
    this.#keep(place, { digest }, { group, bytes, openedAt });
    const session = this.#sessions.get(group) ?? this.#open(group, sensor, share, openedAt);
    this.#sessions.take(session, share, { place, digest, context: lasting(context, session), x: share.x });
    const answer = this.#answerTo(session, digest);
    this.#tryRebuild(session);
    return answer;
  }

  #keep(...accepted: Parameters<Records["accept"]>): void {
    if (this.#records.accept(...accepted)) return;
    throw new Refusal(ErrorNumbers.timestamp, "T of the third party was used for another message");
  }

  /** What one third party invents must not keep the others' sessions from being opened. */
  #refuseTooMany(sensor: string, thirdParty: string): void {
    const open = this.#sessions.of(sensor).filter((session) => session.hasShareOf(thirdParty)).length;
    if (open < MAX_SESSIONS) return;
    throw new Refusal(ErrorNumbers.quorum, `${thirdParty} has ${open} sessions of this sensor open already`);
  }

  /** Who has opened the most gives way: what one third party invents must not crowd out what others have sent. */
  #makeRoom(): void {
    while (this.#sessions.shares >= this.#limits.shares) {
      const least = this.#sessions.leastEntitled();
      if (least === undefined) return;
      const { session, contribution } = least;
      const { place, digest, context } = contribution;
      const known = this.#records.replay(place)?.answer;
      const answer = known ?? createForwardVerification(primitives, context);
      this.#records.withdraw(session.name, { place, digest, answer });
      this.#sessions.withdraw(session, contribution);
      const { sensor, t } = session;
      this.options.onEvent({ event: "crowded", sensor, t, by: place.thirdParty });
      this.#give(session, [{ ...contribution, answer }]);
    }
  }

  /** A new session, with its deadline from `openedAt`. */
  #open(name: string, sensor: string, share: ForwardedShare, openedAt: number): OpenSession {
    const session = new OpenSession(name, sensor, new CollectingGroup(copyOf(share)), openedAt);
    this.#sessions.add(session);
    const { deadline } = this.options;
    // Not longer, should the clock have been set back meanwhile.
    const left = Math.min(deadline, Math.max(0, openedAt + deadline - Date.now()));
    session.stop = this.#after(left, () => this.#expire(session));
    return session;
  }

  /** The answer to a message of an open session, which comes when the third party has waited long enough. */
  #answerTo(session: OpenSession, digest: string): Promise<Uint8Array> {
    return session.answerTo(digest, () =>
      this.#after(this.options.hold, () => this.#answerUnconfirmed(session, digest)),
    );
  }

  #tryRebuild(session: OpenSession): void {
    if (session.group.missing > 0) return;
    const rebuilt = session.group.rebuild(primitives);
    if (rebuilt === undefined) {
      this.#fault(`${session.sensor} T ${session.t}`, `${noKeyReason(session)}, so far`);
      return;
    }
    this.#confirm(session, rebuilt);
  }

  /** The key is there: durable first, then R_TP with R_I to everybody who gave a share. */
  #confirm(open: OpenSession, rebuilt: RebuiltGroup): void {
    const { session } = rebuilt;
    const { sensor } = open;
    const { onEvent, onAgreed } = this.options;
    const senderId = this.options.newSenderId?.() ?? randomSource(SENDER_ID_LENGTH);
    const freshness = { nonce: randomSource(RESPONDER_NONCE_LENGTH), senderId };
    const { message: confirmation, keys } = rebuilt.confirm(primitives, freshness);
    const answers = this.#answersOf(open, confirmation);
    const misfits = misfitsOf(this.#records, this.#sessions, open, rebuilt).map((misfit) =>
      this.#kept(misfit),
    );
    const [shares, sessions] = (["share", "session"] as const).map((what) =>
      misfits.filter((misfit) => misfit.what === what),
    );
    const contradicting = sessions.map(({ thirdParty }) => thirdParty);
    const { t, sharing } = session;
    const record = { t, group: open.name, confirmation, shares: rebuilt.shareDigests, contradicting };
    const isLast = this.#records.confirm(sensor, record, answers, () => onAgreed?.(session, keys, freshness));
    if (!isLast) {
      this.#end(open);
      return;
    }
    this.#sessions.delete(open);

    const tek = fingerprint(primitives, keys);
    const names = misfits.map(({ thirdParty }) => thirdParty);
    onEvent({ event: "agreed", sensor, t, tek, misfits: names });
    tellShares(shares, sharing, onEvent);
    tellSessions(sessions, contradicting, sharing, onEvent);
    const from = identityToText(session.responder);
    onEvent({ event: "message", name: "R_I", from, to: sensor, sensor, bytes: confirmation.length });
    this.#give(open, answers);
    // What its new key has overtaken can't be confirmed any more.
    for (const other of this.#sessions.of(sensor)) if (other.t <= session.t) this.#end(other);
  }

  #kept(misfit: Misfit): KeptMisfit {
    return keepMisfit(misfit, this.options.keepEvidence, this.options.onEvent);
  }

  /** R_TP for all who gave a share and have not been answered: an answer once given stays the same. */
  #answersOf({ contributions }: OpenSession, confirmation?: Uint8Array): SessionAnswer[] {
    return contributions
      .filter(({ place }) => this.#records.replay(place)?.answer === undefined)
      .map((contribution) => ({
        ...contribution,
        answer: createForwardVerification(primitives, contribution.context, confirmation),
      }));
  }

  /** Hands out what is durable. */
  #give(session: OpenSession, answers: readonly SessionAnswer[]): void {
    for (const { digest, context, answer } of answers) {
      if (session.isAwaited(digest)) this.#tellSent(context, answer);
      session.resolve(digest, answer);
    }
  }

  /** The wait of one third party is over: it hears that its share was taken. */
  #answerUnconfirmed(session: OpenSession, digest: string): void {
    const contribution = session.contribution(digest);
    if (contribution === undefined || !session.isAwaited(digest)) return;
    const answer = createForwardVerification(primitives, contribution.context);
    this.#records.answered({ place: contribution.place, digest, answer });
    this.#give(session, [{ ...contribution, answer }]);
  }

  #expire(session: OpenSession): void {
    if (this.#sessions.get(session.name) !== session) return;
    const { group, sensor, t } = session;
    const { threshold } = group.session.sharing;
    const { count: shares, missing } = group;
    const reason = missing > 0 ? {} : { reason: noKeyReason(session) };
    this.options.onEvent({ event: "expired", sensor, t, shares, threshold, missing, ...reason });
    this.#end(session);
  }

  /** Ends a session without a key. */
  #end(session: OpenSession): void {
    const answers = this.#answersOf(session);
    this.#records.close(session.name, answers);
    this.#sessions.delete(session);
    session.group.abandon();
    this.#give(session, answers);
  }

  /** Whose envelope a TP_R has: CHASH is checked again, under the signature. */
  #receiverOf({ message }: ForwardMessage): ReceivingResponder {
    const { receiver, responder } = this.options;
    const chash = optionalPayload(message, PayloadTypes.CHASH, ErrorNumbers.hash);
    return (chash && receiver?.(chash.value)) ?? responder;
  }

  /** Takes up the shares that were durable when the process before this one ended. */
  async #reopen(): Promise<void> {
    for (const [name, { bytes, openedAt }] of this.#records.openShares()) {
      try {
        const arrival = arrivalOf(bytes);
        const { message, place, digest } = arrival;
        // The key was there, and the end came before older sessions were closed.
        this.#freshness.refuseOldT(message);
        const { policy, verify } = await this.options.vouch(message);
        const share = consumeForwardMessage(primitives, message, policy, this.#receiverOf(message), verify);
        this.#refuseContradiction(arrival, share);
        const sensor = identityToText(share.session.sensor);
        const group = groupName(primitives, share);
        const session = this.#sessions.get(group) ?? this.#open(group, sensor, share, openedAt);
        const context = lasting(contextOf(message, share), session);
        this.#sessions.take(session, share, { place, digest, context, x: share.x });
        wipe(share.share);
      } catch (error) {
        // What was good then may have expired meanwhile.
        if (errorNumberOf(error) === undefined) throw error;
        this.#records.drop(name);
        this.#fault("open session", (error as Error).message);
      }
    }
    for (const session of this.#sessions.all()) this.#tryRebuild(session);
  }

  #tellSent({ session, thirdParty }: ForwardContext, answer: Uint8Array): void {
    this.options.onEvent({
      event: "message",
      name: "R_TP",
      from: identityToText(session.responder),
      to: identityToText(thirdParty),
      sensor: identityToText(session.sensor),
      bytes: answer.length,
    });
  }

  #fault(where: string, reason: string): void {
    this.options.onEvent({ event: "fault", where, reason });
  }

  /** Runs `work` once after a time, unless this Responder is closed before, or the function that it returns is called. */
  #after(milliseconds: number, work: () => void): () => void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) work();
    }, milliseconds);
    this.#timers.add(timer);
    return () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    };
  }
}

type SessionAnswer = Contribution & AnswerRecord;
