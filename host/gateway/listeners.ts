/** Sensors that wait for something to come into their mailbox. Each holds a request: they are bounded, the oldest give way. */

import { setTimeout as sleep } from "node:timers/promises";

export interface ListenerLimits {
  /** At one mailbox: its sensor, and that once more after a restart of its. */
  readonly perMailbox: number;
  readonly all: number;
}

const LIMITS: ListenerLimits = { perMailbox: 2, all: 2048 };

export class Listeners {
  readonly #limits: ListenerLimits;
  /** By mailbox, the oldest first. */
  readonly #of = new Map<string, Set<AbortController>>();
  readonly #all = new Set<AbortController>();

  constructor(limits = LIMITS) {
    this.#limits = limits;
  }

  /** How many wait. */
  get size(): number {
    return this.#all.size;
  }

  /** Something has come into the mailbox of that name. */
  wake(name: string): void {
    for (const waiting of this.#of.get(name) ?? []) waiting.abort();
  }

  /** Resolves when something has come, after so many milliseconds, or when others need its room. */
  async wait(name: string, milliseconds: number): Promise<void> {
    const listeners = this.#of.get(name) ?? new Set();
    this.#of.set(name, listeners);
    makeRoom(listeners, this.#limits.perMailbox);
    makeRoom(this.#all, this.#limits.all);
    const own = new AbortController();
    listeners.add(own);
    this.#all.add(own);
    await sleep(milliseconds, undefined, { ref: false, signal: own.signal }).catch(() => undefined);
    listeners.delete(own);
    this.#all.delete(own);
    if (listeners.size === 0 && this.#of.get(name) === listeners) this.#of.delete(name);
  }
}

function makeRoom(waiting: Set<AbortController>, limit: number): void {
  for (const oldest of waiting) {
    if (waiting.size < limit) return;
    waiting.delete(oldest);
    oldest.abort();
  }
}
