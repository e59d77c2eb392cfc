/**
 * What a hostile gateway may not bring about: another key at one end, a reading twice, altered, or called fresh when it
 * was held past its wake-up, and a secret in its own hands.
 *
 * Secrets are looked for in all that passed the gateway, in its log, its store and the memory of its process; and so is
 * one that was sent to it to be stored, which must be found.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ascii, fromHex, toHex } from "../../protocol/bytes.js";
import { decodeMessage, type Message } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption, type Option } from "../../protocol/coap/options.js";
import { nextPsk } from "../../protocol/exchange/chain.js";
import { confirmedContext, confirmedSecrets, provisionalContext } from "../../protocol/exchange/channel.js";
import { encodeOscoreOption } from "../../protocol/oscore/option.js";
import { readRequestHeader, unprotectRequest } from "../../protocol/oscore/protect.js";
import type { ChannelRecord } from "../channel/records.js";
import { stateFolder } from "../own-folder.js";
import { primitives, randomSource } from "../primitives.js";
import { openLmdbStore } from "../store/lmdb.js";
import type { Exchange } from "./exchange.js";
import type { Folders } from "./folders.js";
import type { HostileGateway } from "./hostile.js";
import type { PartyEvent } from "./process.js";
import { MemoryError } from "./process-memory.js";
import type { Hostility, Place } from "./result.js";
import { allFiles, findSecrets, type Secret } from "./secret-search.js";

/** Bytes of what is planted. */
const PLANTED_LENGTH = 16;
/** Of a sensor that nobody has. */
const KID_LENGTH = 4;
const PLANTED = "what was planted";

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
  readonly #searched: Partial<Record<Place, number>> = {};
  /** What no exchange brought about by itself. */
  readonly #common: string[] = [];
  #planted: Uint8Array | undefined;
  #unsearched: string | undefined;

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
    // Shorter ones are there by chance at times; each reading has one of these.
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

  /**
   * A request to be sent to the gateway, which will store it for the Responder: its payload is then to be found. Undefined
   * when the gateway has taken no bundle.
   */
  plant():
    | { readonly path: string; readonly options: readonly Option[]; readonly payload: Uint8Array }
    | undefined {
    const path = this.#gateway.passed.flatMap((datagram) => locationOf(datagram) ?? []).pop();
    if (path === undefined) {
      this.#common.push("the gateway took no bundle, so that nothing could be planted");
      return undefined;
    }
    this.#planted = randomSource(PLANTED_LENGTH);
    const value = encodeOscoreOption({ piv: Uint8Array.of(0), kid: randomSource(KID_LENGTH) });
    return { path, options: [{ number: OptionNumbers.oscore, value }], payload: this.#planted };
  }

  /** Learns what the Responder knows. It has ended: its store is read. */
  async learn({ responder }: Pick<Folders, "responder">): Promise<void> {
    const store = await openLmdbStore(stateFolder(responder));
    try {
      for (const [, record] of store.table<ChannelRecord>("channels").entries()) this.#learnChannel(record);
    } finally {
      await store.close();
    }
  }

  /** Searches the memory of the gateway process, which must still be there; where that can't be, the result says so. */
  searchMemory(memory: Iterable<Uint8Array>): void {
    try {
      this.#search("memory", memory);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
      this.#unsearched = error.message;
    }
  }

  /** What came of it, for each run. The gateway has ended. */
  conclude({ gateway }: Pick<Folders, "gateway">): Hostility[] {
    this.#search("traffic", this.#gateway.passed);
    this.#search("log", this.#log);
    this.#search("store", allFiles(gateway as string));
    const late = this.#judgeLate();
    const { meddled } = this.#gateway;
    return this.#runs.map(({ breaches }) => ({
      ...{ meddled, late, searched: this.#searched },
      ...(this.#unsearched !== undefined && { unsearched: this.#unsearched }),
      breaches: [...breaches, ...this.#common],
    }));
  }

  #search(place: Place, pieces: Iterable<Uint8Array>): void {
    let count = 0;
    const counted = function* () {
      for (const piece of pieces) {
        count += piece.length;
        yield piece;
      }
    };
    const planted = this.#planted && { name: PLANTED, bytes: this.#planted };
    const found = findSecrets(counted(), [...this.#secrets, ...(planted === undefined ? [] : [planted])]);
    this.#searched[place] = count;
    const had = found.filter((name) => name !== PLANTED);
    this.#common.push(...had.map((name) => `the gateway had ${name} in its ${place}`));
    // A log tells nothing of what is in messages.
    if (place !== "log" && planted !== undefined && !found.includes(PLANTED))
      this.#common.push(`the search did not find in the gateway's ${place} what was planted there`);
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

  /** The keys of both contexts of a channel. */
  #learnChannel(record: ChannelRecord): void {
    const { sensor, tek, salt } = record;
    const secrets = confirmedSecrets(primitives, record, record);
    const { senderKey, recipientKey } = confirmedContext(primitives, "responder", secrets);
    const early = provisionalContext(primitives, "responder", { rand: record.idContext }, record);
    this.#channels.push(record);
    this.#know(`the TEK of ${sensor}`, tek);
    this.#know(`the salt of ${sensor}`, salt);
    this.#know(`the channel's master secret of ${sensor}`, secrets.masterSecret);
    for (const key of [senderKey, recipientKey]) this.#know(`a channel key of ${sensor}`, key);
    this.#know(`the provisional channel key of ${sensor}`, early.recipientKey);
  }

  #know(name: string, bytes: Uint8Array): void {
    this.#secrets.push({ name, bytes });
  }
}

/** The Location-Path in a 2.01; undefined for anything else. */
function locationOf(datagram: Uint8Array): string | undefined {
  let message: Message | undefined;
  try {
    message = decodeMessage(datagram);
  } catch (error) {
    // A hostile gateway may have been sent anything.
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (message?.code !== Codes.created) return undefined;
  const segments = message.options.filter(({ number }) => number === OptionNumbers.locationPath);
  return segments.length === 0
    ? undefined
    : segments.map(({ value }) => Buffer.from(value).toString("latin1")).join("/");
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
