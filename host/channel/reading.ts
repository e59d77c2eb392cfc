/** A reading, as the application hears of it. */

import type { SenmlRecord } from "./senml.js";

/** What a sensor has measured. */
export interface Reading {
  readonly sensor: string;
  /** The exchange's T, and the reading's number in it: together they name the reading. */
  readonly t: number;
  readonly number: number;
  /** Whether it came under keys that have this Responder's nonce in them. */
  readonly confirmed: boolean;
  /** Whether the sensor sent it just now: a reading without a fresh Echo may be of any age. */
  readonly age: "fresh" | "unknown";
  readonly records: readonly SenmlRecord[];
}
