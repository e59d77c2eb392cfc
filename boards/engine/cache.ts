/** What is built once and kept: a folder whose entries are complete or absent, whoever else fills it. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository: this file runs as dist/boards/engine/cache.js. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Where tarball, sources, engines and images are kept unless the caller says otherwise. */
export const defaultCache = join(root, "node_modules", ".cache", "symbolon");

/** Makes `home` by filling a temporary folder and renaming it, unless it is there already. */
export async function once(
  home: string,
  cache: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  if (await exists(home)) return;
  const folder = await mkdtemp(join(cache, "tmp-"));
  try {
    await fill(folder);
    await rename(folder, home);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another run was faster.
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** A name for what these parts make: 16 hexadecimal digits. */
export function hash(...parts: readonly (string | Uint8Array)[]): string {
  const sha256 = createHash("sha256");
  for (const part of parts) sha256.update(`${part.length}:`).update(part);
  return sha256.digest("hex").slice(0, 16);
}

/** Standard output and error of a command that must succeed. */
export function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; timeout: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { ...options, maxBuffer: 16 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout + stderr);
      else if (error.code === "ENOENT") reject(error);
      else reject(new Error(`${command} failed: ${stderr || stdout || error.message}`, { cause: error }));
    });
  });
}
