/**
 * The questions that a gateway has open to third parties, each with a socket or about to have one. Bundles can be anybody's, and one that third
 * parties have refused gives its mailbox away; what it still asks of one that is away is bounded here. The oldest question
 * gives way to a newer one to the same third party, so that one which is away costs no other's.
 */

/** At once, to one third party. */
export const MAX_QUESTIONS = 1024;

export class PartQuestions {
  readonly #limit: number;
  /** By address, the oldest first. */
  readonly #open = new Map<string, Set<AbortController>>();
  #closed = false;

  constructor(limit = MAX_QUESTIONS) {
    this.#limit = limit;
  }

  /** How many are open to all. */
  get size(): number {
    return [...this.#open.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Asks; the signal says that the question is given up. */
  async ask<Answer>(address: string, question: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    const open = this.#open.get(address) ?? new Set();
    this.#open.set(address, open);
    for (const oldest of open) {
      if (open.size < this.#limit) break;
      open.delete(oldest);
      oldest.abort();
    }
    const own = new AbortController();
    if (this.#closed) own.abort();
    open.add(own);
    try {
      return await question(own.signal);
    } finally {
      open.delete(own);
      if (open.size === 0 && this.#open.get(address) === open) this.#open.delete(address);
    }
  }

  /** Gives all up, and each that comes later. */
  close(): void {
    this.#closed = true;
    for (const open of this.#open.values()) for (const question of open) question.abort();
  }
}
