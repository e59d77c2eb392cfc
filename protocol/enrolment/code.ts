/**
 * The one-time code of an enrolment: 128 random bits, as eight groups of six decimal digits.
 *
 * A group is 11 times 16 of the bits: a mistyped digit, or two neighbours that changed places, are noticed in their
 * group. BitLocker's recovery passwords are written in the same way.
 */

import { readUint, writeUint } from "../bytes.js";

/** Bytes. */
export const CODE_LENGTH = 16;

const GROUPS = 8;
const DIGITS = 6;
const FACTOR = 11;
const GROUP_SIZE = CODE_LENGTH / GROUPS;

/** "123456-…": what people type. Throws a RangeError unless there are 16 bytes. */
export function codeToDigits(code: Uint8Array): string {
  if (code.length !== CODE_LENGTH)
    throw new RangeError(`code: expected ${CODE_LENGTH} bytes, got ${code.length}`);
  const groups: string[] = [];
  for (let offset = 0; offset < CODE_LENGTH; offset += GROUP_SIZE) {
    groups.push(`${FACTOR * readUint(code, offset, GROUP_SIZE)}`.padStart(DIGITS, "0"));
  }
  return groups.join("-");
}

/**
 * The code out of its digits; anything may stand between them but digits. Throws a SyntaxError that shows none of
 * them: it says how many there are, or which group is mistyped.
 */
export function codeFromDigits(text: string): Uint8Array {
  const digits = text.replace(/[^0-9]/g, "");
  if (digits.length !== GROUPS * DIGITS)
    throw new SyntaxError(`code: expected ${GROUPS * DIGITS} digits, got ${digits.length}`);
  const code = new Uint8Array(CODE_LENGTH);
  for (let i = 0; i < GROUPS; i++) {
    const value = Number(digits.slice(i * DIGITS, (i + 1) * DIGITS)) / FACTOR;
    if (!Number.isInteger(value) || value > 0xffff)
      throw new SyntaxError(`code: group ${i + 1} of ${GROUPS} is mistyped`);
    writeUint(code, i * GROUP_SIZE, GROUP_SIZE, value);
  }
  return code;
}
