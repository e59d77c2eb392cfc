/**
 * The Responder: takes shares from third parties in public-key mode, knows of the sensor only what its
 * enrolment statement says, rebuilds the TGK from any k of them and proves it to the sensor.
 */

import { toHex, wipe } from "../../protocol/bytes.js";
import { Codes } from "../../protocol/coap/numbers.js";
import { CollectingGroup, groupName, type RebuiltGroup } from "../../protocol/exchange/collection.js";
import {
  consumeForwardMessage,
  type ForwardedShare,
  type ForwardMessage,
  type ReceivingResponder,
  readForwardMessage,
} from "../../protocol/exchange/forward-message.js";
import {
  createForwardVerification,
  type ForwardContext,
} from "../../protocol/exchange/forward-verification.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { RESPONDER_NONCE_LENGTH } from "../../protocol/exchange/profile.js";
import { type ChannelKeys, fingerprint, type Session } from "../../protocol/exchange/session.js";
import { identityToText, sameIdentity } from "../../protocol/mikey/identity.js";
import { Refusal } from "../../protocol/mikey/message.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import type { RouteResponse } from "../coap/resources.js";
import type { OnEvent } from "../events.js";
import { primitives, randomSource } from "../primitives.js";
import { messageDigest, mikeyResponse, refuse } from "../refusals.js";
import type { Store } from "../store/store.js";
import { type MessagePlace, Records } from "./records.js";
import { type Contribution, OpenSession } from "./sessions.js";

/** What the authority vouches for in a TP_R. */
export interface Vouched {
  /** Of the enrolment statement. */
  readonly policy: Policy;
  /** Checks a signature under the third party's certificate. */
  verify(data: Uint8Array, signature: Uint8Array): boolean;
}

export interface ResponderOptions {
  readonly responder: ReceivingResponder;
  /**
   * Validates a TP_R's certificate chain (role and identity of the third party included) and its statement.
   * Rejects with a Refusal that names the clause.
   */
  vouch(message: ForwardMessage): Promise<Vouched>;
  readonly store: Store;
  readonly onEvent: OnEvent;
  /** Hears of each key: what the channel is made of. */
  onAgreed?(session: Session, keys: ChannelKeys, senderId: Uint8Array): void;
  /** Milliseconds from the first share of a session to its end without a key. */
  readonly deadline: number;
  /** Milliseconds for which a third party waits for its answer before it gets one without R_I. */
  readonly hold: number;
}

/** How far a third party's clock may be from ours (RFC 3830 §5.4), in milliseconds. */
export const CLOCK_SKEW = 5 * 60_000;
/** Sessions that one sensor may have open: it begins one at a time, but k liars may invent some. */
const MAX_SESSIONS_PER_SENSOR = 32;
/** How often accepted messages that are too old to matter are forgotten, in milliseconds. */
const FORGET_EVERY = 60_000;
/** Bytes of the OSCORE sender ID that a sensor gets: enough for 2^32 sensors at one Responder. */
const SENDER_ID_LENGTH = 4;

export class Responder {
  readonly #records: Records;
  readonly #sessions = new Map<string, OpenSession>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #forgetting: NodeJS.Timeout;
  #closed = false;

  private constructor(private readonly options: ResponderOptions) {
    this.#records = new Records(options.store);
    this.#forgetting = setInterval(() => this.#records.forget(Date.now() - 2 * CLOCK_SKEW), FORGET_EVERY);
    this.#forgetting.unref();
  }

  /** A Responder that has taken up the open sessions of the process before it. */
  static async resume(options: ResponderOptions): Promise<Responder> {
    const responder = new Responder(options);
    await responder.#reopen();
    return responder;
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
    for (const session of this.#sessions.values()) session.group.abandon();
  }

  async #receive(payload: Uint8Array): Promise<Uint8Array> {
    const message = readForwardMessage(payload);
    const place = placeOf(message);
    const digest = messageDigest(payload);
    this.#refuseStale(message, place, digest);
    const duplicate = this.#duplicateAnswer(message, place, digest);
    if (duplicate !== undefined) return duplicate;

    const { policy, verify } = await this.options.vouch(message);
    const share = consumeForwardMessage(primitives, message, policy, this.options.responder, verify);
    try {
      return await this.#accept(message, share, place, digest, payload);
    } finally {
      wipe(share.share);
    }
  }

  /** What costs nothing, before any public-key operation (RFC 3830 §5.4). */
  #refuseStale(message: ForwardMessage, place: MessagePlace, digest: string): void {
    const { session, unixTime } = message;
    if (!sameIdentity(session.responder, this.options.responder.identity)) {
      throw new Refusal(ErrorNumbers.identity, "the sensor authorised another Responder");
    }
    const skew = Math.abs(unixTime - Date.now());
    if (skew > CLOCK_SKEW) {
      const seconds = Math.round(skew / 1000);
      throw new Refusal(ErrorNumbers.timestamp, `T of the third party is ${seconds} s away from this clock`);
    }
    const replay = this.#records.replay(place);
    if (replay !== undefined && replay.digest !== digest) {
      throw new Refusal(ErrorNumbers.timestamp, "T of the third party was used for another message");
    }
    this.#refuseOldT(message);
  }

  /** Freshness of the sensor's T: nothing below the last key, and nothing else at it. */
  #refuseOldT({ session, checkValue }: Pick<ForwardMessage, "session" | "checkValue">): void {
    const confirmed = this.#records.confirmed(identityToText(session.sensor));
    if (confirmed === undefined || session.t > confirmed.t) return;
    if (session.t === confirmed.t && groupName(primitives, { session, checkValue }) === confirmed.group)
      return;
    throw new Refusal(ErrorNumbers.timestamp, `T ${session.t} is not above the last key's ${confirmed.t}`);
  }

  /** The answer to a message that was accepted before, or undefined for a new one. */
  #duplicateAnswer(
    message: ForwardMessage,
    place: MessagePlace,
    digest: string,
  ): Promise<Uint8Array> | Uint8Array | undefined {
    const replay = this.#records.replay(place);
    if (replay === undefined) return undefined;
    if (replay.answer !== undefined) return replay.answer;
    const open = this.#sessions.get(groupName(primitives, message));
    if (open !== undefined) return open.answerTo(digest);
    // Accepted, its session over, and no answer kept: nobody waited any more.
    throw new Refusal(ErrorNumbers.quorum, "the session of this share is over");
  }

  /** Makes a share durable and adds it to its session; resolves to R_TP. */
  #accept(
    message: ForwardMessage,
    share: ForwardedShare,
    place: MessagePlace,
    digest: string,
    bytes: Uint8Array,
  ): Promise<Uint8Array> | Uint8Array {
    // Others were served while the statement was validated.
    const duplicate = this.#duplicateAnswer(message, place, digest);
    if (duplicate !== undefined) return duplicate;
    this.#refuseOldT(message);

    const context = contextOf(message, share);
    const sensor = identityToText(share.session.sensor);
    const confirmed = this.#records.confirmed(sensor);
    if (confirmed?.t === share.session.t) {
      this.#records.accept(place, digest);
      const answer = this.#tell(context, confirmed.confirmation);
      this.#records.answered(place, digest, answer);
      return answer;
    }
    const session = this.#sessionOf(share, sensor, Date.now());
    this.#records.accept(place, digest, { group: session.name, bytes, openedAt: session.openedAt });
    session.add(share, { place, digest, context, x: share.x });
    const answer = session.answerTo(digest);
    this.#after(this.options.hold, () => this.#answerUnconfirmed(session, digest));
    this.#tryRebuild(session);
    return answer;
  }

  /** The open session that a share belongs to; a new one has its deadline from now. */
  #sessionOf(share: ForwardedShare, sensor: string, openedAt: number): OpenSession {
    const name = groupName(primitives, share);
    const known = this.#sessions.get(name);
    if (known !== undefined) return known;
    let others = 0;
    for (const session of this.#sessions.values()) if (session.sensor === sensor) others++;
    if (others >= MAX_SESSIONS_PER_SENSOR) {
      throw new Refusal(ErrorNumbers.quorum, `${others} sessions of this sensor are open already`);
    }
    const session = new OpenSession(name, sensor, new CollectingGroup(copyOf(share)), openedAt);
    this.#sessions.set(name, session);
    const left = Math.max(0, openedAt + this.options.deadline - Date.now());
    this.#after(left, () => this.#expire(session));
    return session;
  }

  #tryRebuild(session: OpenSession): void {
    if (session.group.missing > 0) return;
    const rebuilt = session.group.rebuild(primitives);
    if (rebuilt === undefined) {
      this.#fault(`${session.sensor} T ${session.group.session.t}`, "k shares do not fit the check value");
      return;
    }
    this.#confirm(session, rebuilt);
  }

  /** The key is there: durable first, then R_TP with R_I to everybody who gave a share. */
  #confirm(open: OpenSession, rebuilt: RebuiltGroup): void {
    const { session } = rebuilt;
    const senderId = randomSource(SENDER_ID_LENGTH);
    const nonce = randomSource(RESPONDER_NONCE_LENGTH);
    const { message: confirmation, keys } = rebuilt.confirm(primitives, { nonce, senderId });
    const answers = open.contributions.map(({ place, digest, context }) => {
      return { place, digest, answer: createForwardVerification(primitives, context, confirmation) };
    });
    this.#records.confirm(open.sensor, { t: session.t, group: open.name, confirmation }, answers);
    this.#sessions.delete(open.name);

    const { onEvent, onAgreed } = this.options;
    const from = identityToText(session.responder);
    onEvent({
      event: "agreed",
      sensor: open.sensor,
      t: session.t,
      tek: fingerprint(primitives, keys),
      misfits: open.contributions
        .filter(({ x }) => rebuilt.misfits.includes(x))
        .map(({ place }) => place.thirdParty),
    });
    const { sensor } = open;
    onEvent({ event: "message", name: "R_I", from, to: sensor, sensor, bytes: confirmation.length });
    open.contributions.forEach(({ context, digest }, i) => {
      const { answer } = answers[i];
      if (open.isAwaited(digest)) this.#tellSent(context, answer);
      open.resolve(digest, answer);
    });
    onAgreed?.(session, keys, senderId);
    this.#endOlder(open.sensor, session.t);
  }

  /** Sessions of a sensor that its new key has overtaken can't be confirmed any more. */
  #endOlder(sensor: string, t: number): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.sensor === sensor && session.group.session.t <= t) this.#end(session);
    }
  }

  /** The wait of one third party is over: it hears that its share was taken. */
  #answerUnconfirmed(session: OpenSession, digest: string): void {
    if (!session.isAwaited(digest)) return;
    const contribution = session.contributions.find((it) => it.digest === digest);
    if (contribution === undefined) return;
    const answer = this.#tell(contribution.context, undefined);
    this.#records.answered(contribution.place, digest, answer);
    session.resolve(digest, answer);
  }

  #expire(session: OpenSession): void {
    if (this.#sessions.get(session.name) !== session) return;
    const { group, sensor } = session;
    const { threshold } = group.session.sharing;
    const { count: shares, missing } = group;
    this.options.onEvent({ event: "expired", sensor, t: group.session.t, shares, threshold, missing });
    this.#end(session);
  }

  /** Ends a session without a key. */
  #end(session: OpenSession): void {
    for (const { digest } of session.contributions) this.#answerUnconfirmed(session, digest);
    session.group.abandon();
    this.#records.close(session.name);
    this.#sessions.delete(session.name);
  }

  /** Takes up the shares that were durable when the process before this one ended. */
  async #reopen(): Promise<void> {
    for (const { bytes, openedAt } of this.#records.openShares()) {
      const message = readForwardMessage(bytes);
      try {
        const { policy, verify } = await this.options.vouch(message);
        const share = consumeForwardMessage(primitives, message, policy, this.options.responder, verify);
        const sensor = identityToText(share.session.sensor);
        const session = this.#sessionOf(share, sensor, openedAt);
        const digest = messageDigest(bytes);
        session.add(share, {
          place: placeOf(message),
          digest,
          context: contextOf(message, share),
          x: share.x,
        });
        wipe(share.share);
      } catch (error) {
        // What was good then may have expired meanwhile; then its session expires too.
        if (errorNumberOf(error) === undefined) throw error;
        this.#fault("open session", (error as Error).message);
      }
    }
    for (const session of [...this.#sessions.values()]) this.#tryRebuild(session);
  }

  /** R_TP, told as sent. */
  #tell(context: ForwardContext, confirmation: Uint8Array | undefined): Uint8Array {
    const answer = createForwardVerification(primitives, context, confirmation);
    this.#tellSent(context, answer);
    return answer;
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

  /** Runs `work` once after a time, unless this Responder is closed before. */
  #after(milliseconds: number, work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed) work();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

function placeOf({ thirdParty, unixTime, timestamp }: ForwardMessage): MessagePlace {
  return { thirdParty: identityToText(thirdParty), unixTime, timestamp: toHex(timestamp.value) };
}

function contextOf({ timestamp }: ForwardMessage, share: ForwardedShare): Contribution["context"] {
  const { session, thirdParty, envelopeKey } = share;
  return { session, thirdParty, timestamp, envelopeKey };
}

/** What outlives a message must not be a view of it. */
function copyOf({ session, checkValue }: ForwardedShare): { session: Session; checkValue: Uint8Array } {
  return {
    session: { ...session, csbId: session.csbId.slice(), rand: session.rand.slice() },
    checkValue: checkValue.slice(),
  };
}
