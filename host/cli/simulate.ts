/** `symbolon simulate`: a whole exchange, real firmware and real processes, on this machine. */

import { Command, CommanderError } from "commander";
import { castOf, RESPONDER } from "../simulation/cast.js";
import { programFile } from "../simulation/process.js";
import { Progress, type ProgressStream } from "../simulation/progress.js";
import { areComplete } from "../simulation/readings.js";
import { reportRun, reportRuns } from "../simulation/report.js";
import { type RunResult, summarize } from "../simulation/result.js";
import { simulate } from "../simulation/scenario.js";
import type { Programs, Settings } from "../simulation/settings.js";
import { describe, EXIT_WRONG_USE, type Given, settingsOf } from "./simulate-options.js";

const EXIT_NOT_AGREED = 1;
/** As a shell reports a process that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/** What the command reaches of the process around it. */
export interface SimulateEnvironment {
  readonly programs: Programs;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  /** Ends the simulation early. */
  readonly signal?: AbortSignal;
}

/** It sets the process's exit code. */
export function addSimulateCommand(program: Command): void {
  describe(program.command("simulate")).action(async (given: Given, command: Command) => {
    const settings = settingsOf(given, command);
    const interrupted = new AbortController();
    const interrupt = () => interrupted.abort(new Error("interrupted"));
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
    const environment = { programs: programs(), stdout: process.stdout, stderr: process.stderr };
    process.exitCode = await run(settings, given, { ...environment, signal: interrupted.signal });
    process.off("SIGINT", interrupt);
    process.off("SIGTERM", interrupt);
    // A key that is still being made would keep the process.
    if (process.exitCode === EXIT_INTERRUPTED) process.exit();
  });
}

/** Runs the command with arguments of its own and returns the exit code; for tests. */
export async function runSimulate(
  args: readonly string[],
  environment: SimulateEnvironment,
): Promise<number> {
  let code = 0;
  const command = describe(new Command("simulate"))
    .exitOverride()
    .allowExcessArguments(false)
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
    });
  command.action(async (given: Given) => {
    code = await run(settingsOf(given, command), given, environment);
  });
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    code = error.exitCode === 0 ? 0 : EXIT_WRONG_USE;
  }
  return code;
}

function programs(): Programs {
  return {
    main: programFile("host/cli/main.js"),
    liar: programFile("host/simulation/liar.js"),
    launch: {
      linux: programFile("boards/linux/launch.js"),
      "cortex-m4": programFile("boards/cortex-m4/launch.js"),
    },
  };
}

/** Simulates and prints; returns the exit code. */
async function run(settings: Settings, given: Given, environment: SimulateEnvironment): Promise<number> {
  const { stdout, stderr, programs, signal = new AbortController().signal } = environment;
  const { thirdParties, threshold, privacy, suite, seed, drop, board, link, corrupt } = settings;
  const progress = new Progress(stderr);
  progress.say(
    `${threshold} of ${thirdParties} shares, ${privacy} tell nothing, ${suite}, ` +
      (board === "linux" ? "" : `on ${board}, `) +
      (link === "udp" ? "" : `over ${link}, `) +
      (drop > 0 ? `${percent(drop)} of ${link === "gatt" ? "notifications" : "datagrams"} lost, ` : "") +
      (corrupt > 0 ? `${percent(corrupt)} of the line's bytes corrupted, ` : "") +
      `seed ${seed}`,
  );
  try {
    const runs = await simulate(settings, { programs, progress, signal });
    progress.close();
    const result = { runs, summary: summarize(runs) };
    if (given.json) {
      stdout.write(`${JSON.stringify(given.repeat === undefined ? runs[0] : result, null, 2)}\n`);
    } else {
      const text =
        settings.repeat === 1
          ? reportRun(runs[0], castOf(settings).sensors[0], RESPONDER)
          : reportRuns(result, seed);
      stdout.write(`\n${text}`);
    }
    const { readings: wanted = 0 } = settings;
    const isGood = ({ agreed, readings, http, hostile }: RunResult) =>
      hostile !== undefined
        ? hostile.breaches.length === 0
        : agreed &&
          (readings === undefined || areComplete(readings, wanted)) &&
          (http === undefined || http.requests === http.identical);
    return runs.every(isGood) ? 0 : EXIT_NOT_AGREED;
  } catch (error) {
    progress.close();
    if (signal.aborted) return EXIT_INTERRUPTED;
    const { code, path } = error as NodeJS.ErrnoException;
    if (path !== undefined && path === settings.pcap) {
      stderr.write(`error: option '--pcap' can't write ${path} (${code})\n`);
      return EXIT_WRONG_USE;
    }
    stderr.write(`symbolon simulate: ${(error as Error).message}\n`);
    return EXIT_NOT_AGREED;
  }
}

function percent(part: number): string {
  return `${+(part * 100).toFixed(2)} %`;
}
