/** `symbolon energy report`: a power meter's trace as millijoules of each phase. */

import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { batteryLife, type Cell, type Life, parseCell } from "../energy/battery.js";
import type { Coding } from "../energy/phases/marks.js";
import { type Assertion, judge, parseAssertion } from "../energy/report/assertion.js";
import { collect } from "../energy/report/collect.js";
import { type Figures, figuresOf } from "../energy/report/figures.js";
import { Overview } from "../energy/report/overview.js";
import { reportPage } from "../energy/report/page.js";
import { reportCsv, reportText } from "../energy/report/text.js";
import { findTraces } from "../energy/traces/open.js";
import { type CurrentUnit, currentUnits, type TimeUnit, timeUnits } from "../energy/traces/trace.js";
import { Progress } from "../simulation/progress.js";
import { wholeNumber } from "./arguments.js";
import { collected, type Every, every, quantity, valid } from "./energy-options.js";

export interface ReportOptions {
  volts?: number;
  /** Channel names; false: --no-marks. */
  marks?: string[] | boolean;
  pins?: number;
  coding?: Coding;
  threshold?: number;
  rate?: number;
  timeUnit?: TimeUnit;
  currentUnit?: CurrentUnit;
  floor?: number | "measured";
  battery?: Cell;
  every?: Every[];
  assert?: Assertion[];
  json?: true;
  csv?: true;
  html?: string;
}

export function addReportCommand(energy: Command): void {
  const names = (text: string) => text.split(",").map((name) => name.trim());
  energy
    .command("report")
    .description("time, charge and energy of each phase in a power meter's trace")
    .argument(
      "<trace...>",
      "PPK2 (.ppk2, .ppk, CSV), Otii or Joulescope CSV, time,current[,voltage], or a folder",
    )
    .option("--volts <voltage>", "of the supply, where the trace does not say it: 3V", quantity("V"))
    .addOption(
      new Option("--marks <channels>", "what the board marks on: D0,D1,D2, or columns").argParser(names),
    )
    .option("--no-marks", "the whole trace is one phase")
    .addOption(
      new Option("--pins <n>", "how many pins the board marks on (default: 3)").argParser(wholeNumber(1, 3)),
    )
    .addOption(
      new Option("--coding <how>", "of one channel: pulses, or level: high while something runs").choices([
        "pulses",
        "level",
      ]),
    )
    .addOption(
      new Option(
        "--threshold <value>",
        "a column is high from here on, in its SI unit (default: 0.5)",
      ).argParser(number),
    )
    .addOption(
      new Option("--rate <n>", "samples a second of a CSV without times").argParser(
        wholeNumber(1, 10_000_000),
      ),
    )
    .addOption(
      new Option("--time-unit <unit>", "of a CSV that does not say it").choices(Object.keys(timeUnits)),
    )
    .addOption(
      new Option("--current-unit <unit>", "of a CSV that does not say it").choices(Object.keys(currentUnits)),
    )
    .addOption(
      new Option("--floor <current>", "take the idle current off: measured, or 3uA").argParser((text) =>
        text === "measured" ? text : quantity("A")(text),
      ),
    )
    .addOption(
      new Option("--battery <cell>", "how long a cell lasts: cr2032, or 225mAh").argParser((text) =>
        valid(() => parseCell(text)),
      ),
    )
    .addOption(
      new Option("--every <name=time>", "how often, for --battery: exchange=1d; may be repeated").argParser(
        collected(every),
      ),
    )
    .addOption(
      new Option(
        "--assert <claim>",
        "exit 1 if it is not so: 'exchange.energy < 500uJ'; may be repeated",
      ).argParser(collected(parseAssertion)),
    )
    .option("--json", "print one JSON object")
    .addOption(new Option("--csv", "print the table as CSV").conflicts("json"))
    .option("--html <file>", "write a page with the trace to zoom into")
    .action(async (paths: string[], options: ReportOptions) => {
      await report(paths, options);
    });
}

/** Reads, prints, and sets the exit code when an assertion does not hold. */
export async function report(paths: readonly string[], options: ReportOptions): Promise<void> {
  const channels = Array.isArray(options.marks) ? options.marks : undefined;
  const files = await findTraces(paths, {
    ...(options.rate !== undefined && { samplesPerSecond: options.rate }),
    ...(options.timeUnit !== undefined && { timeUnit: options.timeUnit }),
    ...(options.currentUnit !== undefined && { currentUnit: options.currentUnit }),
    ...(options.threshold !== undefined && { threshold: options.threshold }),
    ...(channels !== undefined && { channels }),
  });
  const pictures: Overview[] = [];
  const progress = new Progress(process.stderr);
  const step = progress.begin(`reading ${files.map(({ file }) => file).join(", ")}`);
  try {
    const collection = await collect(files, {
      ...(options.volts !== undefined && { volts: options.volts }),
      ...(options.marks === false ? { channels: [] } : channels !== undefined && { channels }),
      ...(options.pins !== undefined && { pins: options.pins }),
      ...(options.coding !== undefined && { coding: options.coding }),
      onProgress: (file, part) => step.update(`${file}: ${bar(part)}`),
      ...(options.html !== undefined && {
        onTrace: (trace) => pictures.push(new Overview(trace.samplesPerSecond)),
        onBlock: (i, block) => pictures[i].add(block),
      }),
    });
    step.done();
    const figures = figuresOf(collection, options.floor === undefined ? {} : { floor: options.floor });
    const life =
      options.battery === undefined ? undefined : lifeOf(options.battery, figures, options.every ?? []);
    print(figures, life, options);
    if (options.html !== undefined) {
      const { phases } = collection;
      writeFileSync(
        options.html,
        reportPage({ figures, phases, pictures: pictures.map((one) => one.picture()) }),
      );
    }
  } catch (error) {
    step.fail();
    throw error;
  }
}

function print(figures: Figures, life: Life | undefined, options: ReportOptions): void {
  const verdicts = (options.assert ?? []).map((assertion) => judge(figures, assertion));
  if (options.json) {
    // JSON has no NaN: the deviation of one repeat is null.
    process.stdout.write(
      `${JSON.stringify({ ...figures, ...(life && { life }), assertions: verdicts }, null, 2)}\n`,
    );
  } else process.stdout.write(options.csv ? reportCsv(figures) : reportText(figures, life));
  for (const { text, holds, figure } of verdicts) {
    process.stderr.write(`${holds ? "holds" : "FAILS"}: ${text}: ${figure}\n`);
    if (!holds) process.exitCode = 1;
  }
}

/** The floor is what is given, or what flows asleep; the rest is above it. */
function lifeOf(cell: Cell, figures: Figures, often: readonly Every[]): Life {
  const floor = figures.floor ?? figures.sleep;
  if (floor === undefined) throw new Error("--battery: the trace has no phase asleep; give --floor CURRENT");
  if (often.length === 0)
    throw new Error("--battery: say how often with --every, such as --every exchange=1d");
  const recurring = often.map(({ name, seconds }) => {
    const row = figures.rows.find((one) => one.name === name);
    if (row === undefined) {
      throw new Error(
        `--every ${name}: not in the trace; there are ${figures.rows.map((one) => one.name).join(", ")}`,
      );
    }
    const taken = figures.floor === undefined ? floor * row.time.mean : 0;
    return { name, every: seconds, coulombs: row.charge.mean - taken };
  });
  return batteryLife(cell, floor, recurring);
}

const BAR = 20;

function bar(part: number): string {
  const done = Math.min(BAR, Math.round(part * BAR));
  return `${"█".repeat(done)}${"░".repeat(BAR - done)} ${Math.round(100 * Math.min(1, part))} %`;
}

function number(text: string): number {
  return valid(() => {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) throw new SyntaxError(`"${text}": expected a number`);
    return value;
  });
}
