/**
 * Starts the sensor: on XS, built first where that has not been done, or on Node where XS can't be had.
 *
 *   node dist/boards/linux/launch.js --prepare        has the engine built, starts nothing
 *   node dist/boards/linux/launch.js --dir FOLDER     runs main.js with these arguments
 *   … --dir FOLDER --readings N …                     runs readings.js, which sends readings besides
 *   … --dir FOLDER --enrol …                          runs enrol.js, which waits to be enrolled
 *   … --dir FOLDER --slipmux pty:LINK|ADDRESS:PORT    runs slipmux.js, whose link is a serial line
 *   … --dir FOLDER --gatt ADDRESS:PORT                runs gatt.js, whose link is Bluetooth
 *   … --dir FOLDER --gateway                          runs gateway.js, whose exchange goes through a gateway
 *   … --dir FOLDER --pseudonyms                       runs gateway.js, whose exchange hides who the sensor is
 *   … --dir FOLDER --wake INTERVAL --times N …        runs application.js until it has slept N times, each for so
 *                                                     many milliseconds, and starts it again when it is killed
 *
 * Tells on standard output, before the sensor does:
 * `{"event":"building","detail":TEXT}` for each step of a build, then
 * `{"event":"engine","engine":"xs 13.3.0","cached":BOOL,"slotSize":16}`, with a `note` when it is not XS; with --wake
 * `{"event":"wake","wake":I,"pid":PID}` before each. Ends as the sensor ends.
 */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { buildEngine, EngineUnavailableError } from "./build.js";
import { runWakes } from "./wakes.js";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const say = (event: object): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);

/** The command that runs a module, up to the module. */
async function findEngine(): Promise<readonly string[]> {
  try {
    const { path, engine, cached, slotSize } = await buildEngine({
      onProgress: (detail) => say({ event: "building", detail }),
    });
    say({ event: "engine", engine, cached, slotSize });
    return [path];
  } catch (error) {
    if (!(error instanceof EngineUnavailableError)) throw error;
    const note = `the firmware runs on Node, since ${error.message}`;
    say({ event: "engine", engine: `node ${process.versions.node}`, cached: true, note });
    return [process.execPath, here("node.js")];
  }
}

const [command, ...first] = await findEngine();
const args = process.argv.slice(2);

/** Takes `--times N` out of the arguments. */
function takeTimes(): number {
  const at = args.indexOf("--times");
  return at < 0 ? 1 : Number(args.splice(at, 2)[1]);
}

function runOnce(program: string): void {
  const sensor = spawn(command, [...first, here(program), ...args], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(signal, () => sensor.kill(signal));
  process.on("exit", () => sensor.kill("SIGKILL"));
  sensor.on("error", (error) => {
    process.stderr.write(`${command}: ${error.message}\n`);
    process.exit(70);
  });
  sensor.on("exit", (code, signal) => {
    if (signal !== null) process.stderr.write(`the sensor ended by ${signal}\n`);
    process.exit(code ?? 70);
  });
}

async function runAgain(): Promise<void> {
  const wakes = takeTimes();
  const interval = Number(args[args.indexOf("--wake") + 1]);
  for (const [i, signal] of (["SIGHUP", "SIGINT", "SIGTERM"] as const).entries())
    process.on(signal, () => process.exit(128 + [1, 2, 15][i]));
  const onWake = (wake: number, pid: number | undefined) => say({ event: "wake", wake, pid });
  const board = [command, ...first, here("application.js"), ...args];
  process.exitCode = await runWakes({ command: board, wakes, interval, onWake });
}

if (args[0] !== "--prepare") {
  const programs = {
    "--enrol": "enrol.js",
    "--readings": "readings.js",
    "--slipmux": "slipmux.js",
    "--gatt": "gatt.js",
    "--gateway": "gateway.js",
    "--pseudonyms": "gateway.js",
  };
  const [, program] = Object.entries(programs).find(([option]) => args.includes(option)) ?? ["", "main.js"];
  if (args.includes("--wake")) await runAgain();
  else runOnce(program);
}
