/**
 * Bundles that have a pseudonym in the place of handle and T: whose they are. T is the highest that third parties have
 * found good, durably, more of them than may lie together: they have the linking key too. Until then it is that of the
 * enrolment. Nobody without the linking key can make a pseudonym of a T to come.
 */

import { isPseudonymous, readPseudonym, withoutPseudonym } from "../../protocol/exchange/bundle-parts.js";
import { PseudonymTable } from "../pseudonyms.js";
import { messageDigest } from "../refusals.js";
import { orderedKey, type Store, type Table } from "../store/store.js";
import type { GatewaySensor } from "./folder.js";

export interface PseudonymsOptions {
  /** All sensors by handle: the same map as long as none is another. */
  sensors(): ReadonlyMap<number, GatewaySensor>;
  readonly store: Store;
}

/** The last T of a sensor that was good. */
interface LastT {
  /** Under which linking key: a digest of it. Another enrolment has another. */
  readonly key: string;
  readonly t: number;
}

export class Pseudonyms {
  readonly #options: PseudonymsOptions;
  readonly #table = new PseudonymTable<number>();
  readonly #last: Table<LastT>;
  /** What the table was made of. */
  #sensors: ReadonlyMap<number, GatewaySensor> = new Map();

  constructor(options: PseudonymsOptions) {
    this.#options = options;
    this.#last = options.store.table("last");
  }

  /** A bundle as it is without a pseudonym; undefined for one of nobody. Throws a DecodeError. */
  unveil(bundle: Uint8Array): Uint8Array | undefined {
    if (!isPseudonymous(bundle)) return bundle;
    const pseudonym = readPseudonym(bundle);
    this.#keepUp();
    // Two sensors with one pseudonym at a time are a matter for those who have keys: the other one goes without the gateway.
    const [found] = this.#table.find(pseudonym);
    return found && withoutPseudonym(bundle, found.owner, found.t);
  }

  /** A bundle with this T was good. */
  good(handle: number, t: number): void {
    const pseudonyms = this.#options.sensors().get(handle)?.pseudonyms;
    if (pseudonyms === undefined || t < this.#next(handle, pseudonyms)) return;
    const last = { key: digestOf(pseudonyms), t };
    this.#options.store.transaction(() => this.#last.put(orderedKey(handle), last));
    this.#table.used(handle, t);
  }

  #next(handle: number, pseudonyms: NonNullable<GatewaySensor["pseudonyms"]>): number {
    const last = this.#last.get(orderedKey(handle));
    return last?.key === digestOf(pseudonyms) ? last.t + 1 : pseudonyms.t;
  }

  /** Sensors may have come, gone, or been enrolled anew. */
  #keepUp(): void {
    const sensors = this.#options.sensors();
    if (sensors === this.#sensors) return;
    this.#sensors = sensors;
    for (const handle of [...this.#table.owners()]) {
      if (sensors.get(handle)?.pseudonyms === undefined) this.#table.forget(handle);
    }
    for (const [handle, { pseudonyms }] of sensors) {
      if (pseudonyms === undefined) continue;
      this.#table.follow(handle, pseudonyms.linkingKey, this.#next(handle, pseudonyms));
    }
  }
}

function digestOf({ linkingKey }: NonNullable<GatewaySensor["pseudonyms"]>): string {
  return messageDigest(linkingKey).slice(0, 32);
}
