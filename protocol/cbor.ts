/** CBOR (RFC 8949) as far as it is written here: deterministic heads, byte strings, text, integers. */

import { ascii, concat, uint } from "./bytes.js";

/** Major types (§3.1). */
export const CborTypes = {
  unsigned: 0,
  negative: 1,
  bytes: 2,
  text: 3,
  array: 4,
  map: 5,
  tag: 6,
  simple: 7,
} as const;
export type CborType = (typeof CborTypes)[keyof typeof CborTypes];

/** The head of an item: its type and its argument, up to 2^32 − 1, in the fewest bytes (§4.2.1). */
export function cborHead(type: CborType, argument: number): Uint8Array {
  if (!Number.isInteger(argument) || argument < 0 || argument > 0xffffffff) {
    throw new RangeError(`CBOR: expected an argument of 32 bits, got ${argument}`);
  }
  const major = type << 5;
  if (argument < 24) return Uint8Array.of(major | argument);
  if (argument <= 0xff) return Uint8Array.of(major | 24, argument);
  return argument <= 0xffff
    ? concat(Uint8Array.of(major | 25), uint(argument, 2))
    : concat(Uint8Array.of(major | 26), uint(argument, 4));
}

/** A byte string. */
export function cborBytes(value: Uint8Array): Uint8Array {
  return concat(cborHead(CborTypes.bytes, value.length), value);
}

/** A text string, ASCII only. */
export function cborText(value: string): Uint8Array {
  return concat(cborHead(CborTypes.text, value.length), ascii(value));
}

/** An integer of at most 32 bits and a sign. */
export function cborInteger(value: number): Uint8Array {
  return value < 0 ? cborHead(CborTypes.negative, -1 - value) : cborHead(CborTypes.unsigned, value);
}
