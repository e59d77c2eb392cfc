/** The sensor's T: a counter that is written ahead, so that no reset can make it repeat. */

import { readUint, uint } from "../protocol/bytes.js";
import type { Storage } from "./device.js";

const NAME = "t";
const LAST = 2 ** 32 - 1;

/**
 * The next T, from 1. When this returns, its use is durable: a reset right after loses one T and repeats
 * none. Throws when the storage fails or the counter is used up, and then no exchange may begin.
 */
export function nextT(storage: Storage): number {
  const stored = storage.read(NAME);
  if (stored !== undefined && stored.length !== 4) {
    throw new RangeError(`T: expected 4 stored bytes, got ${stored.length}`);
  }
  const last = stored === undefined ? 0 : readUint(stored, 0, 4);
  if (last === LAST) throw new RangeError("T: all values are used; the sensor must be enrolled anew");
  const t = last + 1;
  storage.write(NAME, uint(t, 4));
  return t;
}
