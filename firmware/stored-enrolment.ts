/**
 * The enrolment that a board was given over a link: the code for the next one, and the text of `sensor.json`, in one
 * value, so that both change in one step. A board that was wiped has the code only. What stores it is
 * enrolment-image.ts, which a board without such a link does without.
 */

import { CODE_LENGTH } from "../protocol/enrolment/code.js";
import type { Storage } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { enrolmentFromText, withoutPsks } from "./enrolment-text.js";

/** What it is stored as. */
export const NAME = "enrolment";

/** The code that the next enroller must have; undefined on a board that was never enrolled over a link. */
export function storedCode(storage: Storage): Uint8Array | undefined {
  return storage.read(NAME)?.slice(0, CODE_LENGTH);
}

/** Whether the board was enrolled over a link, and not wiped since. */
export function isEnrolledOverLink(storage: Storage): boolean {
  return (storage.read(NAME)?.length ?? 0) > CODE_LENGTH;
}

/**
 * The enrolment in force: what the board was given over a link, or else `flashed`, what its image holds. Throws an
 * Error when it was wiped, and a SyntaxError or RangeError when the enrolment makes no sense.
 */
export function enrolmentInForce(storage: Storage, flashed: () => Enrolment): Enrolment {
  if (storedCode(storage) === undefined) return flashed();
  const text = storedText(storage);
  if (text === undefined) throw new Error("enrolment: the board was wiped");
  return { ...enrolmentFromText(text), taken: () => forgetPsks(storage) };
}

/** The chain has the PSKs. */
function forgetPsks(storage: Storage): void {
  const value = storage.read(NAME);
  if (value === undefined) return;
  storage.write(NAME, withoutPsks(value));
  storage.wipeOld?.();
}

/** The text of the enrolment that the board was given over a link; undefined where there is none. */
export function storedText(storage: Storage): string | undefined {
  const value = storage.read(NAME);
  if (value === undefined || value.length <= CODE_LENGTH) return undefined;
  return textOf(value.subarray(CODE_LENGTH));
}

/** Bytes above 127 stay what they are and make no JSON: enrollers send ASCII. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
