/**
 * Starts the sensor on the emulated Cortex-M4, as boards/linux/launch.ts does on Linux: with its files, and with UDP
 * to the world outside.
 *
 *   node dist/boards/cortex-m4/launch.js --prepare …      has the image built, starts nothing
 *   node dist/boards/cortex-m4/launch.js --dir FOLDER     runs the sensor
 *   … --dir FOLDER --readings N [--resume]                with readings to send
 *   … --dir FOLDER --wake INTERVAL [--exchange-every N] [--marks]
 *                                                         runs one wake-up of the application; a `mark` event has the
 *                                                         instructions that were executed until then
 *   … --dir FOLDER --slipmux ADDRESS:PORT                 with its UART as the link, whose bytes go there over UDP
 *   … --seed TEXT                                         for tests: the board's randomness follows from the text, and
 *                                                         over UDP all that it does (see lockstep.ts)
 *
 * Tells on standard output, before the sensor does: `{"event":"building","detail":TEXT}` for each step of a build,
 * then `{"event":"engine","engine":"xs 13.3.0 cortex-m4","cached":BOOL,"slotSize":16}`. The sensor's `finished` event
 * has the figures of the board besides: `instructions`, `ramBytes`, `flashBytes`. Ends as the sensor ends. Where a
 * package is missing it tells `{"event":"unavailable","reason":TEXT}` and ends with code 69.
 */

import { parseArgs } from "node:util";
import { EngineUnavailableError } from "../engine/source.js";
import { type Application, buildImage } from "./build.js";
import { runImage } from "./emulator.js";
import { Lockstep } from "./lockstep.js";
import { Outside, say } from "./outside.js";
import { seededBytes } from "./seeded.js";

/** sysexits.h: a service is unavailable; an internal software error. */
const EXIT_UNAVAILABLE = 69;
const EXIT_SOFTWARE = 70;
const EXIT_WRONG_USE = 2;
/** How long an exchange may take whatever its deadline; the emulator is some 50 times slower than the chip. */
const TIMEOUT_MS = 600_000;

class UsageError extends Error {}

function readOptions() {
  const values = parse();
  const { readings, slipmux, wake, dir, prepare } = values;
  if ([readings, slipmux, wake].filter((it) => it !== undefined).length > 1)
    throw new UsageError("--readings, --slipmux, --wake: expected one of them");
  if (dir === undefined && !prepare) throw new UsageError("--dir FOLDER is missing");
  return values;
}

function parse() {
  try {
    return parseArgs({
      options: {
        prepare: { type: "boolean", default: false },
        dir: { type: "string" },
        readings: { type: "string" },
        resume: { type: "boolean", default: false },
        slipmux: { type: "string" },
        wake: { type: "string" },
        "exchange-every": { type: "string" },
        marks: { type: "boolean", default: false },
        seed: { type: "string" },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

type Options = ReturnType<typeof readOptions>;

function applicationOf({ readings, slipmux, wake }: Options): Application {
  if (slipmux !== undefined) return "slipmux";
  if (wake !== undefined) return "wake-up";
  return readings === undefined ? "exchange" : "readings";
}

/** The board's own command line, and what is around it. */
async function surround(options: Options): Promise<Outside> {
  const { dir, readings, resume, slipmux, seed, wake, marks } = options;
  const args = ["--dir", `${dir}`];
  if (readings !== undefined) args.push("--readings", readings, ...(resume ? ["--resume"] : []));
  if (wake !== undefined) {
    const every = options["exchange-every"];
    args.push("--wake", wake, ...(every === undefined ? [] : ["--exchange-every", every]));
    if (marks) args.push("--marks");
  }
  if (slipmux === undefined) return seed === undefined ? new Outside(args) : new Lockstep(args, seed);
  const [, address, port] = /^([^:]+):(\d+)$/.exec(slipmux) ?? [];
  if (address === undefined) throw new UsageError(`--slipmux: expected ADDRESS:PORT, got ${slipmux}`);
  const outside = new Outside(args, seed === undefined ? undefined : seededBytes(`board ${seed}`));
  await outside.attachLine(address, Number(port));
  return outside;
}

async function launch(options: Options): Promise<number> {
  const image = await buildImage({
    application: applicationOf(options),
    onProgress: (detail) => say({ event: "building", detail }),
  });
  const { engine, cached } = image;
  say({ event: "engine", engine, cached, slotSize: 16 });
  if (options.prepare) return 0;
  const outside = await surround(options);
  const ending = await runImage(image, outside, TIMEOUT_MS);
  outside.finish(ending, image);
  return ending.code;
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return EXIT_WRONG_USE;
  return error instanceof EngineUnavailableError ? EXIT_UNAVAILABLE : EXIT_SOFTWARE;
}

for (const [i, signal] of (["SIGHUP", "SIGINT", "SIGTERM"] as const).entries()) {
  // "exit" handlers end the emulator.
  process.on(signal, () => process.exit(128 + [1, 2, 15][i]));
}
try {
  process.exitCode = await launch(readOptions());
} catch (error) {
  const { message } = error as Error;
  if (error instanceof EngineUnavailableError) say({ event: "unavailable", reason: message });
  process.stderr.write(`${message}\n`);
  process.exitCode = exitCodeOf(error);
}
