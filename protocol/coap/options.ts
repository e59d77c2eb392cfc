/** The options of a message (RFC 7252 §3.1), and the numbers in them (§3.2). */

import { concat, readUint, uint } from "../bytes.js";

export interface Option {
  readonly number: number;
  readonly value: Uint8Array;
}

export const MAX_OPTION_NUMBER = 0xffff;
/** What a nibble of an option's header means (RFC 7252 §3.1). */
const ONE_BYTE = 13;
const TWO_BYTES = 14;
export const RESERVED = 15;
export const ONE_BYTE_BASE = 13;
export const TWO_BYTES_BASE = 269;
const MAX_OPTION_LENGTH = TWO_BYTES_BASE + 0xffff;

const nothing: Uint8Array = new Uint8Array(0);

/** The options of a message, between its token and its payload. Throws a RangeError for one that can't be written. */
export function encodeOptions(options: readonly Option[]): Uint8Array {
  let bytes = nothing;
  let previous = 0;
  for (let i = 0; i < options.length; i++) {
    const { number, value } = options[i];
    checkOption(options[i], previous);
    bytes = appendOption(bytes, number - previous, value);
    previous = number;
  }
  return bytes;
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

function checkOption({ number, value }: Option, previous: number): void {
  if ((number & MAX_OPTION_NUMBER) !== number || number < previous) {
    throw new RangeError(`option number: expected ${previous} to ${MAX_OPTION_NUMBER} here, got ${number}`);
  }
  if (value.length > MAX_OPTION_LENGTH) {
    throw new RangeError(
      `value of option ${number}: expected at most ${MAX_OPTION_LENGTH} bytes, got ${value.length}`,
    );
  }
}

/** An option behind what was written so far, its number as the difference to the one before. */
function appendOption(bytes: Uint8Array, delta: number, value: Uint8Array): Uint8Array {
  const { length } = value;
  if (delta < ONE_BYTE_BASE && length < ONE_BYTE_BASE) return concat(bytes, (delta << 4) | length, value);
  return concat(bytes, (nibble(delta) << 4) | nibble(length), extension(delta), extension(length), value);
}

/** The nibble that stands for a delta or a length in an option's header. */
function nibble(value: number): number {
  if (value < ONE_BYTE_BASE) return value;
  return value < TWO_BYTES_BASE ? ONE_BYTE : TWO_BYTES;
}

/** What follows an option's header for a delta or a length that its nibble can't hold. */
function extension(value: number): Uint8Array {
  if (value < ONE_BYTE_BASE) return nothing;
  return value < TWO_BYTES_BASE ? uint(value - ONE_BYTE_BASE, 1) : uint(value - TWO_BYTES_BASE, 2);
}

/** Bytes that follow an option's header for such a nibble. */
export function extensionOf(nibble: number): number {
  return nibble < ONE_BYTE ? 0 : nibble - ONE_BYTE + 1;
}
