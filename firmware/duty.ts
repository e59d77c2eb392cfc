/** What a sensor remembers of wake-ups that went badly: so little is written when all goes well that it costs nothing. */

import type { Storage } from "./device.js";

export interface Duty {
  /** Exchanges that failed since the last one that was confirmed, 6 at most. */
  readonly failed: number;
  /** Wake-ups that are to pass before the next exchange. */
  readonly rest: number;
  /** Wake-ups since the Responder acknowledged a reading, `SILENT` at most. */
  readonly unacknowledged: number;
}

/** So many wake-ups without an acknowledgement: the Responder may have lost the session. */
export const SILENT = 4;

const MOST_FAILED = 6;
const NAME = "duty";

export const noTrouble: Duty = { failed: 0, rest: 0, unacknowledged: 0 };

/**
 * How it stands when an exchange begins, as if it had failed: a weak battery that gives out in each one meets the
 * pause too. 1, 3, 7 … 63 wake-ups pass before the next.
 */
export function beforeExchange(duty: Duty): Duty {
  const failed = Math.min(duty.failed + 1, MOST_FAILED);
  return { ...duty, failed, rest: 2 ** failed - 1 };
}

/** How it stands when a wake-up ends. */
export function afterWakeUp(duty: Duty, acknowledged: boolean): Duty {
  return { ...duty, unacknowledged: acknowledged ? 0 : Math.min(duty.unacknowledged + 1, SILENT) };
}

/** What is stored; no trouble where nothing is, or something else. Throws what the storage throws. */
export function readDuty(storage: Storage, name = NAME): Duty {
  const bytes = storage.read(name);
  if (bytes?.length !== 3) return noTrouble;
  const [failed, rest, unacknowledged] = bytes;
  return { failed, rest, unacknowledged };
}

export function writeDuty(storage: Storage, { failed, rest, unacknowledged }: Duty, name = NAME): void {
  storage.write(name, Uint8Array.of(failed, rest, unacknowledged));
}
