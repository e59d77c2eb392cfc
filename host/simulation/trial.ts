/**
 * What a hostile gateway may not bring about: another key at one end, a reading twice, altered, or called fresh when it
 * was held past its wake-up, and a secret in its own hands.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ascii, fromHex } from "../../protocol/bytes.js";
import { nextPsk } from "../../protocol/exchange/chain.js";
import { confirmedContext, confirmedSecrets } from "../../protocol/exchange/channel.js";
import type { ChannelRecord } from "../channel/records.js";
import { stateFolder } from "../own-folder.js";
import { primitives } from "../primitives.js";
import { openLmdbStore } from "../store/lmdb.js";
import type { Exchange } from "./exchange.js";
import type { Folders } from "./folders.js";
import type { HostileGateway } from "./hostile.js";
import type { PartyEvent } from "./process.js";
import { allFiles, findSecrets, type Secret } from "./secret-search.js";

/** What came of a gateway's hostility in one exchange. */
export interface Hostility {
  /** Messages between gateway and servers, of all exchanges, that did not go on as they were. */
  readonly meddled: number;
  /** Bytes that passed the gateway, that it stored and logged, which were searched for secrets. */
  readonly searched: number;
  /** What should not have been possible; empty when all is well. */
  readonly breaches: readonly string[];
}

/** How an exchange ended at both ends: fingerprints of the keys. */
interface Ends {
  readonly initiatorTek: string | null;
  readonly responderTek: string | null;
  /** Whether the sensor verified R_I. */
  readonly confirmed: boolean;
}

export class Trial {
  readonly #gateway: HostileGateway;
  readonly #sleep: boolean;
  readonly #log: Uint8Array[] = [];
  readonly #secrets: Secret[] = [];
  /** By run. */
  readonly #breaches: string[][] = [];

  constructor(gateway: HostileGateway, sleep: boolean) {
    this.#gateway = gateway;
    this.#sleep = sleep;
  }

  /** A line of the gateway process. */
  readonly hearGateway = (event: PartyEvent): void => {
    this.#log.push(Buffer.from(JSON.stringify(event)));
  };

  /** Takes down the PSKs that a sensor begins with: it overwrites them. */
  enrolled({ sensors }: Folders): void {
    for (const [sensor, folder] of sensors) {
      const { psks } = JSON.parse(readFileSync(join(folder, "sensor.json"), "utf8")) as { psks: string[] };
      for (const [i, hex] of psks.entries()) {
        const psk = fromHex(hex);
        this.#know(`PSK ${i + 1} of ${sensor}`, psk);
        this.#know(`next PSK ${i + 1} of ${sensor}`, nextPsk(primitives, psk));
      }
    }
  }

  /** Judges run `index`, which is over. */
  exchanged(index: number, { readings }: Exchange, { initiatorTek, responderTek, confirmed }: Ends): void {
    // Shorter ones are there by chance at times; all stand in every reading.
    const words = readings.words.filter(({ length }) => length >= 8);
    for (const word of words) this.#know(`a reading's "${word}"`, ascii(word));
    const { altered, fresh, figures } = readings;
    const held = this.#gateway.mode === "delay" && this.#sleep;
    this.#breaches[index] = [
      ...(responderTek !== null && initiatorTek !== null && initiatorTek !== responderTek
        ? ["the ends have different keys"]
        : []),
      ...(confirmed && responderTek === null ? ["the sensor has a key that the Responder has not"] : []),
      ...(figures.duplicated > 0 ? [`${figures.duplicated} readings came twice`] : []),
      ...(altered > 0 ? [`${altered} readings came altered`] : []),
      ...(held && fresh > 0 ? [`${fresh} readings were held past their wake-up and called fresh`] : []),
    ];
  }

  /** What came of it, for each run. Gateway and Responder have ended: their stores are read. */
  async conclude({ gateway, responder }: Folders): Promise<Hostility[]> {
    await this.#learnChannels(responder);
    const places = [...this.#gateway.passed, ...this.#log, ...allFiles(gateway as string)];
    const searched = places.reduce((sum, { length }) => sum + length, 0);
    const seen = findSecrets(places, this.#secrets).map((name) => `the gateway had ${name}`);
    const { meddled } = this.#gateway;
    return this.#breaches.map((own) => ({ meddled, searched, breaches: [...own, ...seen] }));
  }

  /** The keys of both contexts of each channel that the Responder has. */
  async #learnChannels(folder: string): Promise<void> {
    const store = await openLmdbStore(stateFolder(folder));
    try {
      for (const [, record] of store.table<ChannelRecord>("channels").entries()) {
        const { sensor, tek, salt } = record;
        const secrets = confirmedSecrets(primitives, record, record);
        const { senderKey, recipientKey } = confirmedContext(primitives, "responder", secrets);
        this.#know(`the TEK of ${sensor}`, tek);
        this.#know(`the salt of ${sensor}`, salt);
        this.#know(`the channel's master secret of ${sensor}`, secrets.masterSecret);
        this.#know(`a channel key of ${sensor}`, senderKey);
        this.#know(`a channel key of ${sensor}`, recipientKey);
      }
    } finally {
      await store.close();
    }
  }

  #know(name: string, bytes: Uint8Array): void {
    this.#secrets.push({ name, bytes });
  }
}
