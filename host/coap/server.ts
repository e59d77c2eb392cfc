/**
 * A CoAP server over UDP: the message layer (RFC 7252 §4) around the resources of resources.ts.
 *
 * A request is answered in its acknowledgement when the handler is quick, and else by an empty
 * acknowledgement and a separate Confirmable response (§5.2). Nothing leaves before the handler has returned
 * its response or promise, so that an acknowledged request is a stored request. Duplicates get the same
 * reply again and reach no handler. All that is kept is bounded, whatever arrives.
 *
 * The `coap` package is not used for this: test/host/coap/coap-package.test.ts shows why.
 */

import { randomBytes } from "node:crypto";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { readUint, toHex } from "../../protocol/bytes.js";
import {
  decodeMessage,
  encodeEmpty,
  encodeMessage,
  encodeReset,
  encodeUint,
  type Message,
} from "../../protocol/coap/message.js";
import { Codes, isRequest, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import {
  exchangeLifetime,
  initialTimeout,
  type TransmissionParameters,
  transmissionParameters,
} from "../../protocol/coap/transmission.js";
import { formatAddress } from "./address.js";
import { type Answer, bare, Resources, type Routes } from "./resources.js";

export interface CoapServerOptions {
  /** Name or address to listen on; loopback by default. */
  readonly host?: string;
  /** 0 (default) lets the system choose. */
  readonly port?: number;
  /** What answers POST, by path. */
  readonly routes: Routes;
  /** Hears of handlers that failed and datagrams that could not be sent. The peer hears 5.00 at most. */
  onError(error: unknown, where: string): void;
  readonly parameters?: Partial<TransmissionParameters>;
  /** Milliseconds that a handler has until its request is acknowledged without its response. */
  readonly piggybackDelay?: number;
  /** The longest request body, in bytes. */
  readonly maxBody?: number;
  /** Requests that may be with handlers, or wait for their response to be acknowledged; more get 5.03. */
  readonly maxPending?: number;
  /** Requests whose duplicates are recognized; the oldest give way. */
  readonly maxRemembered?: number;
}

export interface CoapServer {
  /** "address:port" where it listens. */
  readonly address: string;
  readonly port: number;
  /** Stops at once; what handlers still return is dropped. */
  close(): Promise<void>;
}

/** A quarter of ACK_TIMEOUT: early enough for any client, late enough for most handlers. */
const PIGGYBACK_DELAY = 500;
const MAX_BODY = 16 * 1024;
const MAX_TRANSFERS = 256;
const MAX_PENDING = 1_000;
const MAX_REMEMBERED = 50_000;
/** Seconds after which a client may try again (RFC 7252 §5.9.3.4). */
const RETRY_AFTER = 5;

/** Starts to listen. Rejects when the address can't be had. */
export async function startCoapServer(options: CoapServerOptions): Promise<CoapServer> {
  const { address, family } = await lookup(options.host ?? "127.0.0.1");
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(options.port ?? 0, address, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  const endpoint = new Endpoint(socket, options);
  const bound = socket.address();
  return {
    address: formatAddress({ host: bound.address, port: bound.port }),
    port: bound.port,
    close: () => endpoint.close(),
  };
}

interface Peer {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** A request that was seen: what its duplicates get, and until when they may come. */
interface Remembered {
  /** Undefined while there is nothing to repeat: such duplicates are ignored (RFC 7252 §4.5). */
  reply: Uint8Array | undefined;
  readonly until: number;
}

class Endpoint {
  readonly #socket: Socket;
  readonly #resources: Resources;
  readonly #parameters: TransmissionParameters;
  readonly #onError: CoapServerOptions["onError"];
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

  constructor(socket: Socket, options: CoapServerOptions) {
    this.#socket = socket;
    this.#parameters = transmissionParameters(options.parameters);
    this.#onError = options.onError;
    this.#piggybackDelay = options.piggybackDelay ?? PIGGYBACK_DELAY;
    this.#maxPending = options.maxPending ?? MAX_PENDING;
    this.#maxRemembered = options.maxRemembered ?? MAX_REMEMBERED;
    const limits = {
      maxBody: options.maxBody ?? MAX_BODY,
      maxTransfers: MAX_TRANSFERS,
      transferLifetime: exchangeLifetime(this.#parameters),
    };
    this.#resources = new Resources(options.routes, limits, options.onError);
    socket.on("error", (error) => this.#onError(error, "socket"));
    socket.on("message", (datagram, sender) => {
      // A plain view: a Buffer's slice() would not copy.
      const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.length);
      this.#receive(peerOf(sender), bytes);
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const timer of this.#acknowledgements) clearTimeout(timer);
    for (const timer of this.#separate.values()) clearTimeout(timer);
    await new Promise<void>((resolve) => {
      this.#socket.close(resolve);
    });
  }

  #receive(peer: Peer, datagram: Uint8Array): void {
    const message = decoded(datagram);
    if (message === undefined) return;
    if (message !== "malformed" && (message.type === Types.ACK || message.type === Types.RST)) {
      if (message.code === Codes.empty) this.#stopSeparate(peer, message.messageId);
    } else if (message !== "malformed" && isRequest(message.code)) {
      this.#request(peer, message);
    } else {
      // Not for a server: RFC 7252 §4.2, and §4.3 for a ping.
      const reset = encodeReset(datagram);
      if (reset !== undefined) this.#send(peer, reset);
    }
  }

  #request(peer: Peer, request: Message): void {
    const now = performance.now();
    const key = `${peer.name} ${request.messageId} ${toHex(request.token)}`;
    const known = this.#recall(now, key);
    if (known !== undefined) {
      if (known.reply !== undefined) this.#send(peer, known.reply);
      return;
    }
    if (this.#handlers + this.#separate.size >= this.#maxPending) {
      // Not remembered: a retransmission may find a place.
      const maxAge = { number: OptionNumbers.maxAge, value: encodeUint(RETRY_AFTER) };
      this.#send(peer, this.#reply(request, { ...bare(Codes.serviceUnavailable), options: [maxAge] }));
      return;
    }
    const remembered = this.#remember(now, key);
    const answer = this.#resources.answer(now, peer.name, request);
    if (!(answer instanceof Promise)) {
      remembered.reply = this.#reply(request, answer);
      this.#send(peer, remembered.reply);
      return;
    }
    this.#handlers++;
    const timer = request.type === Types.CON ? this.#acknowledgeLater(peer, request, remembered) : undefined;
    // Resources answer every failure, so this promise is always fulfilled.
    void answer.then((it) => {
      this.#handlers--;
      if (this.#closed) return;
      if (timer !== undefined && !this.#acknowledgements.delete(timer)) {
        this.#sendSeparate(peer, request, it);
        return;
      }
      clearTimeout(timer);
      remembered.reply = this.#reply(request, it);
      this.#send(peer, remembered.reply);
    });
  }

  /** The timer is in the set as long as the acknowledgement was not sent. */
  #acknowledgeLater(peer: Peer, request: Message, remembered: Remembered): NodeJS.Timeout {
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

  /** The answer as a CON of its own, until it is acknowledged or rejected (RFC 7252 §5.2.2, §4.2). */
  #sendSeparate(peer: Peer, request: Message, answer: Answer): void {
    const messageId = this.#nextMessageId();
    const key = separateKey(peer, messageId);
    const datagram = encodeMessage({ ...answer, type: Types.CON, messageId, token: request.token });
    const transmit = (timeout: number, retransmissions: number) => {
      this.#send(peer, datagram);
      const timer = setTimeout(() => {
        if (retransmissions < this.#parameters.MAX_RETRANSMIT) transmit(2 * timeout, retransmissions + 1);
        else this.#separate.delete(key);
      }, timeout);
      this.#separate.set(key, timer);
    };
    transmit(initialTimeout(this.#parameters, randomBytes), 0);
  }

  #stopSeparate(peer: Peer, messageId: number): void {
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

  #send(peer: Peer, datagram: Uint8Array): void {
    this.#socket.send(datagram, peer.port, peer.address, (error) => {
      if (error && !this.#closed) this.#onError(error, `datagram to ${peer.name}`);
    });
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

function peerOf({ address, port }: RemoteInfo): Peer {
  return { name: formatAddress({ host: address, port }), address, port };
}

function separateKey(peer: Peer, messageId: number): string {
  return `${peer.name} ${messageId}`;
}
