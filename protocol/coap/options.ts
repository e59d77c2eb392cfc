/** The options of a message as scripts have them (RFC 7252 §3.1, §3.2). */

import { readUint, uint } from "../bytes.js";

export interface Option {
  readonly number: number;
  readonly value: Uint8Array;
}

/** The value of the first option of that number. */
export function findOption(options: readonly Option[], number: number): Uint8Array | undefined {
  for (let i = 0; i < options.length; i++) if (options[i].number === number) return options[i].value;
  return undefined;
}

/** A `uint` option value: as few bytes as it takes, none for 0 (RFC 7252 §3.2). */
export function encodeUint(value: number): Uint8Array {
  if (value >>> 0 !== value) {
    throw new RangeError(`option value: expected an unsigned integer of 32 bits, got ${value}`);
  }
  if (value < 0x100) return uint(value, value === 0 ? 0 : 1);
  if (value < 0x10000) return uint(value, 2);
  return uint(value, value < 0x1000000 ? 3 : 4);
}

/** A `uint` option value as a number. Throws a SyntaxError over four bytes: no option has more. */
export function decodeUint(value: Uint8Array): number {
  if (value.length > 4) throw new SyntaxError(`option value: expected at most 4 bytes, got ${value.length}`);
  return readUint(value, 0, value.length);
}
