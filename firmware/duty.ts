/** What a sensor remembers of wake-ups that went badly: so little is written when all goes well that it costs nothing. */

import type { Storage } from "./device.js";

export interface Duty {
  /** Exchanges that failed since the last one that was confirmed, 6 at most. */
  readonly failed: number;
  /** Wake-ups that are to pass before the next exchange. */
  readonly rest: number;
  /** Wake-ups since the Responder acknowledged a reading, `SILENT` at most. */
  readonly unacknowledged: number;
  /** Somebody who may has asked for an exchange. */
  readonly asked: boolean;
  /** Wake-ups before the next trigger is heard. */
  readonly deaf: number;
}

/** So many wake-ups without an acknowledgement: the Responder may have lost the session. */
export const SILENT = 4;

/** Wake-ups from one triggered exchange to the next, at least. */
export const TRIGGER_PAUSE = 16;

const MOST_FAILED = 6;
const NAME = "duty";

export const noTrouble: Duty = { failed: 0, rest: 0, unacknowledged: 0, asked: false, deaf: 0 };

/**
 * How it stands when an exchange begins, as if it had failed: a weak battery that gives out in each one meets the
 * pause too. 1, 3, 7 … 63 wake-ups pass before the next. Whoever asked has had it, whatever comes of it.
 */
export function beforeExchange(duty: Duty): Duty {
  const failed = Math.min(duty.failed + 1, MOST_FAILED);
  return { ...duty, failed, rest: 2 ** failed - 1, asked: false };
}

/** How it stands when an exchange is confirmed. */
export function afterExchange({ asked, deaf }: Duty): Duty {
  return { ...noTrouble, asked, deaf };
}

/** An exchange is due, and no pause after others that failed holds it up. After a trigger no other is heard for a while. */
export function askedFor(duty: Duty, triggered: boolean): Duty {
  // One more: the exchange may be the next wake-up's, and that of the next trigger its own.
  return { ...duty, rest: 0, asked: true, deaf: triggered ? TRIGGER_PAUSE + 1 : duty.deaf };
}

/** How it stands when a wake-up ends. */
export function afterWakeUp(duty: Duty, acknowledged: boolean): Duty {
  return {
    ...duty,
    unacknowledged: acknowledged ? 0 : Math.min(duty.unacknowledged + 1, SILENT),
    deaf: Math.max(duty.deaf - 1, 0),
  };
}

export function sameDuty(a: Duty, b: Duty): boolean {
  return (
    a.failed === b.failed &&
    a.rest === b.rest &&
    a.unacknowledged === b.unacknowledged &&
    a.asked === b.asked &&
    a.deaf === b.deaf
  );
}

/** What is stored; no trouble where nothing is, or something else. Throws what the storage throws. */
export function readDuty(storage: Storage, name = NAME): Duty {
  const bytes = storage.read(name);
  if (bytes?.length !== 5) return noTrouble;
  const [failed, rest, unacknowledged, asked, deaf] = bytes;
  return { failed, rest, unacknowledged, asked: asked !== 0, deaf };
}

export function writeDuty(storage: Storage, duty: Duty, name = NAME): void {
  const { failed, rest, unacknowledged, asked, deaf } = duty;
  storage.write(name, Uint8Array.of(failed, rest, unacknowledged, Number(asked), deaf));
}

/** The sensor that it is of is no more. */
export function forgetDuty(storage: Storage): void {
  if ((storage.read(NAME)?.length ?? 0) > 0) storage.write(NAME, new Uint8Array(0));
}
