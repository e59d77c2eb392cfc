/** What all parts of a simulation share: the parties, their processes and paths, and what breaks it all. */

import { setMaxListeners } from "node:events";
import { type Cast, castOf } from "./cast.js";
import { Paths } from "./paths.js";
import { type PartyOptions, PartyProcess } from "./process.js";
import type { Settings, Surroundings } from "./settings.js";
import { Trial } from "./trial.js";

export class Stage {
  readonly settings: Settings;
  readonly surroundings: Surroundings;
  readonly cast: Cast;
  readonly paths: Paths;
  /** Of a hostile gateway. */
  readonly trial: Trial | undefined;
  readonly #processes = new Set<PartyProcess>();
  readonly #broken = new AbortController();

  constructor(settings: Settings, surroundings: Surroundings) {
    this.settings = settings;
    this.surroundings = surroundings;
    this.cast = castOf(settings);
    this.paths = new Paths(settings, this.cast, this.break);
    const { hostile } = this.paths;
    if (hostile !== undefined) this.trial = new Trial(hostile);
    // Every exchange that runs listens.
    setMaxListeners(0, this.#broken.signal);
    const { signal } = surroundings;
    signal.addEventListener("abort", () => this.break(signal.reason), { once: true });
  }

  /** Aborted when the simulation is to end, and when anything fails that no exchange can survive. */
  get broken(): AbortSignal {
    return this.#broken.signal;
  }

  /** Ends all that waits, with this reason. */
  readonly break = (reason: Error): void => this.#broken.abort(reason);

  /** Starts a party's process. */
  start(options: PartyOptions): PartyProcess {
    const party = new PartyProcess(options);
    this.#processes.add(party);
    return party;
  }

  /** Ends a party's process. */
  async stop(party: PartyProcess): Promise<void> {
    await party.stop();
    this.#processes.delete(party);
  }

  /** The process id of a party, while it has one. */
  pidOf(name: string): number | undefined {
    return [...this.#processes].find((party) => party.name === name)?.pid;
  }

  /** Ends the processes of these parties. */
  async stopNamed(names: readonly string[]): Promise<void> {
    const gone = [...this.#processes].filter(({ name }) => names.includes(name));
    await Promise.all(gone.map((party) => this.stop(party)));
  }

  /** Ends everything. */
  async clear(): Promise<void> {
    // What may still be under way leaves nothing behind.
    this.break(new Error("the simulation is over"));
    await Promise.all([...this.#processes].map((party) => party.stop()));
    await this.paths.close();
  }

  /** What the promise gives, or a rejection as soon as the simulation is broken. */
  async unlessBroken<T>(promise: Promise<T>): Promise<T> {
    const signal = this.broken;
    let onAbort = () => {};
    const broken = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
    });
    try {
      return await Promise.race([promise, broken]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}
