/**
 * The C sources of XS, out of the npm package @agoric/xsnap. The package is not installed: only its tarball is
 * unpacked, once its hash is the known one.
 */

import { createHash } from "node:crypto";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { exists, hash, once, run } from "./cache.js";

const packageName = "@agoric/xsnap@0.15.0";
const packageFile = "agoric-xsnap-0.15.0.tgz";
export const packageIntegrity =
  "sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==";
export const engineVersion = "xs 13.3.0";

/** The engine can't be had here; callers run the firmware on Node instead and say so. */
export class EngineUnavailableError extends Error {
  override readonly name = "EngineUnavailableError";
  constructor(
    /** What is missing. */
    readonly missing: "compiler" | "emulator" | "package",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The unpacked `moddable/xs` of the package, from the cache or the registry. */
export async function unpack(cache: string, progress: (line: string) => void): Promise<string> {
  const home = join(cache, `source-${hash(packageIntegrity)}`);
  await once(home, cache, async (folder) => {
    const tarball = join(cache, packageFile);
    if (!(await isIntact(tarball))) {
      progress(`fetching ${packageName}`);
      await download(folder, tarball);
    }
    await run("tar", ["-xzf", tarball, "-C", folder, "package/moddable/xs"], { timeout: 60_000 });
  });
  return join(home, "package/moddable/xs");
}

async function download(folder: string, tarball: string): Promise<void> {
  try {
    await run(
      "npm",
      ["pack", packageName, "--ignore-scripts", "--loglevel=error", "--pack-destination", folder],
      {
        cwd: folder,
        timeout: 120_000,
      },
    );
  } catch (cause) {
    throw new EngineUnavailableError("package", `${packageName} can't be fetched: ${firstLine(cause)}`, {
      cause,
    });
  }
  if (!(await isIntact(join(folder, packageFile)))) {
    throw new EngineUnavailableError("package", `${packageName} is not what it was: its hash differs`);
  }
  await rename(join(folder, packageFile), tarball);
}

async function isIntact(tarball: string): Promise<boolean> {
  if (!(await exists(tarball))) return false;
  const digest = createHash("sha512")
    .update(await readFile(tarball))
    .digest("base64");
  return `sha512-${digest}` === packageIntegrity;
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n", 1)[0];
}
