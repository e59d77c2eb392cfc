/** What the fuzzer asks of something that reads bytes of strangers. */

import { errorNumberOf } from "../../../protocol/exchange/over-coap.js";

export interface Target {
  readonly name: string;
  /** Inputs to begin with, besides the corpus. */
  readonly seeds: readonly Uint8Array[];
  /** Bytes of the longest input that is tried. */
  readonly longest: number;
  /** Whether an error is what this may say of an input. */
  allows(error: unknown): boolean;
  /** Reads an input, and checks what it makes of it. */
  run(input: Uint8Array): void | Promise<void>;
}

export const isMikey = (error: unknown) => errorNumberOf(error) !== undefined;
export const isSyntax = (error: unknown) => error instanceof SyntaxError;
export const isTextError = (error: unknown) => error instanceof SyntaxError || error instanceof RangeError;
export const never = () => false;

const decoder = new TextDecoder("latin1");
export const textOf = (bytes: Uint8Array) => decoder.decode(bytes);

/** Some inputs one after the other: the first byte of each says how long it is, 0 stands for 256. */
export function* pieces(input: Uint8Array): Generator<Uint8Array> {
  for (let offset = 0; offset < input.length; ) {
    const length = input[offset++] || 256;
    yield input.slice(offset, offset + length);
    offset += length;
  }
}
