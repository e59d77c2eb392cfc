/** What a file or folder says, read again when it has changed: whoever enrols need not stop the servers for it. */

import { statSync } from "node:fs";

/** Milliseconds between two readings: a stranger's messages must not make us read all the time. */
const PAUSE = 250;
/** Milliseconds within which two changes may get the same time from the file system. */
const CLOCK_TICK = 50;

export class FreshFile<Contents> {
  #contents: Contents;
  #stamp: string;
  /** When it may be looked at again. */
  #nextLook = 0;

  /** Reads `path` at once; throws what `read` throws. `onError` hears why a later reading failed. */
  constructor(
    private readonly path: string,
    private readonly read: () => Contents,
    private readonly onError: (error: unknown) => void,
  ) {
    this.#stamp = this.#look();
    this.#contents = read();
  }

  /** What it says, read again if there was a change. What can't be read stays as it was. */
  current(): Contents {
    const now = Date.now();
    if (now < this.#nextLook) return this.#contents;
    this.#nextLook = now + PAUSE;
    const before = this.#stamp;
    const stamp = this.#look();
    if (stamp !== "" && stamp === before) return this.#contents;
    this.#stamp = stamp;
    try {
      this.#contents = this.read();
    } catch (error) {
      this.onError(error);
    }
    return this.#contents;
  }

  /** Tells one state of the file from another; empty when a change to come could look the same. */
  #look(): string {
    const stat = statSync(this.path, { throwIfNoEntry: false });
    if (stat === undefined) return "missing";
    if (Date.now() - stat.mtimeMs < CLOCK_TICK) return "";
    return `${stat.ino} ${stat.mtimeMs} ${stat.size}`;
  }
}
