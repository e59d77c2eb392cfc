/**
 * T and the PSKs of the sensor, which step together (protocol/exchange/chain.ts). Both are written ahead: the value in
 * force is never the one in use, so that no reset can make a T repeat, and it has the PSKs of exchanges to come only.
 *
 * What else the medium keeps is the storage's: values before the last one stay readable until it erases or overwrites them
 * (Storage.wipeOld), and the first PSKs stand in the enrolment until the first exchange has begun and `taken` has wiped them.
 */

import { concat, equal, readUint, uint, wipe, writeUint } from "../protocol/bytes.js";
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
export function nextStep(
  device: Pick<Device, "primitives" | "steps" | "storage">,
  enrolment: Enrolled,
): Step {
  const { steps, storage } = device;
  const { start, taken } = enrolment;
  const value = readChain(device, enrolment);
  if (value === undefined) throw new Error("chain: its keys are gone; the sensor must be enrolled anew");
  const step = stepIn(value);
  const { t } = step;
  if (t === 0) {
    wipe(value);
    throw new RangeError("T: all values are used; the sensor must be enrolled anew");
  }
  const next = value.slice();
  try {
    writeUint(next, MARK_LENGTH, 4, t === LAST_T ? 0 : t + 1);
    steps.stepPsks(next.subarray(HEAD));
    storage.write(NAME, next);
  } catch (error) {
    wipe(value);
    throw error;
  } finally {
    wipe(next);
  }
  if (start !== undefined && taken !== undefined && !isTaken(start)) {
    taken();
    wipe(...start.keys);
  }
  return step;
}

/** What the next exchange will have, with T 0 when all are used; undefined when the keys are gone. Nothing changes. */
export function peekStep(
  device: Pick<Device, "primitives" | "storage">,
  enrolment: Enrolled,
): Step | undefined {
  const value = readChain(device, enrolment);
  return value && stepIn(value);
}

/** A copy of what is stored, or would be if the enrolment had begun its chain. */
function readChain(
  { primitives, storage }: Pick<Device, "primitives" | "storage">,
  { policy, start }: Enrolled,
): Uint8Array | undefined {
  const stored = storage.read(NAME);
  if (start !== undefined && !isTaken(start)) {
    const mark = primitives.sha256(concat(...start.keys)).subarray(0, MARK_LENGTH);
    if (stored === undefined || !equal(stored.subarray(0, MARK_LENGTH), mark)) {
      return concat(mark, uint(start.t, 4), ...start.keys);
    }
  }
  // Without keys the enrolment was taken, and what is stored is of it.
  if (stored === undefined || stored.length === 0) return undefined;
  const length = HEAD + policy.thirdParties.length * PSK_LENGTH;
  if (stored.length !== length) {
    wipe(stored);
    throw new RangeError(`chain: expected ${length} stored bytes, got ${stored.length}`);
  }
  return stored;
}

/** T and PSKs of a value: the PSKs are where they are. */
function stepIn(value: Uint8Array): Step {
  const psks: Uint8Array[] = [];
  for (let offset = HEAD; offset < value.length; offset += PSK_LENGTH) {
    psks.push(value.subarray(offset, offset + PSK_LENGTH));
  }
  return { t: readUint(value, MARK_LENGTH, 4), psks };
}

/** Wipes what is stored: the board is no sensor's any more. */
export function forgetChain(storage: Storage): void {
  if (storage.read(NAME) !== undefined) storage.write(NAME, new Uint8Array(0));
}

function isTaken({ keys }: NonNullable<Enrolment["start"]>): boolean {
  return equal(keys[0], ZEROS);
}
