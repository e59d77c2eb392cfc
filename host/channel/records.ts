/** What a Responder must not forget of its channels: keys, replay windows, its own sequence numbers. */

import { toHex } from "../../protocol/bytes.js";
import type { ChannelKeys } from "../../protocol/exchange/session.js";
import type { WindowState } from "../../protocol/oscore/replay-window.js";
import type { Store, Table } from "../store/store.js";

/** One channel: what one exchange led to. */
export interface ChannelRecord extends ChannelKeys {
  readonly sensor: string;
  /** The exchange's T. */
  readonly t: number;
  /** First bytes of RAND: the ID context of the provisional context. */
  readonly idContext: Uint8Array;
  /** The Responder's nonce, and the sender ID that it gave the sensor. */
  readonly nonce: Uint8Array;
  readonly senderId: Uint8Array;
  /** Of the sensor's sequence numbers, which both contexts share. */
  readonly window: WindowState;
  /** The Responder's next sequence number under the confirmed context. */
  readonly sequence: number;
  /** Whether the sensor has used the confirmed context: the provisional one is closed then. */
  readonly inUse: boolean;
}

/** Channels of one sensor that are kept: the last, and the one before for what is still under way. */
const KEPT = 2;

export class ChannelRecords {
  readonly #channels: Table<ChannelRecord>;
  readonly #provisional: Table<string>;
  readonly #sensors: Table<readonly string[]>;

  constructor(store: Store) {
    this.#channels = store.table("channels");
    this.#provisional = store.table("channel-contexts");
    this.#sensors = store.table("channel-sensors");
  }

  /** The channel whose sensor has this sender ID. */
  bySenderId(senderId: Uint8Array): ChannelRecord | undefined {
    return senderId.length === 0 ? undefined : this.#channels.get(toHex(senderId));
  }

  /** The channel of a provisional context. */
  byIdContext(idContext: Uint8Array): ChannelRecord | undefined {
    const name = idContext.length === 0 ? undefined : this.#provisional.get(toHex(idContext));
    return name === undefined ? undefined : this.#channels.get(name);
  }

  /** The channel of a sensor's last exchange. */
  latest(sensor: string): ChannelRecord | undefined {
    const [name] = this.#sensors.get(sensor) ?? [];
    return name === undefined ? undefined : this.#channels.get(name);
  }

  /** Adds a sensor's new channel, and forgets what is older than its last. Within a transaction. */
  add(record: ChannelRecord): void {
    const name = toHex(record.senderId);
    const names = [name, ...(this.#sensors.get(record.sensor) ?? [])];
    for (const old of names.slice(KEPT)) this.#forget(old);
    this.#sensors.put(record.sensor, names.slice(0, KEPT));
    this.#provisional.put(toHex(record.idContext), name);
    this.put(record);
  }

  /** Replaces a channel's record. Within a transaction. */
  put(record: ChannelRecord): void {
    this.#channels.put(toHex(record.senderId), record);
  }

  #forget(name: string): void {
    const record = this.#channels.get(name);
    if (record !== undefined) this.#provisional.delete(toHex(record.idContext));
    this.#channels.delete(name);
  }
}
