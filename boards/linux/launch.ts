/**
 * Starts the sensor's firmware on this machine: on XS where the engine can be built, on Node otherwise.
 *
 *   node dist/boards/linux/launch.js [arguments]   runs dist/boards/linux/main.js with these arguments
 *   node dist/boards/linux/launch.js --prepare     has the engine built and ends
 *
 * Standard output is JSON lines: `{"event":"building","detail":…}` for each step of a build, then
 * `{"event":"engine","engine":"xs 13.3.0","cached":…,"slotSize":…}` (on Node with a `note` that says why), then the
 * firmware's own.
 */

import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";
import { buildEngine } from "./build.js";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Says what the firmware runs on and returns the command that runs it. */
async function prepare(): Promise<readonly string[]> {
  try {
    const { path, engine, cached, slotSize } = await buildEngine({
      onProgress: (detail) => say({ event: "building", detail }),
    });
    say({ event: "engine", engine, cached, slotSize });
    return [path];
  } catch (error) {
    const note = (error as Error).message.split("\n", 1)[0];
    say({ event: "engine", engine: `node ${process.versions.node}`, cached: false, note });
    return [process.execPath, here("node.js")];
  }
}

function say(event: object): void {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

const [command, ...before] = await prepare();
if (process.argv[2] !== "--prepare") {
  const child = spawn(command, [...before, here("main.js"), ...process.argv.slice(2)], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => child.kill(signal));
  process.on("exit", () => child.kill("SIGKILL"));
  child.on("error", (error) => {
    process.stderr.write(`${command}: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    // As a shell says it: 128 and the number of the signal.
    process.exitCode = code ?? 128 + constants.signals[signal as NodeJS.Signals];
  });
}
