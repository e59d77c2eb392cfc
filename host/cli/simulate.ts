/** `symbolon simulate`: a whole exchange, real firmware and real processes, on this machine. */

import { randomInt } from "node:crypto";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { type SuiteName, suiteNames } from "../../protocol/mikey/suites.js";
import { programFile } from "../simulation/process.js";
import { Progress, type ProgressStream } from "../simulation/progress.js";
import { areComplete } from "../simulation/readings.js";
import { reportRun, reportRuns } from "../simulation/report.js";
import { type LinkName, linkNames, type RunResult, summarize } from "../simulation/result.js";
import { type Programs, RESPONDER, type Settings, sensorName, simulate } from "../simulation/scenario.js";
import { seconds, wholeNumber } from "./arguments.js";

const EXIT_NOT_AGREED = 1;
const EXIT_WRONG_USE = 2;
/** As a shell reports a process that SIGINT ended. */
const EXIT_INTERRUPTED = 130;

/** Each party has an address of its own in 127.0.x.0/24 of a capture. */
const MAX_PARTIES = 254;
const MAX_SEED = 2 ** 48 - 1;

/** What the command reaches of the process around it. */
export interface SimulateEnvironment {
  readonly programs: Programs;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressStream;
  /** Ends the simulation early. */
  readonly signal?: AbortSignal;
}

interface Given {
  thirdParties: number;
  threshold: number;
  privacy?: number;
  lose: number;
  liars: number;
  collude?: true;
  drop: number;
  link: LinkName;
  corrupt: number;
  seed?: number;
  suite: SuiteName;
  deadline: number;
  repeat?: number;
  parallel: number;
  bits: string;
  readings?: number;
  pcap?: string;
  json?: true;
}

/** The command, for `symbolon`'s list of commands. It sets the process's exit code. */
export function simulateCommand(): Command {
  return describe(new Command("simulate")).action(async (given: Given, command: Command) => {
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
  const command = describe(new Command("simulate")).configureOutput({
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
    launch: programFile("boards/linux/launch.js"),
  };
}

function describe(command: Command): Command {
  return command
    .description("run a whole exchange on this machine: firmware on its engine, servers as processes")
    .addOption(option("--third-parties <n>", "n, the third parties", wholeNumber(2, MAX_PARTIES)).default(3))
    .addOption(
      option("--threshold <k>", "k, the shares that rebuild the key", wholeNumber(2, MAX_PARTIES)).default(2),
    )
    .addOption(
      option(
        "--privacy <t>",
        "t, the shares that tell nothing (default: k − 1)",
        wholeNumber(0, MAX_PARTIES),
      ),
    )
    .addOption(
      option("--lose <m>", "third parties stopped beforehand", wholeNumber(0, MAX_PARTIES)).default(0),
    )
    .addOption(
      option("--liars <m>", "third parties that alter their share", wholeNumber(0, MAX_PARTIES)).default(0),
    )
    .option("--collude", "the liars plant a key together, claim others' places, contradict themselves")
    .addOption(
      option(
        "--drop <p>",
        "part of all datagrams (gatt: notifications) that are lost",
        decimal(0, 1),
      ).default(0),
    )
    .addOption(
      new Option("--link <link>", "how the sensor reaches the network").choices(linkNames).default("udp"),
    )
    .addOption(
      option(
        "--corrupt <p>",
        "part of all bytes on the serial line that arrive as others",
        decimal(0, 1),
      ).default(0),
    )
    .addOption(
      option("--seed <s>", "what is lost follows from it (default: random, shown)", wholeNumber(0, MAX_SEED)),
    )
    .addOption(new Option("--suite <name>", "KEMAC suite").choices(suiteNames).default("aes-ccm-128"))
    .addOption(option("--deadline <seconds>", "how long an exchange may take", seconds).default(20))
    .addOption(option("--repeat <n>", "exchanges; run i (from 0) takes seed s + i", wholeNumber(1, 100_000)))
    .addOption(
      option("--parallel <j>", "sensors that take part at a time", wholeNumber(1, MAX_PARTIES)).default(1),
    )
    .addOption(new Option("--bits <bits>", "RSA key size").choices(["2048", "3072", "4096"]).default("2048"))
    .addOption(
      option("--readings <n>", "readings that each sensor sends to the Responder", wholeNumber(1, 100_000)),
    )
    .option("--pcap <file>", "write every datagram as a capture, lost ones with a TTL of 1")
    .option("--json", "print the result as one JSON object")
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .addHelpText(
      "after",
      "\nExit code: 0 when all exchanges agreed and all readings came once, 1 when not, 2 on wrong use.\n" +
        "In a capture sensors are 127.0.1.x, third parties 127.0.2.x, the Responder is 127.0.3.1,\nborder routers (--link) 127.0.4.x.",
    );
}

function option(flags: string, description: string, parse: (text: string) => number): Option {
  return new Option(flags, description).argParser(parse);
}

function decimal(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^(\d+\.?\d*|\.\d+)$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`Expected a number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** What one option rules out for another is checked here. */
function settingsOf(given: Given, command: Command): Settings {
  const { thirdParties: n, threshold: k, lose, liars, collude = false, repeat = 1, parallel } = given;
  const privacy = given.privacy ?? k - 1;
  const wrong = (name: string, why: string): never =>
    command.error(`error: option '${name}' ${why}`, { exitCode: EXIT_WRONG_USE });
  if (k > n) wrong("--threshold", `can't be ${k}: there are ${n} third parties`);
  if (privacy >= k) wrong("--privacy", `must be below the threshold ${k}, not ${privacy}`);
  // Shares and the k − t secret points are distinct elements of GF(256).
  if (n > 255 - (k - privacy - 1))
    wrong("--third-parties", `can't be ${n} with ${k - privacy} secret points`);
  if (lose > n) wrong("--lose", `can't be ${lose}: there are ${n} third parties`);
  if (liars > n - lose) wrong("--liars", `can't be ${liars}: ${n - lose} third parties take part`);
  if (collude && liars === 0) wrong("--collude", "needs --liars");
  if (given.corrupt > 0 && given.link !== "slipmux")
    wrong("--corrupt", "needs a serial line: --link slipmux");
  if (given.readings !== undefined && given.link !== "udp")
    wrong("--readings", "needs sensors with IP: --link udp");
  if (parallel > repeat) wrong("--parallel", `can't be ${parallel}: --repeat asks for ${repeat}`);
  return {
    thirdParties: n,
    threshold: k,
    privacy,
    lose,
    liars,
    collude,
    drop: given.drop,
    link: given.link,
    corrupt: given.corrupt,
    seed: given.seed ?? randomInt(2 ** 32),
    suite: given.suite,
    deadline: given.deadline,
    repeat,
    parallel,
    bits: Number(given.bits),
    ...(given.pcap !== undefined && { pcap: given.pcap }),
    ...(given.readings !== undefined && { readings: given.readings }),
  };
}

/** Simulates and prints; returns the exit code. */
async function run(settings: Settings, given: Given, environment: SimulateEnvironment): Promise<number> {
  const { stdout, stderr, programs, signal = new AbortController().signal } = environment;
  const { thirdParties, threshold, privacy, suite, seed, drop, link, corrupt } = settings;
  const progress = new Progress(stderr);
  progress.say(
    `${threshold} of ${thirdParties} shares, ${privacy} tell nothing, ${suite}, ` +
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
        settings.repeat === 1 ? reportRun(runs[0], sensorName(0), RESPONDER) : reportRuns(result, seed);
      stdout.write(`\n${text}`);
    }
    const { readings: wanted = 0 } = settings;
    const isGood = ({ agreed, readings }: RunResult) =>
      agreed && (readings === undefined || areComplete(readings, wanted));
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
