/** TP_R messages as third parties send them, and as they should not, and a Responder to send them to. */

import { setTimeout as sleep } from "node:timers/promises";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import type { ResponderOptions } from "../../../host/responder/options.js";
import { Responder } from "../../../host/responder/responder.js";
import { voucher } from "../../../host/responder/vouch.js";
import { MemoryStore } from "../../../host/store/memory.js";
import type { Store } from "../../../host/store/store.js";
import {
  type CreatedForwardMessage,
  createForwardMessage,
  type ForwardingParty,
  type KnownResponder,
  readForwardMessage,
} from "../../../protocol/exchange/forward-message.js";
import { consumeForwardVerification } from "../../../protocol/exchange/forward-verification.js";
import type { WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import type { Session } from "../../../protocol/exchange/session.js";
import { consumeShareMessage, readShareMessage } from "../../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../../protocol/exchange/share-verification.js";
import { contents, known, PATIENCE, presented, pskAt, receiving, type World } from "../third-party/world.js";

/** What a third party does otherwise than it should. */
export interface Change {
  readonly party?: Partial<ForwardingParty>;
  readonly responder?: Partial<KnownResponder>;
  readonly session?: Partial<Session>;
  readonly checkValue?: Uint8Array;
  readonly share?: Uint8Array;
  readonly statement?: Uint8Array;
  /** Of its clock, in milliseconds. */
  readonly offset?: number;
}

/** The TP_R of third party x (1…3) for its share of an exchange. */
export function forward(
  world: World,
  exchange: WaitingInitiator,
  x: number,
  change: Change = {},
): CreatedForwardMessage {
  const read = readShareMessage(exchange.messages[x - 1]);
  const policy = { ...world.policy, suite: read.session.suite.name };
  const accepted = consumeShareMessage(primitives, read, policy, pskAt(world, x, read.session.t));
  const { checkValue = accepted.checkValue, share = accepted.share, statement = world.statement } = change;
  return createForwardMessage(
    primitives,
    randomSource,
    { session: { ...accepted.session, ...change.session }, checkValue, share },
    { ...presented(world.parties[x - 1]), ...change.party },
    { ...known(world.hospital), ...change.responder },
    statement,
    Date.now() + (change.offset ?? 0),
  );
}

/** R_I out of an R_TP, or undefined where there is none; throws when the third party could not take it. */
export function confirmationIn({ bytes, envelopeKey }: CreatedForwardMessage, answer: Uint8Array) {
  const { session, thirdParty, timestamp } = readForwardMessage(bytes);
  return consumeForwardVerification(primitives, answer, { session, thirdParty, timestamp, envelopeKey });
}

/** Takes an R_I to the sensor by way of third party x; throws when the sensor can't take it. */
export function finish(world: World, exchange: WaitingInitiator, x: number, confirmation: Uint8Array) {
  const { identity } = world.parties[x - 1];
  const answer = createShareVerification(
    primitives,
    exchange.session,
    identity,
    pskAt(world, x, exchange.session.t),
    confirmation,
  );
  return exchange.consumeVerification(x, answer);
}

/** A Responder, what it said, and what it keeps. */
export interface Stand {
  readonly responder: Responder;
  readonly events: PartyEvent[];
  readonly store: Store;
  kept(): unknown;
}

export async function stand(world: World, change: Partial<ResponderOptions> = {}): Promise<Stand> {
  const events: PartyEvent[] = [];
  const store = change.store ?? new MemoryStore();
  const responder = await Responder.resume({
    responder: receiving(world.hospital),
    vouch: voucher(world.authority),
    store,
    onEvent: (event) => events.push(event),
    deadline: 20_000,
    hold: 12_000,
    ...change,
  });
  return { responder, events, store, kept: () => contents(store, "replays", "open", "confirmed") };
}

/** Sends messages one after the other: each when the one before was taken or answered. */
export async function send(
  { responder, store }: Stand,
  ...messages: readonly { readonly bytes: Uint8Array }[]
) {
  const taken = () => store.table("replays").entries().length;
  const answers: ReturnType<typeof responder.receive>[] = [];
  for (const { bytes } of messages) {
    const before = taken();
    let isAnswered = false;
    const answer = responder.receive("", bytes);
    answer.finally(() => {
      isAnswered = true;
    });
    answers.push(answer);
    const latest = performance.now() + PATIENCE;
    while (!isAnswered && taken() === before && performance.now() < latest) await sleep(2);
  }
  return answers;
}
