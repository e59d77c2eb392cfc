/** What became of each test on XS. */

import type { Line } from "./protocol.js";

/** Promises that the lines of the process settle, one a test. */
export class Outcomes {
  count = 0;
  computrons = 0;
  heapPeakBytes = 0;
  readonly #promises: readonly Promise<void>[];
  readonly #settle: ((error: Error | undefined) => void)[] = [];

  constructor(size: number) {
    this.#promises = Array.from({ length: size }, () => {
      const promise = new Promise<void>((resolve, reject) => {
        this.#settle.push((error) => (error === undefined ? resolve() : reject(error)));
      });
      // The test that waits for it reports it; until then it is not unhandled.
      promise.catch(() => {});
      return promise;
    });
  }

  of(test: number): Promise<void> {
    return this.#promises[test];
  }

  take(line: Line): void {
    if ("test" in line) {
      this.count++;
      this.#settle[line.test](line.error === undefined ? undefined : xsError(line.error));
    } else if ("done" in line) {
      this.computrons = line.computrons;
      this.heapPeakBytes = line.heapPeakBytes;
    }
  }

  /** The process has ended. The test that it was at gets the error, and those that never ran a word of it. */
  end(error: Error): void {
    this.#settle[this.count]?.(error);
    const notRun = new Error("not run, since XS ended before");
    notRun.stack = notRun.message;
    for (const settle of this.#settle) settle(notRun);
  }
}

/** An error with the stack that XS gave. */
function xsError(stack: string): Error {
  const error = new Error(stack.split("\n", 1)[0]);
  error.stack = stack;
  return error;
}
