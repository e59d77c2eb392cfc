/**
 * What a hostile gateway may not bring about: another key at one end, a reading twice, altered, or called fresh when it
 * was held past its wake-up, and a secret in its own hands.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ascii, fromHex, toHex } from "../../protocol/bytes.js";
import type { Message } from "../../protocol/coap/message.js";
import { OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { nextPsk } from "../../protocol/exchange/chain.js";
import { confirmedContext, confirmedSecrets } from "../../protocol/exchange/channel.js";
import { readRequestHeader, unprotectRequest } from "../../protocol/oscore/protect.js";
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
  /** Readings, of all exchanges, that bore an Echo and reached the Responder after their wake-up. */
  readonly late: number;
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

/** What became of one run. */
interface Run {
  readonly sensor: string;
  /** Readings that were called fresh, as T/number. */
  readonly fresh: ReadonlySet<string>;
  readonly breaches: string[];
}

export class Trial {
  readonly #gateway: Pick<HostileGateway, "passed" | "meddled" | "late">;
  readonly #log: Uint8Array[] = [];
  readonly #secrets: Secret[] = [];
  readonly #channels: ChannelRecord[] = [];
  readonly #runs: Run[] = [];

  constructor(gateway: Pick<HostileGateway, "passed" | "meddled" | "late">) {
    this.#gateway = gateway;
  }

  /** A line of the gateway process. */
  readonly hearGateway = (event: PartyEvent): void => {
    this.#log.push(Buffer.from(JSON.stringify(event)));
  };

  /** Takes down the PSKs that a sensor begins with: it overwrites them. */
  enrolled({ sensors }: Pick<Folders, "sensors">): void {
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
  exchanged(
    index: number,
    { sensor, readings }: Pick<Exchange, "sensor" | "readings">,
    { initiatorTek, responderTek, confirmed }: Ends,
  ): void {
    // Shorter ones are there by chance at times; all stand in every reading.
    const words = readings.words.filter(({ length }) => length >= 8);
    for (const word of words) this.#know(`a reading's "${word}"`, ascii(word));
    const { altered, fresh, figures } = readings;
    const breaches = [
      ...(responderTek !== null && initiatorTek !== null && initiatorTek !== responderTek
        ? ["the ends have different keys"]
        : []),
      ...(confirmed && responderTek === null ? ["the sensor has a key that the Responder has not"] : []),
      ...(figures.duplicated > 0 ? [`${figures.duplicated} readings came twice`] : []),
      ...(altered > 0 ? [`${altered} readings came altered`] : []),
    ];
    this.#runs[index] = { sensor, fresh, breaches };
  }

  /** What came of it, for each run. Gateway and Responder have ended: their stores are read. */
  async conclude({ gateway, responder }: Pick<Folders, "gateway" | "responder">): Promise<Hostility[]> {
    await this.#learnChannels(responder);
    const places = [...this.#gateway.passed, ...this.#log, ...allFiles(gateway as string)];
    const searched = places.reduce((sum, { length }) => sum + length, 0);
    const seen = findSecrets(places, this.#secrets).map((name) => `the gateway had ${name}`);
    const late = this.#judgeLate();
    const { meddled } = this.#gateway;
    return this.#runs.map(({ breaches }) => ({ meddled, late, searched, breaches: [...breaches, ...seen] }));
  }

  /** Adds a breach for each late reading that was called fresh; returns how many bore an Echo. */
  #judgeLate(): number {
    let echoes = 0;
    for (const message of this.#gateway.late) {
      const { kid, kidContext, sequenceNumber } = readRequestHeader(message);
      const channel = this.#channels.find(({ senderId, idContext }) =>
        kidContext === undefined ? isSame(senderId, kid) : isSame(idContext, kidContext),
      );
      // Of a channel that the Responder has forgotten since, or never had.
      if (channel === undefined) continue;
      if (kidContext === undefined && bearsEcho(channel, message)) echoes++;
      const name = `${channel.t}/${sequenceNumber}`;
      const run = this.#runs.find(({ sensor, fresh }) => sensor === channel.sensor && fresh.has(name));
      run?.breaches.push(`reading ${name} was held past its wake-up and called fresh`);
    }
    return echoes;
  }

  /** The keys of both contexts of each channel that the Responder has. */
  async #learnChannels(folder: string): Promise<void> {
    const store = await openLmdbStore(stateFolder(folder));
    try {
      for (const [, record] of store.table<ChannelRecord>("channels").entries()) {
        const { sensor, tek, salt } = record;
        const secrets = confirmedSecrets(primitives, record, record);
        const { senderKey, recipientKey } = confirmedContext(primitives, "responder", secrets);
        this.#channels.push(record);
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

/** Whether a request that passed the gateway has an Echo inside. */
function bearsEcho(channel: ChannelRecord, message: Message): boolean {
  const secrets = confirmedSecrets(primitives, channel, channel);
  const context = confirmedContext(primitives, "responder", secrets);
  const { options } = unprotectRequest(primitives, context, readRequestHeader(message), message);
  return findOption(options, OptionNumbers.echo) !== undefined;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return toHex(a) === toHex(b);
}
