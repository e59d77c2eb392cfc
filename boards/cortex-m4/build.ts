/**
 * Builds the image of the emulated Cortex-M4: the engine cross-compiled with Debian's gcc-arm-none-eabi, the firmware
 * as bytecode in flash. Cached as boards/linux/build.ts caches: the engine by its sources and flags, the image by
 * all that went into it.
 */

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultCache, exists, hash, once, root, run } from "../engine/cache.js";
import {
  boardFlags,
  Compiler,
  engineSources,
  findCompiler,
  metering,
  ourSources,
} from "../engine/compiler.js";
import { EngineUnavailableError, engineVersion, packageIntegrity, unpack } from "../engine/source.js";
import { linkTool } from "../linux/build.js";
import { bundleFirmware } from "./bundle.js";

/** Debian packages: gcc-arm-none-eabi, libnewlib-arm-none-eabi and qemu-system-arm. */
const crossCompiler = "arm-none-eabi-gcc";
const archiver = "arm-none-eabi-ar";
export const emulator = "qemu-system-arm";

const processor = ["-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"];
const imageFlags = [...processor, ...boardFlags, "-ffunction-sections", "-fdata-sections"];
const purposes: Record<Purpose, readonly string[]> = {
  board: [],
  computrons: [metering],
  // What the engine tells of calls ("mxTraceCall"), profile.c hears.
  profile: ["-DmxTraceCall", "-DSYMBOLON_PROFILE"],
};
const linking = ["-nostartfiles", "-Wl,--gc-sections"];
const folders = ["boards/cortex-m4/engine", "boards/engine"];
/** A Cortex-M4 has no cache that would tell of tables. */
const replaced = ["firmware/native/aead/aes.c"];
const linkerScript = "boards/cortex-m4/engine/board.ld";
const compileTool = [
  "boards/cortex-m4/tools/compile.c",
  "boards/cortex-m4/engine/board-natives.h",
  "boards/engine/natives.h",
  "boards/linux/engine/platform.h",
];

const imageName = "symbolon.elf";

/**
 * "board": the engine as Moddable's SDK compiles it for nRF52, whose instructions are worth counting. "computrons":
 * with the engine's own count besides. "profile": it records every call, for test/bench.
 */
export type Purpose = "board" | "computrons" | "profile";

/** What the board does: one exchange over UDP, the same over its UART, readings besides, or a wake-up. */
export type Application = "exchange" | "slipmux" | "readings" | "wake-up";
/** The module that it begins with, and the memory that it has: see engine/memory.h. */
const applications: Record<Application, { readonly entry: string; readonly memory: readonly string[] }> = {
  exchange: { entry: "main.js", memory: [] },
  slipmux: { entry: "slipmux.js", memory: ["-DSLOT_COUNT=1280", "-DCHUNK_BYTES=8192", "-DSTACK_COUNT=448"] },
  readings: {
    entry: "readings.js",
    memory: ["-DSLOT_COUNT=2048", "-DCHUNK_BYTES=20480", "-DSTACK_COUNT=448"],
  },
  "wake-up": {
    entry: "application.js",
    memory: ["-DSLOT_COUNT=2048", "-DCHUNK_BYTES=20480", "-DSTACK_COUNT=448"],
  },
};

export interface ImageOptions {
  /** Default: node_modules/.cache/symbolon of the repository. */
  readonly cache?: string;
  /** What the image is for. Default: "board". */
  readonly purpose?: Purpose;
  /** Default: "exchange". */
  readonly application?: Application;
  readonly onProgress?: (line: string) => void;
}

export interface Image {
  /** The ELF file for the emulator. */
  readonly path: string;
  /** "xs 13.3.0 cortex-m4" */
  readonly engine: string;
  /** Nothing was built. */
  readonly cached: boolean;
  /** What compiler and linker said of our own code; of a cached image what they said then. */
  readonly log: string;
  /** Code and constants, bytecode included. */
  readonly flashBytes: number;
  /** Of these, the firmware's bytecode with its strings. */
  readonly bytecodeBytes: number;
}

/**
 * The image, from the cache or built now (some 30 s the first time). Throws an EngineUnavailableError that names the
 * package which is missing.
 */
export async function buildImage(options: ImageOptions = {}): Promise<Image> {
  const cache = options.cache ?? defaultCache;
  const progress = options.onProgress ?? (() => {});
  await mkdir(cache, { recursive: true });

  await requireEmulator();
  const compiler = await findCrossCompiler();
  const compile = await linkTool("symbolon-compile", compileTool, cache, progress);
  const { entry, memory } = applications[options.application ?? "exchange"];
  const script = await bundleFirmware(entry);
  const ours = await ourSources(folders, "cortex-m4", replaced);
  const files = [...ours.all, linkerScript];
  const contents = await Promise.all(files.map((file) => readFile(join(root, file))));
  const platform = await readFile(join(root, "boards/cortex-m4/engine/platform.h"));
  const purpose = options.purpose ?? "board";
  const flags = [...imageFlags, ...purposes[purpose]];
  const libraryKey = hash(packageIntegrity, compiler.version, platform, ...flags);
  const home = join(
    cache,
    `cortex-m4-${hash(libraryKey, compile, script, ...memory, ...linking, ...contents, ...files)}`,
  );

  const cached = await exists(home);
  if (!cached) {
    const source = await unpack(cache, progress);
    const cross = new Compiler(compiler.command, flags, source, folders, archiver);
    const library = join(cache, `cortex-m4-xs-${libraryKey}`);
    await once(library, cache, async (folder) => {
      progress(`compiling ${engineVersion} for Cortex-M4, once`);
      const files = await engineSources(source);
      if (purpose === "profile") await hookCalls(files, folder);
      await cross.archive(files, ["-w"], join(folder, "libxs.a"), folder);
    });
    await once(home, cache, async (folder) => {
      progress("compiling the firmware for Cortex-M4");
      const bundle = join(folder, "firmware.js");
      const code = join(folder, "script.c");
      await writeFile(bundle, script);
      await writeFile(
        code,
        await run(compile, [bundle, ...(purpose === "profile" ? ["--profile"] : [])], { timeout: 30_000 }),
      );
      const sources = [...ours.compiled.map((file) => join(root, file)), code];
      const objects = await cross.objects(sources, ["-Wall", "-Wextra", "-g", ...memory], folder);
      const image = join(folder, imageName);
      const script_ = ["-T", join(root, linkerScript)];
      await cross.run([...linking, ...script_, ...objects, join(library, "libxs.a"), "-lm", "-o", image]);
      await Promise.all(objects.map((object) => rm(object)));
      await writeFile(join(folder, "log"), cross.log);
      const sizes = await readSizes(image, code);
      await writeFile(join(folder, "sizes.json"), JSON.stringify(sizes));
    });
  }
  const sizes = JSON.parse(await readFile(join(home, "sizes.json"), "utf8")) as Sizes;
  return {
    path: join(home, imageName),
    engine: `${engineVersion} cortex-m4`,
    cached,
    log: await readFile(join(home, "log"), "utf8"),
    ...sizes,
  };
}

/** Puts a copy of xsRun.c in its place, in which what traces calls to standard error calls profile.c. */
async function hookCalls(files: string[], folder: string): Promise<void> {
  const i = files.findIndex((file) => file.endsWith("/xsRun.c"));
  let text = await readFile(files[i], "utf8");
  for (const [trace, hook] of [
    ["fxTraceCallBegin", "profileCall"],
    ["fxTraceCallEnd", "profileReturn"],
  ]) {
    const parameters = "(txMachine* the, txSlot* function)";
    const begin = `static void ${trace}${parameters}\n{\n`;
    if (!text.includes(begin)) throw new Error(`xsRun.c: ${trace} is not where it was`);
    text = text.replace(begin, `void ${hook}${parameters};\n${begin}\t${hook}(the, function);\n`);
  }
  files[i] = join(folder, "xsRun.c");
  await writeFile(files[i], text);
}

type Sizes = Pick<Image, "flashBytes" | "bytecodeBytes">;

/** Flash from the linker's own sum, bytecode from the generated source. */
async function readSizes(image: string, code: string): Promise<Sizes> {
  const symbols = await run("arm-none-eabi-nm", [image], { timeout: 10_000 });
  const [, flash] = /^([0-9a-f]+) \w flashBytes$/m.exec(symbols) ?? [];
  const [, bytecode] = /scriptCodeSize = (\d+);/.exec(await readFile(code, "utf8")) ?? [];
  return { flashBytes: Number.parseInt(flash, 16), bytecodeBytes: Number(bytecode) };
}

async function requireEmulator(): Promise<void> {
  try {
    await run(emulator, ["--version"], { timeout: 10_000 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new EngineUnavailableError("emulator", `${emulator} is not installed (Debian: qemu-system-arm)`);
  }
}

async function findCrossCompiler() {
  const compiler = await findCompiler([crossCompiler]).catch((error: Error) => {
    if (!(error instanceof EngineUnavailableError)) throw error;
    throw new EngineUnavailableError(
      "compiler",
      `${crossCompiler} is not installed (Debian: gcc-arm-none-eabi libnewlib-arm-none-eabi)`,
    );
  });
  const specs = (await run(crossCompiler, ["--print-file-name=nano.specs"], { timeout: 10_000 })).trim();
  // A name without a path: the compiler has no such file.
  if (specs === "nano.specs") {
    throw new EngineUnavailableError("compiler", "newlib is not installed (Debian: libnewlib-arm-none-eabi)");
  }
  return compiler;
}
