/**
 * T and the PSKs of the sensor, which step together (protocol/exchange/chain.ts). Both are written ahead: what is
 * stored is never what is in use, so that no reset can make a T repeat, and whoever reads the storage has the PSKs of
 * exchanges to come only.
 */

import { concat, equal, readUint, uint, wipe } from "../protocol/bytes.js";
import { nextPsk } from "../protocol/exchange/chain.js";
import { PSK_LENGTH } from "../protocol/exchange/profile.js";
import type { Device, Storage } from "./device.js";
import type { Enrolment } from "./enrolment.js";

/** One stored value: of which enrolment 8 ‖ T 4 ‖ a PSK for each third party, 16 each. T 0: all values are used. */
const NAME = "chain";
const MARK_LENGTH = 8;
const HEAD = MARK_LENGTH + 4;
const ZEROS = new Uint8Array(PSK_LENGTH);
const LAST_T = 2 ** 32 - 1;

type Enrolled = Pick<Enrolment, "policy" | "start" | "taken">;

/** An exchange: its T, and the PSK of each third party for it. */
export interface Step {
  readonly t: number;
  readonly psks: readonly Uint8Array[];
}

/**
 * The next exchange. When this returns the one after it is durable: a reset right after loses one T and repeats none.
 * Another enrolment than the one before begins its own chain. Throws when the storage fails, when T is used up, or when
 * the keys are gone; then no exchange may begin.
 */
export function nextStep(device: Pick<Device, "primitives" | "storage">, enrolment: Enrolled): Step {
  const { primitives, storage } = device;
  const { start, taken } = enrolment;
  const found = peekStep(device, enrolment);
  if (found === undefined) throw new Error("chain: its keys are gone; the sensor must be enrolled anew");
  const { t, psks, mark } = found;
  if (t === 0) throw new RangeError("T: all values are used; the sensor must be enrolled anew");
  const next = psks.map((psk) => nextPsk(primitives, psk));
  const value = concat(mark, uint(t === LAST_T ? 0 : t + 1, 4), ...next);
  storage.write(NAME, value);
  wipe(value, ...next);
  if (start !== undefined && taken !== undefined && !isTaken(start)) {
    taken();
    wipe(...start.keys);
  }
  return { t, psks };
}

/** What the next exchange will have, with T 0 when all are used; undefined when the keys are gone. Nothing changes. */
export function peekStep(
  { primitives, storage }: Pick<Device, "primitives" | "storage">,
  { policy, start }: Enrolled,
): (Step & { readonly mark: Uint8Array }) | undefined {
  const stored = storage.read(NAME);
  // Without keys the enrolment was taken, and what is stored is of it.
  const own =
    start === undefined || isTaken(start)
      ? undefined
      : primitives.sha256(concat(...start.keys)).slice(0, MARK_LENGTH);
  const mark = stored?.slice(0, MARK_LENGTH);
  if (
    stored === undefined ||
    mark === undefined ||
    stored.length === 0 ||
    (own !== undefined && !equal(mark, own))
  ) {
    return start && own && { t: start.t, psks: start.keys.map((key) => key.slice()), mark: own };
  }
  const length = HEAD + policy.thirdParties.length * PSK_LENGTH;
  if (stored.length !== length) {
    throw new RangeError(`chain: expected ${length} stored bytes, got ${stored.length}`);
  }
  const psks: Uint8Array[] = [];
  for (let offset = HEAD; offset < length; offset += PSK_LENGTH) {
    psks.push(stored.slice(offset, offset + PSK_LENGTH));
  }
  return { t: readUint(stored, MARK_LENGTH, 4), psks, mark };
}

/** Wipes what is stored: the board is no sensor's any more. */
export function forgetChain(storage: Storage): void {
  if (storage.read(NAME) !== undefined) storage.write(NAME, new Uint8Array(0));
}

function isTaken({ keys }: NonNullable<Enrolment["start"]>): boolean {
  return equal(keys[0], ZEROS);
}
