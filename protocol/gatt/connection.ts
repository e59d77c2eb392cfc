/**
 * One end of a CoAP-over-GATT connection as a state machine (draft-ietf-core-coap-over-gatt-00 §3.2): messages,
 * values and time go in; values to send, messages and failures come out. Both ends are alike. A connection lives as
 * long as Bluetooth's.
 *
 * A message that is sent reliably waits for the peer's A to be its M, and is sent again, as the same value, until
 * then; one at a time. This needs no indications: a notification or write that the stack drops comes again. It needs
 * values of one direction to stay in order, as Bluetooth keeps them.
 *
 * Call send, receive or tick; then do what take() gives, and call tick again at nextWake(). Times are milliseconds.
 */

import { equal } from "../bytes.js";
import { type Bit, type Content, decodeGatt, encodeGatt, type GattMessage } from "./message.js";

export interface GattConnectionOptions {
  /** Until a message is sent again; default 500. Connection intervals of sleepy devices are up to 4 s. */
  readonly retransmitAfter?: number;
  /** How often a message is sent again; default 20. */
  readonly maxRetransmit?: number;
}

export interface SendOptions {
  /** Whether it waits for the peer's acknowledgement; default true. */
  readonly reliable?: boolean;
}

/** Names a message that is sent reliably. */
export type SendHandle = number;

export type GattAction =
  /** For the peer, in this order. */
  | { readonly kind: "value"; readonly value: Uint8Array }
  | { readonly kind: "message"; readonly content: Content }
  /** The peer has the message. */
  | { readonly kind: "acknowledged"; readonly handle: SendHandle }
  /** The peer does not answer, and whose turn it is can't be told any more: the connection must be ended. */
  | { readonly kind: "lost" }
  /** A value of the peer was ignored. */
  | { readonly kind: "ignored"; readonly reason: string };

const RETRANSMIT_AFTER = 500;
const MAX_RETRANSMIT = 20;
/** Messages that may wait for their turn. */
const MAX_QUEUED = 16;

interface Outgoing {
  readonly handle: SendHandle;
  readonly content: Content;
}

interface Transmission {
  readonly handle: SendHandle;
  readonly message: GattMessage;
  retransmissions: number;
  retransmitAt: number;
}

export class GattConnection {
  readonly #retransmitAfter: number;
  readonly #maxRetransmit: number;
  readonly #queue: Outgoing[] = [];
  #transmission: Transmission | undefined;
  /** The message ID of the last reliable message, and whether there was one: the next takes the other. */
  #messageId: Bit = 1;
  #used = false;
  /** The last message ID with C of the peer, and whether there was one. */
  #peerMessageId: Bit = 0;
  #peerUsed = false;
  /** The value that was received last. */
  #last: Uint8Array | undefined;
  /** The peer waits for an A that no value has brought it. */
  #owesAcknowledgement = false;
  #lost = false;
  #lastHandle = 0;
  #actions: GattAction[] = [];

  constructor({ retransmitAfter, maxRetransmit }: GattConnectionOptions = {}) {
    this.#retransmitAfter = retransmitAfter ?? RETRANSMIT_AFTER;
    this.#maxRetransmit = maxRetransmit ?? MAX_RETRANSMIT;
  }

  /**
   * Sends a message, now or, where it is reliable, as soon as the one before it was acknowledged. Throws a RangeError
   * when it can't be one value or too many wait, an Error once the connection is lost.
   */
  send(now: number, content: Content, { reliable = true }: SendOptions = {}): SendHandle {
    // A message that can't be sent must fail here, not in the queue.
    encodeGatt({ messageId: 0, confirm: false, acknowledged: 0, content });
    if (this.#lost) throw new Error("connection: it is lost");
    const handle = ++this.#lastHandle;
    if (!reliable) {
      // The draft lets a sender that waits for an acknowledgement send nothing else.
      if (this.#transmission !== undefined) throw new RangeError("message: a reliable one is under way");
      this.#put({ ...this.#bits(), confirm: false, content });
      return handle;
    }
    if (this.#queue.length >= MAX_QUEUED) throw new RangeError(`messages: ${MAX_QUEUED} are waiting`);
    this.#queue.push({ handle, content });
    this.#startNext(now);
    return handle;
  }

  /** Takes a value of the peer. Whatever is in it, nothing is thrown. */
  receive(now: number, value: Uint8Array): void {
    let message: GattMessage | undefined;
    try {
      message = decodeGatt(value);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#actions.push({ kind: "ignored", reason: error.message });
      return;
    }
    if (message === undefined) {
      this.#actions.push({ kind: "ignored", reason: "R: the reserved bit is set" });
      return;
    }
    const repeated = this.#isRepeated(message, value);
    this.#last = value.slice();
    this.#acknowledge(now, message.acknowledged);
    if (message.confirm) {
      this.#peerMessageId = message.messageId;
      this.#peerUsed = true;
      this.#owesAcknowledgement = true;
    }
    if (!repeated && message.content !== undefined) {
      this.#actions.push({ kind: "message", content: message.content });
    }
  }

  /** Sends again what is due. */
  tick(now: number): void {
    const transmission = this.#transmission;
    if (transmission === undefined || now < transmission.retransmitAt) return;
    if (transmission.retransmissions >= this.#maxRetransmit) {
      this.#transmission = undefined;
      this.#queue.length = 0;
      this.#lost = true;
      this.#actions.push({ kind: "lost" });
      return;
    }
    transmission.retransmissions++;
    this.#transmit(now, transmission);
  }

  /**
   * What there is to do since the last call, in order. An acknowledgement that no message of ours brings goes alone,
   * at the end: call send() before, where there is an answer already.
   */
  take(): GattAction[] {
    if (this.#owesAcknowledgement) this.#put({ ...this.#bits(), confirm: false, content: undefined });
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** When tick must be called next; undefined while nothing waits for an acknowledgement. */
  nextWake(): number | undefined {
    return this.#transmission?.retransmitAt;
  }

  /**
   * Identical to the last value (§3.2.3), or a reliable message whose ID we had: it came again because our
   * acknowledgement was lost, perhaps with another A.
   */
  #isRepeated({ messageId, confirm }: GattMessage, value: Uint8Array): boolean {
    if (this.#last !== undefined && equal(this.#last, value)) return true;
    return confirm && this.#peerUsed && messageId === this.#peerMessageId;
  }

  #acknowledge(now: number, id: Bit): void {
    const transmission = this.#transmission;
    if (transmission === undefined || id !== transmission.message.messageId) return;
    this.#transmission = undefined;
    this.#actions.push({ kind: "acknowledged", handle: transmission.handle });
    this.#startNext(now);
  }

  #startNext(now: number): void {
    if (this.#transmission !== undefined) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    if (this.#used) this.#messageId = this.#messageId ? 0 : 1;
    this.#used = true;
    const message = { ...this.#bits(), confirm: true, content: next.content };
    this.#transmission = { handle: next.handle, message, retransmissions: 0, retransmitAt: 0 };
    this.#transmit(now, this.#transmission);
  }

  #transmit(now: number, transmission: Transmission): void {
    transmission.retransmitAt = now + this.#retransmitAfter;
    this.#put({ ...transmission.message, acknowledged: this.#peerMessageId });
  }

  #bits(): Pick<GattMessage, "messageId" | "acknowledged"> {
    return { messageId: this.#messageId, acknowledged: this.#peerMessageId };
  }

  #put(message: GattMessage): void {
    this.#owesAcknowledgement = false;
    this.#actions.push({ kind: "value", value: encodeGatt(message) });
  }
}
