/**
 * CoAP over Bluetooth Low Energy (draft-ietf-core-coap-over-gatt-00): the board is the peripheral and GATT server, the
 * border router the central. The server's class is handed in as `io`; boards/ has it over what their SDK offers.
 *
 * The connection repeats and acknowledges messages itself, so the link takes the place of CoAP's message layer: a
 * request that the router has is acknowledged here, and its response comes as a Non-confirmable one. The router is a
 * forward-proxy, as on a serial line (RFC 7252 §5.7.2).
 */

import { decodeMessage, encodeEmpty, encodeMessage } from "../../protocol/coap/message.js";
import { isRequest, isResponse, Types } from "../../protocol/coap/numbers.js";
import { proxyOptions } from "../../protocol/coap/proxy.js";
import type { TransmissionParameters } from "../../protocol/coap/transmission.js";
import { GattConnection, type SendHandle } from "../../protocol/gatt/connection.js";
import type { Content } from "../../protocol/gatt/message.js";
import type { Clock, Link, TimerId } from "../device.js";

/** A GATT server with the service of protocol/gatt/service.ts, which advertises while no central is connected. */
export interface GattServer {
  /** A value for the central that is connected. It may be lost. */
  notify(value: Uint8Array): void;
  /** Ends the connection; onDisconnected follows. */
  disconnect(): void;
  /** Ends all; nothing is heard any more. */
  close(): void;
}

export interface GattServerOptions {
  /** A central wants to hear notifications, of up to so many bytes. */
  onConnected(longest: number): void;
  /** Notifications may have another length from now on. */
  onLongest(longest: number): void;
  onDisconnected(): void;
  /** The central has written a value. */
  onWritten(value: Uint8Array): void;
}

export type GattServerClass = new (options: GattServerOptions) => GattServer;

export interface GattLinkOptions {
  readonly io: GattServerClass;
  readonly clock: Clock;
  /** Hears of a message that can't go in one notification. It is lost. */
  onLost?(reason: string): void;
}

/** All messages come from and go to the border router. */
const ROUTER = "gatt";
/** Requests that may wait for a central. */
const MAX_WAITING = 8;

/** CoAP's own repeats are not needed; a central may take its time until it connects. */
const transmission: Partial<TransmissionParameters> = { ACK_TIMEOUT: 60_000, MAX_RETRANSMIT: 0, NSTART: 4 };

/** A request that the router is not known to have. */
interface Waiting {
  readonly messageId: number;
  readonly content: Content;
  /** In this connection. */
  handle: SendHandle | undefined;
}

/** Opens the link: the board advertises from now on. Throws when the server can't be had. */
export function openGattLink(
  options: GattLinkOptions,
  onDatagram: (peer: string, datagram: Uint8Array) => void,
): Link {
  const link = new GattLink(options, onDatagram);
  return {
    transmission,
    neighbour: ROUTER,
    route: (address) => ({ peer: ROUTER, options: proxyOptions(address) }),
    send: (_, datagram) => link.send(datagram),
    close: () => link.close(),
  };
}

class GattLink {
  readonly #server: GattServer;
  readonly #clock: Clock;
  readonly #onLost: (reason: string) => void;
  readonly #waiting: Waiting[] = [];
  /** While a central listens. */
  #connection: GattConnection | undefined;
  #longest = 0;
  #timer: TimerId | undefined;
  /** Of the responses that are handed over. */
  #messageId = 0;
  #closed = false;

  constructor(
    { io, clock, onLost }: GattLinkOptions,
    private readonly onDatagram: (peer: string, datagram: Uint8Array) => void,
  ) {
    this.#clock = clock;
    this.#onLost = onLost ?? (() => {});
    this.#server = new io({
      onConnected: (longest) => {
        this.#connection = new GattConnection();
        this.#longest = longest;
        this.#startWaiting();
        this.#work();
      },
      onLongest: (longest) => {
        this.#longest = longest;
      },
      onDisconnected: () => {
        this.#connection = undefined;
        for (const waiting of this.#waiting) waiting.handle = undefined;
      },
      onWritten: (value) => {
        this.#connection?.receive(this.#clock.now(), value);
        this.#work();
      },
    });
  }

  /** Requests go to the router; what acknowledges responses is not needed here. */
  send(datagram: Uint8Array): void {
    const message = decodeMessage(datagram);
    if (message === undefined || !isRequest(message.code)) return;
    const { messageId, code, token, options, payload } = message;
    if (this.#waiting.some((it) => it.messageId === messageId)) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#onLost(`${MAX_WAITING} requests wait for a central`);
      return;
    }
    this.#waiting.push({ messageId, content: { code, token, options, payload }, handle: undefined });
    this.#startWaiting();
    this.#work();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#server.close();
  }

  /** Gives the connection what it does not have yet; what it refuses is lost. */
  #startWaiting(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    for (let i = 0; i < this.#waiting.length; ) {
      const waiting = this.#waiting[i];
      try {
        waiting.handle ??= connection.send(this.#clock.now(), waiting.content);
        i++;
      } catch (error) {
        this.#waiting.splice(i, 1);
        this.#onLost((error as Error).message);
      }
    }
  }

  /** Does what the connection asks for. What is heard may close the link. */
  #work(): void {
    const actions = this.#connection?.take() ?? [];
    // Acknowledgements go first: what is heard may end the exchange.
    for (const action of actions) if (action.kind === "value") this.#notify(action.value);
    for (const action of actions) {
      if (this.#closed) return;
      if (action.kind === "message") this.#hear(action.content);
      else if (action.kind === "acknowledged") this.#acknowledged(action.handle);
      else if (action.kind === "lost") this.#server.disconnect();
    }
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = undefined;
    const wake = this.#connection?.nextWake();
    if (wake === undefined || this.#closed) return;
    this.#timer = this.#clock.set(
      () => {
        this.#timer = undefined;
        this.#connection?.tick(this.#clock.now());
        this.#work();
      },
      Math.max(0, wake - this.#clock.now()),
    );
  }

  #notify(value: Uint8Array): void {
    if (value.length <= this.#longest) this.#server.notify(value);
    else this.#onLost(`${value.length} bytes, and a notification takes ${this.#longest}`);
  }

  #hear(content: Content): void {
    if (!isResponse(content.code)) return;
    this.#messageId = (this.#messageId + 1) & 0xffff;
    this.onDatagram(ROUTER, encodeMessage({ ...content, type: Types.NON, messageId: this.#messageId }));
  }

  #acknowledged(handle: SendHandle): void {
    const index = this.#waiting.findIndex((it) => it.handle === handle);
    if (index < 0) return;
    const [{ messageId }] = this.#waiting.splice(index, 1);
    this.onDatagram(ROUTER, encodeEmpty(Types.ACK, messageId));
  }
}
