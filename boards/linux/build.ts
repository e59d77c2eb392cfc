/**
 * Builds the XS engine for Linux: the C sources of XS, the host of boards/engine/ and engine/, and the natives of
 * firmware/native/. Everything lands in a cache folder, keyed by what went in, so that a second run builds nothing;
 * two runs at once build apart and the first to finish wins.
 */

import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCache, exists, hash, once, root, run } from "../engine/cache.js";
import {
  Compiler,
  type CompilerCommand,
  engineFlags,
  engineSources,
  findCompiler,
  ourSources,
} from "../engine/compiler.js";
import { engineVersion, packageIntegrity, unpack } from "../engine/source.js";

export { EngineUnavailableError } from "../engine/source.js";

/** Our C for Linux, besides firmware/native. */
export const folders = ["boards/linux/engine", "boards/engine"];

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

/**
 * The engine, from the cache or built now (some 10 s). Throws an EngineUnavailableError without a compiler or
 * without the package, an Error when the compiler refuses the code.
 */
export async function buildEngine(options: BuildOptions = {}): Promise<Engine> {
  const cache = options.cache ?? defaultCache;
  const progress = options.onProgress ?? (() => {});
  await mkdir(cache, { recursive: true });

  const compiler = await findCompiler(compilers(options.compiler));
  const bits = options.bits ?? ((await canCompile32(compiler, cache)) ? 32 : 64);
  const slotSize = bits === 32 ? 16 : 32;
  const ours = await ourSources(folders, "linux");
  const libraryKey = await linuxLibraryKey(compiler, bits);
  const key = hash(
    libraryKey,
    ...(await Promise.all(ours.all.map((file) => readFile(join(root, file))))),
    ...ours.all,
  );
  const home = join(cache, `engine-${key}`);
  const engine = { path: join(home, "symbolon-xs"), engine: engineVersion, slotSize } as const;
  if (await exists(engine.path)) {
    return { ...engine, cached: true, log: await readFile(join(home, "log"), "utf8") };
  }

  const source = await unpack(cache, progress);
  const compile = linuxCompiler(compiler, bits, source);
  const library = await linuxLibrary(compile, libraryKey, source, cache, () =>
    progress(`compiling ${engineVersion} (${bits} bit), once`),
  );
  await once(home, cache, async (folder) => {
    progress("compiling the board's C");
    const files = ours.compiled.map((file) => join(root, file));
    const objects = await compile.objects(files, ["-Wall", "-Wextra", "-g"], folder);
    const binary = join(folder, "symbolon-xs");
    await compile.run([...objects, library, "-lm", "-ldl", "-lpthread", "-o", binary]);
    await Promise.all(objects.map((object) => rm(object)));
    await writeFile(join(folder, "log"), compile.log);
  });
  return { ...engine, cached: false, log: compile.log };
}

/** What else may be built for this machine, from the same library: tools of other boards. */
export async function linkTool(
  name: string,
  files: readonly string[],
  cache: string,
  progress: (line: string) => void,
): Promise<string> {
  const compiler = await findCompiler(compilers());
  const bits = (await canCompile32(compiler, cache)) ? 32 : 64;
  const libraryKey = await linuxLibraryKey(compiler, bits);
  const headers = ["boards/engine/natives.h", "boards/linux/engine/platform.h"];
  const contents = await Promise.all([...files, ...headers].map((file) => readFile(join(root, file))));
  const home = join(cache, `tool-${hash(libraryKey, name, ...contents)}`);
  if (!(await exists(home))) {
    const source = await unpack(cache, progress);
    const compile = linuxCompiler(compiler, bits, source);
    const library = await linuxLibrary(compile, libraryKey, source, cache, () =>
      progress(`compiling ${engineVersion} for the machine that builds, once`),
    );
    await once(home, cache, async (folder) => {
      const sources = files.filter((file) => file.endsWith(".c")).map((file) => join(root, file));
      const libraries = [library, "-lm", "-ldl", "-lpthread"];
      await compile.run(["-Wall", "-Wextra", ...sources, ...libraries, "-o", join(folder, name)]);
    });
  }
  return join(home, name);
}

function compilers(wanted?: string): readonly string[] {
  if (wanted !== undefined) return [wanted];
  return process.env.CC ? [process.env.CC] : ["gcc", "cc"];
}

async function linuxLibraryKey(compiler: CompilerCommand, bits: 32 | 64): Promise<string> {
  const platform = await readFile(join(root, "boards/linux/engine/platform.h"));
  return hash(packageIntegrity, compiler.version, String(bits), platform, ...engineFlags);
}

function linuxCompiler({ command }: CompilerCommand, bits: 32 | 64, source: string): Compiler {
  return new Compiler(command, [`-m${bits}`, ...engineFlags], source, folders);
}

/** libxs.a, from the cache or compiled now. */
async function linuxLibrary(
  compile: Compiler,
  key: string,
  source: string,
  cache: string,
  beforeCompiling: () => void,
): Promise<string> {
  const home = join(cache, `xs-${key}`);
  await once(home, cache, async (folder) => {
    beforeCompiling();
    await compile.archive(await engineSources(source), ["-w"], join(folder, "libxs.a"), folder);
  });
  return join(home, "libxs.a");
}

/** Whether a 32-bit program compiles, links (gcc-multilib) and runs. */
async function canCompile32(compiler: CompilerCommand, cache: string): Promise<boolean> {
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
