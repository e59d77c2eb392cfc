/**
 * A confirmed channel as it outlasts sleep and reset: its secrets, with the numbers that were used under them, in one
 * value, so that no reset parts them.
 */

import { concat, readUint, uint } from "../protocol/bytes.js";
import type { ConfirmedSecrets } from "../protocol/exchange/channel.js";
import { type Identity, sameIdentity } from "../protocol/mikey/identity.js";
import type { SequenceStorage } from "../protocol/oscore/sender-sequence.js";
import type { Storage } from "./device.js";

export interface ChannelState extends ConfirmedSecrets {
  /** The T of its exchange. */
  readonly t: number;
  /** The first number of ours that was never reserved. */
  readonly reserved: number;
  /** The first number of the Responder's requests that may still be taken. */
  readonly taken: number;
}

/**
 * format 2 ‖ T 4 ‖ reserved 5 ‖ master secret 16 ‖ master salt 8 ‖ taken 5 ‖ sender ID, length before it ‖ ID type ‖
 * identity
 */
const NAME = "channel";
const FORMAT = 2;
const SECRET = 10;
const SALT = 26;
const TAKEN = 34;
const SENDER_ID = 39;

export class KeptChannel implements SequenceStorage {
  #state: ChannelState;

  /** What is kept for this Responder; undefined where nothing is. Throws a RangeError for what another firmware has stored. */
  static read(storage: Storage, responder: Identity): KeptChannel | undefined {
    const bytes = storage.read(NAME);
    if (bytes === undefined || bytes.length === 0) return undefined;
    const end = SENDER_ID + 1 + bytes[SENDER_ID];
    if (bytes[0] !== FORMAT || !(end < bytes.length))
      throw new RangeError("channel: what is stored is of another format");
    const known = { type: bytes[end], data: bytes.subarray(end + 1) } as Identity;
    if (!sameIdentity(known, responder)) return undefined;
    return new KeptChannel(storage, responder, {
      t: readUint(bytes, 1, 4),
      reserved: readUint(bytes, 5, 5),
      masterSecret: bytes.slice(SECRET, SALT),
      masterSalt: bytes.slice(SALT, TAKEN),
      taken: readUint(bytes, TAKEN, 5),
      senderId: bytes.slice(SENDER_ID + 1, end),
    });
  }

  /** Keeps a channel in the place of the one before; it is durable when this returns. */
  static write(storage: Storage, responder: Identity, state: ChannelState): KeptChannel {
    const kept = new KeptChannel(storage, responder, state);
    kept.#write(state);
    return kept;
  }

  /** Wipes what is kept: the sensor that it is of is no more. */
  static forget(storage: Storage): void {
    if ((storage.read(NAME)?.length ?? 0) > 0) storage.write(NAME, new Uint8Array(0));
  }

  private constructor(
    private readonly storage: Storage,
    private readonly responder: Identity,
    state: ChannelState,
  ) {
    this.#state = state;
  }

  get state(): ChannelState {
    return this.#state;
  }

  /** As SequenceStorage. */
  load(): number {
    return this.#state.reserved;
  }

  /** As SequenceStorage. */
  store(reserved: number): void {
    this.#write({ ...this.#state, reserved });
  }

  /** A request of the Responder with this number is acted on: none with it or one below it is any more. */
  take(number: number): void {
    this.#write({ ...this.#state, taken: number + 1 });
  }

  #write(state: ChannelState): void {
    const { t, reserved, masterSecret, masterSalt, taken, senderId } = state;
    const head = concat(uint(FORMAT, 1), uint(t, 4), uint(reserved, 5));
    const name = concat(uint(this.responder.type, 1), this.responder.data);
    const numbers = concat(uint(taken, 5), uint(senderId.length, 1));
    this.storage.write(NAME, concat(head, masterSecret, masterSalt, numbers, senderId, name));
    this.#state = state;
  }
}
