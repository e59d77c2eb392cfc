/** How long the sensor sleeps, where its Responder has said so: it outlasts reboots. */

import { readUint, uint } from "../protocol/bytes.js";
import type { Storage } from "./device.js";

/** Seconds, 4 bytes. */
const NAME = "interval";
const LENGTH = 4;

/** Milliseconds of sleep; `otherwise` where nobody has asked for others. Throws what the storage throws. */
export function readInterval(storage: Storage, otherwise: number): number {
  const bytes = storage.read(NAME);
  return bytes?.length === LENGTH ? 1000 * readUint(bytes, 0, LENGTH) : otherwise;
}

/** Takes effect with the next sleep. */
export function writeInterval(storage: Storage, seconds: number): void {
  storage.write(NAME, uint(seconds, LENGTH));
}

/** The sensor that it was asked of is no more. */
export function forgetInterval(storage: Storage): void {
  if ((storage.read(NAME)?.length ?? 0) > 0) storage.write(NAME, new Uint8Array(0));
}
