/**
 * Sender sequence numbers that a reset can't make repeat (RFC 8613 appendix B.1.1): they are written ahead in
 * blocks, and after a reset the rest of a block is never used.
 */

import { SEQUENCE_LIMIT } from "./context.js";

/** Where the end of the current block is kept. */
export interface SequenceStorage {
  /** What was stored last; the context's first number where nothing was. */
  load(): number;
  /** When this returns, the value is durable. Throws when it can't be. */
  store(value: number): void;
}

/** Numbers that one write pays for. */
export const SEQUENCE_BLOCK = 32;

export class SenderSequence {
  #next: number;
  /** The first number whose use is not durable yet. */
  #reserved: number;

  constructor(
    private readonly storage: SequenceStorage,
    private readonly block = SEQUENCE_BLOCK,
  ) {
    this.#next = storage.load();
    this.#reserved = this.#next;
  }

  /** A number that was never given before. Throws a RangeError when all are used, and what the storage throws. */
  next(): number {
    if (this.#next >= SEQUENCE_LIMIT) throw new RangeError("sequence number: all are used");
    if (this.#next === this.#reserved) {
      const end = Math.min(this.#reserved + this.block, SEQUENCE_LIMIT);
      this.storage.store(end);
      this.#reserved = end;
    }
    return this.#next++;
  }
}
