/** The value of a Block1 or Block2 option (RFC 7959 §2.2). */

import { decodeUint, encodeUint } from "./options.js";

export interface Block {
  /** The block's number: it begins at byte num · size of the body. */
  readonly num: number;
  /** Whether more blocks follow. */
  readonly more: boolean;
  /** The size exponent, 0 to 6: a block has 2^(szx + 4) bytes. */
  readonly szx: number;
}

/** Numbers have 20 bits. */
const MAX_NUM = 0xfffff;
/** 7 is reserved. */
const MAX_SZX = 6;

/** Bytes in a block, 16 to 1024. */
export function blockSize(szx: number): number {
  return 16 << szx;
}

/** Throws a RangeError for a number or exponent that has no encoding. */
export function encodeBlock({ num, more, szx }: Block): Uint8Array {
  if (!Number.isInteger(num) || num < 0 || num > MAX_NUM) {
    throw new RangeError(`NUM: expected 20 bits, got ${num}`);
  }
  if (!Number.isInteger(szx) || szx < 0 || szx > MAX_SZX) {
    throw new RangeError(`SZX: expected 0 to ${MAX_SZX}, got ${szx}`);
  }
  return encodeUint(num * 16 + (more ? 8 : 0) + szx);
}

/** Throws a SyntaxError for more than three bytes and for the reserved size exponent. */
export function decodeBlock(value: Uint8Array): Block {
  if (value.length > 3) throw new SyntaxError(`Block: expected at most 3 bytes, got ${value.length}`);
  const bits = decodeUint(value);
  const szx = bits & 7;
  if (szx > MAX_SZX) throw new SyntaxError("Block: SZX 7 is reserved");
  return { num: bits >> 4, more: (bits & 8) !== 0, szx };
}
