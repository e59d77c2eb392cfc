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
  /** Readings under the confirmed context since another exchange has ended here. */
  readonly since?: number;
}

/**
 * Channels of one sensor that are kept: the last, and the one before for what is still under way; and where it uses neither,
 * the one that it does use, for R_I of both may have been lost.
 */
const KEPT = 2;
/**
 * After so many readings under a channel the sensor does not know of the exchange after it: one leaves behind the bundle, and
 * before the next the sensor has asked for R_I.
 */
const UNAWARE = 2;

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

  /** The channel under which a sensor can be asked: that of its last exchange, unless it has evidently not learned of that. */
  present(sensor: string): ChannelRecord | undefined {
    const records = this.#of(sensor);
    const used = records.find(({ inUse }) => inUse);
    return used !== undefined && (used.since ?? 0) >= UNAWARE ? used : records[0];
  }

  /** Adds a sensor's new channel, and forgets those that can't be used any more. Within a transaction. */
  add(record: ChannelRecord): void {
    const before = this.#of(record.sensor);
    const inUse = before.find((other) => other.inUse);
    if (inUse !== undefined) this.put({ ...inUse, since: 0 });
    const isKept = (other: ChannelRecord, i: number) => i < KEPT - 1 || other === inUse;
    for (const other of before.filter((each, i) => !isKept(each, i))) this.#forget(other);
    const kept = [record, ...before.filter(isKept)];
    this.#sensors.put(
      record.sensor,
      kept.map(({ senderId }) => toHex(senderId)),
    );
    this.#provisional.put(toHex(record.idContext), toHex(record.senderId));
    this.put(record);
  }

  /** Replaces a channel's record. Within a transaction. */
  put(record: ChannelRecord): void {
    this.#channels.put(toHex(record.senderId), record);
  }

  /** Those of a sensor, the last one first. */
  #of(sensor: string): ChannelRecord[] {
    return (this.#sensors.get(sensor) ?? []).flatMap((name) => this.#channels.get(name) ?? []);
  }

  #forget({ idContext, senderId }: ChannelRecord): void {
    this.#provisional.delete(toHex(idContext));
    this.#channels.delete(toHex(senderId));
  }
}
