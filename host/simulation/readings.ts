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

  /** A "reading" event of the sensor. */
  sent({ t, number, records }: PartyEvent): void {
    this.#sent.set(`${t}/${number}`, JSON.stringify(records));
  }

  /** A "reading" event of the Responder. It may come before the sensor's: the processes are heard apart. */
  received({ t, number, records, confirmed }: PartyEvent): void {
    const key = `${t}/${number} ${JSON.stringify(records)}`;
    const seen = this.#received.get(key);
    if (seen === undefined) this.#received.set(key, { count: 1, confirmed: confirmed === true });
    else seen.count++;
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
