/** Readings of one run: what the sensor says that it sent against what the Responder says that it received. */

import type { PartyEvent } from "./process.js";

/** What became of them. */
export interface ReadingFigures {
  readonly sent: number;
  /** How many came, as they were sent, at least once. */
  readonly received: number;
  /** Deliveries beyond the first of each. */
  readonly duplicated: number;
  /** Sent, and never received as they were sent. */
  readonly lost: number;
  /** Received under the provisional context: they may be older than they seem. */
  readonly unconfirmed: number;
}

export class ReadingTally {
  /** Contents, by T and number. */
  readonly #sent = new Map<string, string>();
  readonly #received = new Map<string, { count: number; confirmed: boolean }>();
  readonly #words = new Set<string>();
  /** Those that the Responder called fresh, as T/number. */
  readonly fresh = new Set<string>();

  /** A "reading" event of the sensor. */
  sent({ t, number, records }: PartyEvent): void {
    this.#sent.set(`${t}/${number}`, JSON.stringify(records));
    if (!Array.isArray(records)) return;
    for (const { n } of records as { n?: unknown }[]) if (typeof n === "string") this.#words.add(n);
  }

  /** A "reading" event of the Responder. It may come before the sensor's: the processes are heard apart. */
  received({ t, number, records, confirmed, age }: PartyEvent): void {
    const key = `${t}/${number} ${JSON.stringify(records)}`;
    if (age === "fresh") this.fresh.add(`${t}/${number}`);
    const seen = this.#received.get(key);
    if (seen === undefined) this.#received.set(key, { count: 1, confirmed: confirmed === true });
    else seen.count++;
  }

  /** What the sensor measures, as its readings say it. */
  get words(): readonly string[] {
    return [...this.#words];
  }

  /** How many the Responder received that were never sent like that. */
  get altered(): number {
    const sent = new Set([...this.#sent].map(([name, records]) => `${name} ${records}`));
    return [...this.#received.keys()].filter((key) => !sent.has(key)).length;
  }

  get figures(): ReadingFigures {
    const good = [...this.#sent].flatMap(([name, records]) => this.#received.get(`${name} ${records}`) ?? []);
    const sent = this.#sent.size;
    return {
      sent,
      received: good.length,
      duplicated: good.reduce((sum, { count }) => sum + count - 1, 0),
      lost: sent - good.length,
      unconfirmed: good.filter(({ confirmed }) => !confirmed).length,
    };
  }
}

/** Whether each reading came once. */
export function areComplete({ sent, received, duplicated }: ReadingFigures, wanted: number): boolean {
  return sent === wanted && received === sent && duplicated === 0;
}
