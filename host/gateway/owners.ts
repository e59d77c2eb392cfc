/**
 * Where the answer to a bundle went, by mailbox: who names a mailbox from there has received its name there. Forgotten
 * with the process, and the oldest first when they are many: then a response is repeated less often.
 */

const MAX_OWNERS = 10_000;

export class Owners {
  /** "address:port", the oldest first. */
  readonly #peers = new Map<string, string>();

  add(mailbox: string, peer: string): void {
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size < MAX_OWNERS) break;
      this.#peers.delete(oldest);
    }
    this.#peers.set(mailbox, peer);
  }

  get(mailbox: string): string | undefined {
    return this.#peers.get(mailbox);
  }
}
