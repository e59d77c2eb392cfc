/** Wakes the application again and again, as the timer of a chip does. */

import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export interface WakesOptions {
  /** Starts one wake-up; the module and its arguments come last. */
  readonly command: readonly string[];
  /** Wake-ups that end in sleep. */
  readonly wakes: number;
  /** Milliseconds between two. */
  readonly interval: number;
  /** Hears of each start. */
  readonly onWake: (wake: number, pid: number | undefined) => void;
}

/**
 * Runs so many wake-ups. One that is killed is not counted: a board whose power fails starts anew as soon as it is
 * back. Resolves with 0, or with the code of the first that ends in anything but sleep.
 */
export async function runWakes({ command, wakes, interval, onWake }: WakesOptions): Promise<number> {
  const [file, ...args] = command;
  for (let slept = 0, wake = 0; slept < wakes; ) {
    const board = spawn(file, args, { stdio: ["ignore", "inherit", "inherit"] });
    const end = (): boolean => board.kill("SIGKILL");
    process.on("exit", end);
    onWake(wake++, board.pid);
    const { code, signal } = await ended(board);
    process.removeListener("exit", end);
    if (signal !== null) continue;
    if (code !== 0) return code ?? 70;
    if (++slept < wakes) await sleep(interval);
  }
  return 0;
}

function ended(board: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((resolve, reject) => {
    board.once("error", reject);
    board.once("exit", (code, signal) => resolve({ code, signal }));
  });
}
