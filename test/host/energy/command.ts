/** `symbolon energy` as a process. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));

export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export function energy(...args: string[]): Promise<Outcome> {
  return energyIn(process.cwd(), ...args);
}

/** In a folder. */
export function energyIn(cwd: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, "energy", ...args],
      { cwd, timeout: 60_000, maxBuffer: 1 << 26 },
      (error, out, err) => resolve({ code: error === null ? 0 : (error.code as number), out, err }),
    );
  });
}
