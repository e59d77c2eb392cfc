/**
 * The server's end of the message layer (RFC 7252 §4), over whatever carries datagrams.
 *
 * A request is answered in its acknowledgement when the answer comes quickly, and else by an empty acknowledgement
 * and a separate Confirmable response (§5.2). Duplicates get the same reply again and are asked about once; but what
 * was refused has changed nothing, and is judged anew (§4.5), so that nothing is kept of a flood. All that is kept is
 * bounded, whatever arrives.
 */

import { randomBytes } from "node:crypto";
import { readUint, toHex } from "../../protocol/bytes.js";
import {
  decodeMessage,
  encodeEmpty,
  encodeMessage,
  encodeReset,
  type Message,
} from "../../protocol/coap/message.js";
import { Codes, codeClass, isRequest, Types } from "../../protocol/coap/numbers.js";
import {
  exchangeLifetime,
  initialTimeout,
  type TransmissionParameters,
  transmissionParameters,
} from "../../protocol/coap/transmission.js";
import { type Answer, busy } from "./answer.js";

export interface EndpointOptions {
  /** Sends a datagram to a peer, named as `receive` was told. */
  send(peer: string, datagram: Uint8Array): void;
  /** The answer to a request, now or later. It must not throw, and its promise must not be rejected. */
  answer(now: number, peer: string, request: Message): Answer | Promise<Answer>;
  readonly parameters?: Partial<TransmissionParameters>;
  /** Milliseconds that an answer has until its request is acknowledged without it. */
  readonly piggybackDelay?: number;
  /**
   * Requests that may wait for their answer, or for their response to be acknowledged. The oldest of those responses give
   * way; where there are none more requests get 5.03.
   */
  readonly maxPending?: number;
  /** Requests whose duplicates are recognized; the oldest give way. */
  readonly maxRemembered?: number;
}

/** A quarter of ACK_TIMEOUT: early enough for any client, late enough for most handlers. */
const PIGGYBACK_DELAY = 500;
const MAX_PENDING = 1_000;
const MAX_REMEMBERED = 50_000;
/** How many times the bytes of a request a sender may cause that has not shown where it is (RFC 9175 §2.6). */
const AMPLIFICATION = 3;
/** Bytes of an empty acknowledgement. */
const EMPTY = 4;

/** A request that was seen: what its duplicates get, and until when they may come. */
interface Remembered {
  /** Undefined while there is nothing to repeat: such duplicates are ignored (RFC 7252 §4.5). */
  reply: Uint8Array | undefined;
  readonly until: number;
}

export class Endpoint {
  readonly #options: EndpointOptions;
  readonly #parameters: TransmissionParameters;
  readonly #piggybackDelay: number;
  readonly #maxPending: number;
  readonly #maxRemembered: number;
  /** By peer, message ID and token, oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  /** Timers of empty acknowledgements that are due, and of separate responses that wait for theirs. */
  readonly #acknowledgements = new Set<NodeJS.Timeout>();
  readonly #separate = new Map<string, NodeJS.Timeout>();
  #handlers = 0;
  #messageId = readUint(randomBytes(2), 0, 2);
  #closed = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#parameters = transmissionParameters(options.parameters);
    this.#piggybackDelay = options.piggybackDelay ?? PIGGYBACK_DELAY;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
    this.#maxRemembered = options.maxRemembered ?? MAX_REMEMBERED;
  }

  /** Nothing is sent any more; answers that still come are dropped. */
  close(): void {
    this.#closed = true;
    for (const timer of this.#acknowledgements) clearTimeout(timer);
    for (const timer of this.#separate.values()) clearTimeout(timer);
  }

  /** Takes a datagram of a peer. Whatever is in it, nothing is thrown. */
  receive(peer: string, datagram: Uint8Array): void {
    const message = decoded(datagram);
    if (message === undefined) return;
    if (message !== "malformed" && (message.type === Types.ACK || message.type === Types.RST)) {
      if (message.code === Codes.empty) this.#stopSeparate(peer, message.messageId);
    } else if (message !== "malformed" && isRequest(message.code)) {
      this.#request(peer, message, datagram.length);
    } else {
      // Not for a server: RFC 7252 §4.2, and §4.3 for a ping.
      const reset = encodeReset(datagram);
      if (reset !== undefined) this.#send(peer, reset);
    }
  }

  #request(peer: string, request: Message, length: number): void {
    const now = performance.now();
    const key = `${peer} ${request.messageId} ${toHex(request.token)}`;
    const known = this.#recall(now, key);
    if (known !== undefined) {
      if (known.reply !== undefined) this.#send(peer, known.reply);
      return;
    }
    if (this.#handlers + this.#separate.size >= this.#maxPending) this.#giveUpOldest();
    if (this.#handlers + this.#separate.size >= this.#maxPending) {
      // Not remembered: a retransmission may find a place.
      this.#send(peer, this.#reply(request, busy(Codes.serviceUnavailable)));
      return;
    }
    const remembered = this.#remember(now, key);
    const answer = this.#options.answer(now, peer, request);
    const reply = (it: Answer) => {
      remembered.reply = this.#reply(request, it);
      this.#send(peer, remembered.reply);
      if (codeClass(it.code) === 4) this.#remembered.delete(key);
    };
    if (!(answer instanceof Promise)) {
      reply(answer);
      return;
    }
    this.#handlers++;
    const timer = request.type === Types.CON ? this.#acknowledgeLater(peer, request, remembered) : undefined;
    void answer.then((it) => {
      this.#handlers--;
      if (this.#closed) return;
      if (timer !== undefined && !this.#acknowledgements.delete(timer)) {
        this.#sendSeparate(peer, request, it, it.shown ? Number.POSITIVE_INFINITY : AMPLIFICATION * length);
        return;
      }
      clearTimeout(timer);
      reply(it);
    });
  }

  /** The timer is in the set as long as the acknowledgement was not sent. */
  #acknowledgeLater(peer: string, request: Message, remembered: Remembered): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#acknowledgements.delete(timer);
      remembered.reply = encodeEmpty(Types.ACK, request.messageId);
      this.#send(peer, remembered.reply);
    }, this.#piggybackDelay);
    this.#acknowledgements.add(timer);
    return timer;
  }

  /** The answer in the acknowledgement of a CON, or as a NON to a NON (RFC 7252 §5.2.1, §5.2.3). */
  #reply(request: Message, answer: Answer): Uint8Array {
    const type = request.type === Types.CON ? Types.ACK : Types.NON;
    const messageId = type === Types.ACK ? request.messageId : this.#nextMessageId();
    return encodeMessage({ ...answer, type, messageId, token: request.token });
  }

  /**
   * The answer as a CON of its own, until it is acknowledged or rejected (RFC 7252 §5.2.2, §4.2), or has taken as many
   * bytes as `budget`: it may go to somebody who has asked for nothing.
   */
  #sendSeparate(peer: string, request: Message, answer: Answer, budget: number): void {
    const messageId = this.#nextMessageId();
    const key = separateKey(peer, messageId);
    const datagram = encodeMessage({ ...answer, type: Types.CON, messageId, token: request.token });
    const { MAX_RETRANSMIT, BACKOFF_FACTOR } = this.#parameters;
    let left = budget - EMPTY;
    const transmit = (timeout: number, retransmissions: number) => {
      this.#send(peer, datagram);
      left -= datagram.length;
      const timer = setTimeout(() => {
        if (retransmissions < MAX_RETRANSMIT && left >= datagram.length)
          transmit(BACKOFF_FACTOR * timeout, retransmissions + 1);
        else this.#separate.delete(key);
      }, timeout);
      this.#separate.set(key, timer);
    };
    transmit(initialTimeout(this.#parameters, randomBytes), 0);
  }

  /** A response that was sent and is not acknowledged gives way to a new request: who wants it can ask again. */
  #giveUpOldest(): void {
    for (const [key, timer] of this.#separate) {
      clearTimeout(timer);
      this.#separate.delete(key);
      return;
    }
  }

  #stopSeparate(peer: string, messageId: number): void {
    const key = separateKey(peer, messageId);
    clearTimeout(this.#separate.get(key));
    this.#separate.delete(key);
  }

  #nextMessageId(): number {
    this.#messageId = (this.#messageId + 1) & 0xffff;
    return this.#messageId;
  }

  #recall(now: number, key: string): Remembered | undefined {
    for (const [oldest, { until }] of this.#remembered) {
      if (until > now) break;
      this.#remembered.delete(oldest);
    }
    return this.#remembered.get(key);
  }

  #remember(now: number, key: string): Remembered {
    if (this.#remembered.size >= this.#maxRemembered) {
      for (const oldest of this.#remembered.keys()) {
        this.#remembered.delete(oldest);
        break;
      }
    }
    const remembered = { reply: undefined, until: now + exchangeLifetime(this.#parameters) };
    this.#remembered.set(key, remembered);
    return remembered;
  }

  #send(peer: string, datagram: Uint8Array): void {
    this.#options.send(peer, datagram);
  }
}

function decoded(datagram: Uint8Array): Message | "malformed" | undefined {
  try {
    return decodeMessage(datagram);
  } catch (error) {
    if (error instanceof SyntaxError) return "malformed";
    throw error;
  }
}

function separateKey(peer: string, messageId: number): string {
  return `${peer} ${messageId}`;
}
