/** Compiling the engine and a board's C. */

import { readdir, rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { exists, root, run } from "./cache.js";
import { EngineUnavailableError } from "./source.js";

const options = [
  "INCLUDE_XSPLATFORM",
  'XSPLATFORM="platform.h"',
  "mxRun=1",
  "mxParse=1",
  "mxSloppy=1",
  "mxBoundsCheck=1",
  "mxNoConsole=1",
  "mxMinusZero=1",
];
/** Tables of Unicode: 220 KB, and nothing that a board's firmware needs. */
const unicode = ["mxRegExpUnicodePropertyEscapes=1", "mxStringNormalize=1"];

/** The engine's own count, computrons: shipped boards do without. */
export const metering = define("mxMetering=1");

/** What the engine is compiled with on every target: computrons depend on it. */
export const boardFlags: readonly string[] = ["-std=gnu11", "-O2", "-fno-common", ...options.map(define)];
/** What a machine with room adds. */
export const engineFlags: readonly string[] = [...boardFlags, metering, ...unicode.map(define)];

function define(option: string): string {
  return `-D${option}`;
}

/** The command of a compiler, and what it says of itself. */
export interface CompilerCommand {
  readonly command: string;
  readonly version: string;
}

/** The first of these commands that exists. Throws an EngineUnavailableError when none does. */
export async function findCompiler(candidates: readonly string[]): Promise<CompilerCommand> {
  for (const command of candidates) {
    try {
      return { command, version: await run(command, ["--version"], { timeout: 10_000 }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new EngineUnavailableError("compiler", `no C compiler: ${candidates.join(" or ")} not found`);
}

/** The C sources of XS, under the folder that unpack gave. */
export async function engineSources(source: string): Promise<string[]> {
  return (await readdir(join(source, "sources")))
    .filter((file) => file.endsWith(".c") && file !== "xsSnapshot.c")
    .map((file) => join(source, "sources", file));
}

/**
 * Our C, relative to the repository: the files to compile, and with their headers all that an image depends on.
 * A native module's C is portable, but for a folder with the name of a platform; `replaced` is what that has C of its
 * own for.
 */
export async function ourSources(
  folders: readonly string[],
  platform: string,
  replaced: readonly string[] = [],
): Promise<{ compiled: string[]; all: string[] }> {
  const searched = [...folders];
  for (const name of (await readdir(join(root, "firmware/native"))).sort()) {
    searched.push(`firmware/native/${name}`, `firmware/native/${name}/${platform}`);
  }
  const all: string[] = [];
  for (const folder of searched) {
    const path = join(root, folder);
    if (!(await exists(path)) || !(await stat(path)).isDirectory()) continue;
    const files = (await readdir(path)).filter((file) => /\.[ch]$/.test(file)).sort();
    all.push(...files.map((file) => `${folder}/${file}`).filter((file) => !replaced.includes(file)));
  }
  return { all, compiled: all.filter((file) => file.endsWith(".c")) };
}

/** Runs the compiler, several at a time, and keeps what it says. */
export class Compiler {
  log = "";
  readonly #command: string;
  readonly #flags: readonly string[];

  /** `source` is where the engine's sources are, `includes` the folders of ours, relative to the repository. */
  constructor(
    command: string,
    flags: readonly string[],
    source: string,
    includes: readonly string[],
    private readonly archiver = "ar",
  ) {
    const folders = ["includes", "platforms", "sources"].map((folder) => join(source, folder));
    this.#command = command;
    this.#flags = [
      ...flags,
      ...includes.flatMap((folder) => ["-I", join(root, folder)]),
      ...folders.flatMap((folder) => ["-isystem", folder]),
    ];
  }

  async run(args: readonly string[]): Promise<void> {
    this.log += await run(this.#command, [...this.#flags, ...args], { timeout: 120_000 });
  }

  async objects(files: readonly string[], flags: readonly string[], folder: string): Promise<string[]> {
    const objects = files.map((_, i) => join(folder, `${i}.o`));
    const waiting = files.map((file, i) => () => this.run([...flags, "-c", file, "-o", objects[i]]));
    const worker = async (): Promise<void> => {
      for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) await job();
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    return objects;
  }

  async archive(
    files: readonly string[],
    flags: readonly string[],
    library: string,
    folder: string,
  ): Promise<void> {
    const objects = await this.objects(files, flags, folder);
    await run(this.archiver, ["rcs", library, ...objects], { timeout: 30_000 });
    await Promise.all(objects.map((object) => rm(object)));
  }
}
