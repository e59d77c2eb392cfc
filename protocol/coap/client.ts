/**
 * The client's end of CoAP as a state machine (RFC 7252 §4 the message layer, §5 requests and responses):
 * requests, datagrams and time go in; datagrams to send, responses and failures come out. It has no clock,
 * no socket and no randomness of its own.
 *
 * Call request, receive, tick or cancel; then do what take() gives, and call tick again at nextWake().
 * Times are milliseconds of any clock that never runs backward.
 */

import { ascii, equal, readUint } from "../bytes.js";
import type { RandomSource } from "../primitives.js";
import { decodeBlock } from "./block.js";
import { decodeMessage, encodeEmpty, encodeReset, joinMessage, type Message } from "./message.js";
import { Codes, isCritical, isResponse, MAX_MESSAGE_SIZE, OptionNumbers, Types } from "./numbers.js";
import { encodeOptions, encodeUint, findOption, type Option } from "./options.js";
import {
  EXCHANGE_LIFETIME,
  exchangeLifetime,
  initialTimeout,
  type TransmissionParameters,
  transmissionParameters,
} from "./transmission.js";

export interface CoapClientOptions {
  readonly random: RandomSource;
  readonly parameters?: Partial<TransmissionParameters>;
  /** Bytes in a token, 4 (default) to 8: what someone off the path must guess to answer (RFC 7252 §5.3.1). */
  readonly tokenLength?: number;
}

/** What the options of a request are made of. */
export interface RequestOptions {
  /** Uri-Path segments with slashes between: "mikey" or "/mikey". ASCII. */
  readonly path?: string;
  readonly contentFormat?: number;
  /** Options besides Uri-Path and Content-Format, in ascending order of number. */
  readonly options?: readonly Option[];
}

/** Options as they are sent: made once for all requests that are alike. */
export interface PreparedOptions {
  readonly encoded: Uint8Array;
  /** Whether the caller does block-wise transfer itself. */
  readonly blockwise: boolean;
}

export interface CoapRequest extends RequestOptions {
  /** Named as the link names it. */
  readonly peer: string;
  /** A method code; POST where there is none. */
  readonly code?: number;
  readonly payload?: Uint8Array;
  /** In the place of path, contentFormat and options. */
  readonly prepared?: PreparedOptions;
  /** Critical options that the caller understands in the response, besides Block1 and Block2. */
  readonly understood?: readonly number[];
  /** Milliseconds until the request has failed whatever is still under way; EXCHANGE_LIFETIME by default. */
  readonly timeout?: number;
}

/** Names a request that is under way. */
export type RequestHandle = number;

/** Why there will be no response. */
export type FailureReason =
  /** MAX_RETRANSMIT retransmissions were not acknowledged (RFC 7252 §4.2). */
  | "timeout"
  /** The request's own time was up, acknowledged or not. */
  | "deadline"
  /** The peer rejected the request with a Reset. */
  | "reset"
  /** The response has a critical option that is not understood (RFC 7252 §5.4.1). */
  | "bad option"
  /** The peer asks for block-wise transfer, or answers in blocks (RFC 7959). */
  | "block-wise";

export type Action =
  | { readonly kind: "send"; readonly peer: string; readonly datagram: Uint8Array }
  /** `message` is made of views of the datagram that brought it. */
  | { readonly kind: "response"; readonly request: RequestHandle; readonly message: Message }
  | {
      readonly kind: "failure";
      readonly request: RequestHandle;
      readonly reason: FailureReason;
      /** The code of the response, where one came. */
      readonly code?: number;
    };

/** Separate responses that are remembered, so that their duplicates are acknowledged and not rejected. */
const MAX_REMEMBERED = 32;

const nothing: Uint8Array = new Uint8Array(0);
const noNumbers: readonly number[] = [];

/** Where a request stands. `transmitting` is the outstanding interaction that NSTART counts (RFC 7252 §4.7). */
type Phase = "queued" | "transmitting" | "acknowledged";

interface Exchange {
  readonly handle: RequestHandle;
  readonly peer: string;
  readonly token: Uint8Array;
  readonly messageId: number;
  readonly understood: readonly number[];
  /** Whether the caller does block-wise transfer itself. */
  readonly blockwise: boolean;
  readonly deadline: number;
  /** Undefined once it need not be sent again. */
  datagram: Uint8Array | undefined;
  phase: Phase;
  retransmissions: number;
  /** The wait that is running, and when it ends. */
  timeout: number;
  retransmitAt: number;
}

interface Acknowledged {
  readonly peer: string;
  readonly messageId: number;
  readonly until: number;
}

/**
 * A private method is `private` and no `#method` in what a sensor makes anew for each exchange: an engine puts each of
 * the latter into every instance, which costs a board a slot and hundreds of instructions.
 */
export class CoapClient {
  readonly #random: RandomSource;
  readonly #parameters: TransmissionParameters;
  /** EXCHANGE_LIFETIME. */
  readonly #lifetime: number;
  readonly #tokenLength: number;
  /** In the order of their requests. */
  readonly #exchanges: Exchange[] = [];
  /** Oldest first. */
  readonly #remembered: Acknowledged[] = [];
  #actions: Action[] = [];
  #messageId: number;
  #lastHandle = 0;
  /** How many of them have not been sent yet. */
  #queued = 0;

  /** Throws a RangeError for parameters that make no sense. */
  constructor({ random, parameters, tokenLength = 4 }: CoapClientOptions) {
    if (!Number.isInteger(tokenLength) || tokenLength < 4 || tokenLength > 8) {
      throw new RangeError(`token length: expected 4 to 8, got ${tokenLength}`);
    }
    this.#random = random;
    this.#parameters = transmissionParameters(parameters);
    this.#lifetime = parameters === undefined ? EXCHANGE_LIFETIME : exchangeLifetime(this.#parameters);
    this.#tokenLength = tokenLength;
    // RFC 7252 §4.4 strongly recommends a random start. Reuse within EXCHANGE_LIFETIME takes 65536 requests.
    this.#messageId = readUint(random(2), 0, 2);
  }

  /**
   * Sends a Confirmable request, now or as soon as NSTART lets it (RFC 7252 §4.7); its one response or
   * failure bears the handle that is returned. Throws a RangeError when the request can't be one message.
   */
  request(now: number, request: CoapRequest): RequestHandle {
    const { peer, code = Codes.POST, understood = noNumbers, payload = nothing } = request;
    const { prepared = prepareOptions(request), timeout = this.#lifetime } = request;
    const token = this.#random(this.#tokenLength);
    if (this.findByToken(peer, token) !== undefined) {
      throw new Error("random: gave a token that is in use");
    }
    const messageId = this.#messageId;
    const datagram = joinMessage(Types.CON, code, messageId, token, prepared.encoded, payload);
    if (datagram.length > MAX_MESSAGE_SIZE) {
      throw new RangeError(`message: expected at most ${MAX_MESSAGE_SIZE} bytes, got ${datagram.length}`);
    }
    this.#messageId = (messageId + 1) & 0xffff;
    this.#exchanges.push({
      handle: ++this.#lastHandle,
      peer,
      token,
      messageId,
      understood,
      blockwise: prepared.blockwise,
      deadline: now + timeout,
      datagram,
      phase: "queued",
      retransmissions: 0,
      timeout: initialTimeout(this.#parameters, this.#random),
      retransmitAt: 0,
    });
    this.#queued++;
    this.startQueued(now, peer);
    return this.#lastHandle;
  }

  /** Takes a datagram that came from `peer`. Whatever is in it, nothing is thrown. */
  receive(now: number, peer: string, datagram: Uint8Array): void {
    const message = datagram.length <= MAX_MESSAGE_SIZE ? decoded(datagram) : "malformed";
    if (message === undefined) return;
    if (message === "malformed") {
      const reset = encodeReset(datagram);
      if (reset !== undefined) this.send(peer, reset);
    } else if (message.type === Types.ACK) this.receiveAcknowledgement(now, peer, message);
    else if (message.type === Types.RST) this.receiveReset(now, peer, message);
    else this.receiveSeparate(now, peer, message);
  }

  /** Does what is due: retransmissions, and the end of what has waited for too long. */
  tick(now: number): void {
    for (let i = 0; i < this.#exchanges.length; ) {
      const exchange = this.#exchanges[i];
      if (now >= exchange.deadline) this.fail(now, exchange, "deadline");
      else if (exchange.phase === "transmitting" && now >= exchange.retransmitAt)
        this.retransmit(now, exchange);
      // Ending an exchange moves the next one to this place.
      if (this.#exchanges[i] === exchange) i++;
    }
  }

  /** Forgets a request: it has no outcome, and a response that still comes is rejected. */
  cancel(now: number, handle: RequestHandle): void {
    const exchange = this.#exchanges.find((other) => other.handle === handle);
    if (exchange !== undefined) this.end(now, exchange);
  }

  /** Whether a request is under way that its peer has not acknowledged. */
  isTransmitting(handle: RequestHandle): boolean {
    const exchange = this.#exchanges.find((other) => other.handle === handle);
    return exchange !== undefined && exchange.phase !== "acknowledged";
  }

  /** What there is to do since the last call, in order. */
  take(): Action[] {
    const actions = this.#actions;
    if (actions.length > 0) this.#actions = [];
    return actions;
  }

  /** When tick must be called next; undefined while no request is under way. */
  nextWake(): number | undefined {
    let wake: number | undefined;
    for (let i = 0; i < this.#exchanges.length; i++) {
      const it = this.#exchanges[i];
      let due = it.deadline;
      if (it.retransmitAt < due && it.phase === "transmitting") due = it.retransmitAt;
      if (wake === undefined || due < wake) wake = due;
    }
    return wake;
  }

  /**
   * RFC 7252 §4.2, §5.2.1: an ACK belongs to the CON of its message ID; a response in it has the token too.
   * Such a response is taken even after an empty ACK, as a peer that restarted in between may send it.
   */
  private receiveAcknowledgement(now: number, peer: string, message: Message): void {
    const exchange = this.sent(peer, message.messageId);
    if (exchange === undefined) return;
    if (message.code === Codes.empty) {
      if (exchange.phase !== "transmitting") return;
      exchange.phase = "acknowledged";
      exchange.datagram = undefined;
      this.startQueued(now, peer);
    } else if (isResponse(message.code) && equal(message.token, exchange.token)) {
      this.respond(now, exchange, message);
    }
  }

  private receiveReset(now: number, peer: string, message: Message): void {
    if (message.code !== Codes.empty) return;
    const exchange = this.sent(peer, message.messageId);
    if (exchange?.phase === "transmitting") this.fail(now, exchange, "reset");
  }

  /**
   * A CON or NON: a separate response (RFC 7252 §5.2.2) when peer and token are those of a request that was
   * sent. It may come before the request's acknowledgement, or in its place. Duplicates are told by message
   * ID, but only after the token: a peer that restarted may give a message ID to another response.
   */
  private receiveSeparate(now: number, peer: string, message: Message): void {
    const { type, code, messageId, token } = message;
    const exchange = isResponse(code) ? this.findByToken(peer, token) : undefined;
    if (exchange !== undefined && exchange.phase !== "queued") {
      const accepted = this.respond(now, exchange, message);
      if (type === Types.NON) return;
      if (accepted) this.remember(now, peer, messageId);
      this.send(peer, encodeEmpty(accepted ? Types.ACK : Types.RST, messageId));
    } else if (type === Types.CON) {
      const duplicate = this.isRemembered(now, peer, messageId);
      this.send(peer, encodeEmpty(duplicate ? Types.ACK : Types.RST, messageId));
    }
  }

  /** Ends a request with a response that belongs to it; false when the response had to be rejected. */
  private respond(now: number, exchange: Exchange, message: Message): boolean {
    const { code } = message;
    const blocks = readBlocks(message.options);
    if (blocks === undefined || hasUnknownCritical(message.options, exchange.understood)) {
      this.fail(now, exchange, "bad option", code);
      return false;
    }
    const asksForBlocks = code === Codes.continue || code === Codes.requestEntityTooLarge;
    if (blocks.partial || (asksForBlocks && !exchange.blockwise)) {
      this.fail(now, exchange, "block-wise", code);
    } else {
      this.#actions.push({ kind: "response", request: exchange.handle, message });
      this.end(now, exchange);
    }
    return true;
  }

  private retransmit(now: number, exchange: Exchange): void {
    if (exchange.retransmissions >= this.#parameters.MAX_RETRANSMIT) {
      this.fail(now, exchange, "timeout");
      return;
    }
    exchange.retransmissions++;
    exchange.timeout *= this.#parameters.BACKOFF_FACTOR;
    this.transmit(now, exchange);
  }

  private transmit(now: number, exchange: Exchange): void {
    exchange.retransmitAt = now + exchange.timeout;
    if (exchange.datagram !== undefined) this.send(exchange.peer, exchange.datagram);
  }

  private fail(now: number, exchange: Exchange, reason: FailureReason, code?: number): void {
    const failure = { kind: "failure", request: exchange.handle, reason } as const;
    this.#actions.push(code === undefined ? failure : { ...failure, code });
    this.end(now, exchange);
  }

  private end(now: number, exchange: Exchange): void {
    this.#exchanges.splice(this.#exchanges.indexOf(exchange), 1);
    if (exchange.phase === "queued") this.#queued--;
    this.startQueued(now, exchange.peer);
  }

  /** Sends what waits for this peer, as long as NSTART lets it. */
  private startQueued(now: number, peer: string): void {
    while (this.#queued > 0) {
      let outstanding = 0;
      let next: Exchange | undefined;
      for (let i = 0; i < this.#exchanges.length; i++) {
        const it = this.#exchanges[i];
        if (it.peer !== peer) continue;
        if (it.phase === "transmitting") outstanding++;
        else if (next === undefined && it.phase === "queued") next = it;
      }
      if (next === undefined || outstanding >= this.#parameters.NSTART) return;
      next.phase = "transmitting";
      this.#queued--;
      this.transmit(now, next);
    }
  }

  private sent(peer: string, messageId: number): Exchange | undefined {
    for (let i = 0; i < this.#exchanges.length; i++) {
      const it = this.#exchanges[i];
      if (it.messageId === messageId && it.peer === peer && it.phase !== "queued") return it;
    }
    return undefined;
  }

  private findByToken(peer: string, token: Uint8Array): Exchange | undefined {
    for (let i = 0; i < this.#exchanges.length; i++) {
      const it = this.#exchanges[i];
      if (it.peer === peer && equal(it.token, token)) return it;
    }
    return undefined;
  }

  private send(peer: string, datagram: Uint8Array): void {
    this.#actions.push({ kind: "send", peer, datagram });
  }

  /** Only answers to requests of ours come here, so nobody can push others' entries out. */
  private remember(now: number, peer: string, messageId: number): void {
    this.forget(now);
    if (this.#remembered.length === MAX_REMEMBERED) this.#remembered.shift();
    this.#remembered.push({ peer, messageId, until: now + this.#lifetime });
  }

  private isRemembered(now: number, peer: string, messageId: number): boolean {
    this.forget(now);
    return this.#remembered.some((it) => it.peer === peer && it.messageId === messageId);
  }

  private forget(now: number): void {
    while (this.#remembered.length > 0 && this.#remembered[0].until <= now) this.#remembered.shift();
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

/** The options of requests. Throws a RangeError for one that can't be written. */
export function prepareOptions(given: RequestOptions): PreparedOptions {
  const options = requestOptions(given);
  const blockwise = findOption(options, OptionNumbers.block1) !== undefined;
  return { encoded: encodeOptions(options), blockwise };
}

/** Uri-Path, Content-Format and the caller's options, in ascending order; equal numbers keep their order. */
function requestOptions({ path = "", contentFormat, options = [] }: RequestOptions): Option[] {
  const own: Option[] = [];
  for (const segment of path.split("/")) {
    if (segment === "") continue;
    if (segment.length > 255) throw new RangeError(`path: a segment has at most 255 bytes`);
    own.push({ number: OptionNumbers.uriPath, value: ascii(segment) });
  }
  if (contentFormat !== undefined) {
    own.push({ number: OptionNumbers.contentFormat, value: encodeUint(contentFormat) });
  }
  const merged: Option[] = [];
  let next = 0;
  for (const option of options) {
    while (next < own.length && own[next].number <= option.number) merged.push(own[next++]);
    merged.push(option);
  }
  while (next < own.length) merged.push(own[next++]);
  return merged;
}

function hasUnknownCritical(options: readonly Option[], understood: readonly number[]): boolean {
  for (let i = 0; i < options.length; i++) {
    const { number } = options[i];
    if (!isCritical(number) || number === OptionNumbers.block1 || number === OptionNumbers.block2) continue;
    if (!understood.includes(number)) return true;
  }
  return false;
}

/** Whether a response is one block of several; undefined when a Block option is malformed (RFC 7252 §5.4.3). */
function readBlocks(options: readonly Option[]): { readonly partial: boolean } | undefined {
  let partial = false;
  for (let i = 0; i < options.length; i++) {
    const { number, value } = options[i];
    if (number !== OptionNumbers.block1 && number !== OptionNumbers.block2) continue;
    try {
      const { num, more } = decodeBlock(value);
      if (number === OptionNumbers.block2 && (more || num > 0)) partial = true;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
  return { partial };
}
