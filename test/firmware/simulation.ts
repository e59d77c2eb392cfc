/**
 * A board that is none, for tests of main.ts: a clock that jumps, a network that delays and loses, third
 * parties that follow a script. All in one thread, the same each time.
 */

import type { Clock, Device, Link, Storage } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import type { Outcome } from "../../firmware/initiator.js";
import { type RunExchange, runExchange } from "../../firmware/main.js";
import type { SensorEvent } from "../../firmware/sensor-event.js";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage, encodeEmpty, encodeMessage, type Message } from "../../protocol/coap/message.js";
import { Codes, type Type, Types } from "../../protocol/coap/numbers.js";
import { laterPsk } from "../../protocol/exchange/chain.js";
import { CollectingGroup } from "../../protocol/exchange/collection.js";
import type { Policy } from "../../protocol/exchange/policy.js";
import { sharingOf } from "../../protocol/exchange/policy.js";
import type { ChannelKeys } from "../../protocol/exchange/session.js";
import { readShareMessage } from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import type { RandomSource } from "../../protocol/primitives.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { deliver, freshness, pskOf, randomOf, responder } from "../protocol/exchange/parties.js";
import { primitives, steps } from "../support/primitives.js";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/** Time that runs when it is told to. */
export class FakeClock implements Clock {
  #now = 1_000;
  #order = 0;
  readonly #timers = new Map<number, Timer>();

  now(): number {
    return this.#now;
  }

  set(callback: () => void, milliseconds: number): number {
    const order = ++this.#order;
    this.#timers.set(order, { at: this.#now + milliseconds, order, callback });
    return order;
  }

  clear(timer: unknown): void {
    this.#timers.delete(timer as number);
  }

  /** How many timers are running. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Forgets all timers. */
  stop(): void {
    this.#timers.clear();
  }

  /** Runs what is due within a time, in order; all that there is without one. */
  run(milliseconds = Number.POSITIVE_INFINITY): void {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = [...this.#timers.values()].sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next.order);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    if (end !== Number.POSITIVE_INFINITY) this.#now = end;
  }
}

/** A datagram as the network sees it. `number` counts those of one direction and peer from 1. */
export interface Passing {
  readonly from: "sensor" | "peer";
  readonly peer: string;
  readonly number: number;
  readonly at: number;
  readonly datagram: Uint8Array;
}

/** What a third party does with a request. A duplicate (same message ID) comes again. */
export type Script = (request: Request, party: Party) => void;

export interface Request {
  readonly message: Message;
  /** How many requests with other message IDs came before this one. */
  readonly earlier: number;
  /** Whether this message ID came before. */
  readonly duplicate: boolean;
}

/** A third party at its address. */
export class Party {
  readonly messageIds: number[] = [];
  #lastMessageId = 0;

  constructor(
    readonly world: World,
    readonly x: number,
    readonly address: string,
    private readonly script: Script,
  ) {}

  receive(datagram: Uint8Array): void {
    const message = decodeMessage(datagram);
    if (message?.code !== Codes.POST) return;
    const duplicate = this.messageIds.includes(message.messageId);
    const earlier = duplicate ? this.messageIds.indexOf(message.messageId) : this.messageIds.length;
    if (!duplicate) this.messageIds.push(message.messageId);
    this.script({ message, earlier, duplicate }, this);
  }

  acknowledge({ message }: Request): void {
    this.send(encodeEmpty(Types.ACK, message.messageId));
  }

  /** A response in the acknowledgement. */
  piggyback({ message }: Request, code: number, payload: Uint8Array): void {
    this.#respond(Types.ACK, message.messageId, message, code, payload);
  }

  /** A separate response; returns its datagram. */
  separate({ message }: Request, code: number, payload: Uint8Array, type: Type = Types.CON): Uint8Array {
    return this.#respond(type, ++this.#lastMessageId, message, code, payload);
  }

  send(datagram: Uint8Array): void {
    this.world.carry("peer", this.address, datagram);
  }

  /** TP_I for this request. */
  answer({ message }: Request, confirmation?: Uint8Array): Uint8Array {
    const { session } = readShareMessage(message.payload);
    const identity = this.world.policy.thirdParties[this.x - 1];
    return createShareVerification(
      primitives,
      session,
      identity,
      chainedPsk(this.x, session.t),
      confirmation,
    );
  }

  #respond(type: Type, messageId: number, { token }: Message, code: number, payload: Uint8Array): Uint8Array {
    const datagram = encodeMessage({ type, code, messageId, token, options: [], payload });
    this.send(datagram);
    return datagram;
  }
}

export interface WorldOptions {
  readonly policy: Policy;
  /** What third party x does. */
  script(x: number): Script;
  /** Whether the network loses a datagram. */
  readonly loses?: (passing: Passing) => boolean;
  readonly addressOf?: (x: number) => string;
  /** Seconds. */
  readonly deadline?: number;
  readonly seed?: string;
  /** Gives the sensor pseudonyms under this key. */
  readonly linkingKey?: Uint8Array;
  /** What the Responder does with a datagram on its own address. */
  readonly hospital?: (world: World, datagram: Uint8Array) => void;
  /** What the gateway does with a datagram; the sensor is enrolled with it then. */
  readonly gateway?: (world: World, datagram: Uint8Array) => void;
  /** What goes before the board's own. */
  readonly device?: (device: Device) => Partial<Device>;
}

/** Where the Responder takes readings. */
export const RESPONDER = "hospital";

/** Where the gateway is, and what it calls the sensor. */
export const GATEWAY = { address: "gateway", handle: 0x0102 };

/** The PSK of third party x for a T. */
export function chainedPsk(x: number, t: number): Uint8Array {
  return laterPsk(primitives, pskOf(x), t - 1);
}

/** How long a datagram travels, in milliseconds. */
export const TRAVEL = 40;

/** The board, the network, the third parties and their Responder. */
export class World {
  readonly clock = new FakeClock();
  readonly policy: Policy;
  readonly events: SensorEvent[] = [];
  readonly outcomes: Outcome[] = [];
  /** What the board did, in order: "read chain", "write chain 00000002" (the next T), "open", "send address", "close". */
  readonly log: string[] = [];
  /** Every datagram that the board sent or was sent. */
  readonly passed: Passing[] = [];
  readonly stored = new Map<string, Uint8Array>();
  /** The Responder's keys and R_I, once it has k shares. */
  agreed: { readonly keys: ChannelKeys; readonly message: Uint8Array } | undefined;
  readonly enrolment: Enrolment;
  readonly #parties: Party[];
  readonly #random: RandomSource;
  #group: CollectingGroup | undefined;
  #onAgreed: (() => void)[] = [];
  /** Who hears datagrams: of a peer, whoever sent there last; of strangers, whoever opened a link last. */
  readonly #open = new Map<string, (peer: string, datagram: Uint8Array) => void>();

  constructor(private readonly options: WorldOptions) {
    const { policy, addressOf = (x) => `tp-${x}`, deadline = 20 } = options;
    this.policy = policy;
    this.#random = randomOf(options.seed ?? "board");
    const addresses = policy.thirdParties.map((_, i) => addressOf(i + 1));
    this.enrolment = {
      policy,
      responder,
      ...(options.hospital !== undefined && { responderAddress: RESPONDER }),
      ...(options.gateway !== undefined && { gateway: GATEWAY }),
      ...(options.linkingKey !== undefined && { linkingKey: options.linkingKey }),
      addresses,
      start: { t: 1, keys: addresses.map((_, i) => pskOf(i + 1)) },
      weights: weightMatrix(sharingOf(policy)),
      deadline: deadline * 1000,
    };
    this.#parties = addresses.map((address, i) => new Party(this, i + 1, address, options.script(i + 1)));
  }

  /** Begins an exchange; `clock` then lets it happen. */
  start(run: RunExchange = runExchange): void {
    run(
      this.device(),
      this.enrolment,
      this.enrolment.responder,
      (event) => this.events.push(event),
      (outcome) => this.outcomes.push(outcome),
    );
  }

  /** A share at the Responder. */
  collect(x: number, message: Uint8Array): void {
    if (this.agreed !== undefined) return;
    const { t } = readShareMessage(message).session;
    const share = deliver(this.policy, x, message, chainedPsk(x, t));
    this.#group ??= new CollectingGroup(share);
    this.#group.add(share);
    this.agreed = this.#group.rebuild(primitives)?.confirm(primitives, freshness);
    if (this.agreed === undefined) return;
    for (const tell of this.#onAgreed) tell();
    this.#onAgreed = [];
  }

  /** Calls back as soon as there is an R_I. */
  whenAgreed(tell: () => void): void {
    if (this.agreed === undefined) this.#onAgreed.push(tell);
    else tell();
  }

  /** Puts a datagram on the network. */
  carry(from: Passing["from"], peer: string, datagram: Uint8Array): void {
    const number = this.passed.filter((it) => it.from === from && it.peer === peer).length + 1;
    const passing = { from, peer, number, at: this.clock.now(), datagram: datagram.slice() };
    this.passed.push(passing);
    if (this.options.loses?.(passing)) return;
    this.clock.set(() => {
      if (from === "peer") (this.#open.get(peer) ?? this.#open.get(""))?.(peer, passing.datagram);
      else if (peer === RESPONDER) this.options.hospital?.(this, passing.datagram);
      else if (peer === GATEWAY.address && this.options.gateway !== undefined)
        this.options.gateway(this, passing.datagram);
      else for (const party of this.#parties) if (party.address === peer) this.#hear(party, passing.datagram);
    }, TRAVEL);
  }

  /** Two third parties behind one address are told apart by whose message it is. */
  #hear(party: Party, datagram: Uint8Array): void {
    const sharing = this.#parties.filter(({ address }) => address === party.address);
    const sent = this.sentTo(party.address);
    const payload = decodeMessage(datagram)?.payload;
    if (sharing.length > 1 && payload !== undefined && payload.length > 0) {
      const different = [...new Set(sent.map((it) => toHex(it.payload)))];
      if (sharing.indexOf(party) !== different.indexOf(toHex(payload))) return;
    }
    party.receive(datagram);
  }

  /** The requests that the board sent to an address, retransmissions included. */
  sentTo(address: string): Message[] {
    return this.passed
      .filter(({ from, peer }) => from === "sensor" && peer === address)
      .map(({ datagram }) => decodeMessage(datagram)!)
      .filter(({ code }) => code === Codes.POST);
  }

  /** The network and the third parties as they were before; what the board has stored stays. */
  restart(): void {
    this.clock.stop();
    this.agreed = undefined;
    this.#group = undefined;
    this.#onAgreed = [];
    this.#open.clear();
  }

  /** The board. */
  device(): Device {
    const own = this.#device();
    return { ...own, ...this.options.device?.(own) };
  }

  #device(): Device {
    const storage: Storage = {
      read: (name) => {
        this.log.push(`read ${name}`);
        return this.stored.get(name)?.slice();
      },
      write: (name, value) => {
        // Of the chain the T, which is none of its keys.
        this.log.push(`write ${name} ${toHex(value.subarray(8, 12))}`);
        this.stored.set(name, value.slice());
      },
    };
    return {
      primitives,
      steps,
      random: this.#random,
      clock: this.clock,
      storage,
      openLink: (onDatagram) => this.#openLink(onDatagram),
      trace: (line) => this.log.push(`trace ${line}`),
    };
  }

  #openLink(onDatagram: (peer: string, datagram: Uint8Array) => void): Link {
    this.log.push("open");
    let closed = false;
    // A datagram that is on its way when the link closes may still be handed over.
    this.#open.set("", onDatagram);
    return {
      send: (peer, datagram) => {
        if (closed) throw new Error("link: it is closed");
        this.log.push(`send ${peer}`);
        this.#open.set(peer, onDatagram);
        this.carry("sensor", peer, datagram);
      },
      close: () => {
        if (closed) throw new Error("link: it is closed already");
        closed = true;
        this.log.push("close");
      },
    };
  }
}

/** Does all that a third party should: acknowledge, forward, answer separately once there is an R_I. */
export const honest: Script = (request, party) => {
  party.acknowledge(request);
  if (request.duplicate) return;
  party.world.collect(party.x, request.message.payload);
  const { clock } = party.world;
  party.world.whenAgreed(() => {
    const answer = party.answer(request, party.world.agreed!.message);
    const datagram = party.separate(request, Codes.changed, answer);
    // As a server repeats a Confirmable response that may be lost.
    for (const after of [2_500, 7_500]) clock.set(() => party.send(datagram), after);
  });
};

/** Hears nothing. */
export const silent: Script = () => undefined;

/** Acknowledges, and then forgets. */
export const forgetful: Script = (request, party) => party.acknowledge(request);
