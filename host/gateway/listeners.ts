/** Sensors that wait for something to come into their mailbox. */

import { setTimeout as sleep } from "node:timers/promises";

export class Listeners {
  readonly #of = new Map<string, Set<() => void>>();

  /** Something has come into the mailbox of that name. */
  wake(name: string): void {
    for (const wake of this.#of.get(name) ?? []) wake();
  }

  /** Resolves when something has come, or after so many milliseconds. */
  async wait(name: string, milliseconds: number): Promise<void> {
    const listeners = this.#of.get(name) ?? new Set();
    this.#of.set(name, listeners);
    let wake = () => {};
    const something = new Promise<void>((resolve) => {
      wake = resolve;
      listeners.add(wake);
    });
    await Promise.race([something, sleep(milliseconds, undefined, { ref: false })]);
    listeners.delete(wake);
    if (listeners.size === 0) this.#of.delete(name);
  }
}
