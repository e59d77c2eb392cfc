/** `symbolon energy` as a process. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));

export function energy(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [main, "energy", ...args],
      { timeout: 60_000, maxBuffer: 1 << 26 },
      (error, out, err) => resolve({ code: error === null ? 0 : (error.code as number), out, err }),
    );
  });
}
