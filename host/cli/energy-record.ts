/** `symbolon energy record` and `symbolon energy meters`: the power meter itself. */

import { type Command, Option } from "commander";
import { terminalPort } from "../border-router/terminal.js";
import { listMeters } from "../energy/record/meters.js";
import { LEAST_MILLIVOLTS, type MeterMode, MOST_MILLIVOLTS } from "../energy/record/ppk2-protocol.js";
import { record } from "../energy/record/recorder.js";
import { Progress } from "../simulation/progress.js";
import { wholeNumber } from "./arguments.js";
import { quantity } from "./energy-options.js";
import { type ReportOptions, report } from "./energy-report.js";

interface Given {
  ppk2: string;
  out: string;
  mode: MeterMode;
  volts: number;
  for?: number;
  spikeFilter: boolean;
  power: boolean;
  report?: true;
  pins?: number;
}

/** The line is USB: its speed is a formality. */
const BAUD = 115_200;

export function addRecordCommands(energy: Command): void {
  energy
    .command("record")
    .description("record with a Nordic PPK2, until the time is over or Ctrl-C")
    .requiredOption("--ppk2 <device>", "its first serial port; see symbolon energy meters")
    .requiredOption("--out <file.ppk2>", "what to write; it must not be there yet")
    .addOption(
      new Option("--mode <mode>", "source: the meter is the supply; ampere: somebody else is")
        .choices(["source", "ampere"])
        .default("source"),
    )
    .addOption(
      new Option(
        "--volts <voltage>",
        `of the supply, ${LEAST_MILLIVOLTS / 1000} to ${MOST_MILLIVOLTS / 1000} V: more than your board takes destroys it`,
      )
        .argParser(quantity("V"))
        .makeOptionMandatory(),
    )
    .addOption(new Option("--for <time>", "how long: 60s (default: until Ctrl-C)").argParser(quantity("s")))
    .option("--no-spike-filter", "leave the samples behind a change of range as they are")
    .option("--no-power", "leave the power of the device under test as it is")
    .option("--report", "report at the end")
    .addOption(new Option("--pins <n>", "for the report").argParser(wholeNumber(1, 3)))
    .action(async (given: Given) => {
      await recordWith(given);
    });
  energy
    .command("meters")
    .description("the power meters that are attached")
    .option("--json", "print a list of objects")
    .action(async ({ json }: { json?: true }) => {
      const meters = await listMeters();
      if (json) process.stdout.write(`${JSON.stringify(meters)}\n`);
      else if (meters.length === 0) process.stdout.write("no power meter is attached\n");
      else
        for (const { device, serialNumber } of meters)
          process.stdout.write(`${device}  PPK2 ${serialNumber ?? ""}\n`);
    });
}

async function recordWith({
  ppk2,
  out,
  mode,
  volts,
  for: seconds,
  spikeFilter,
  power,
  ...rest
}: Given): Promise<void> {
  const end = new AbortController();
  const onSignal = () => end.abort();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, onSignal);
  const step = new Progress(process.stderr).begin(`recording ${ppk2} at ${volts} V, ${mode} mode`);
  try {
    const { samples, lost, broken, notes } = await record({
      openPort: terminalPort(ppk2, BAUD, "--ppk2"),
      ...{ file: out, mode, millivolts: 1000 * volts, spikeFilter, power, signal: end.signal },
      ...(seconds !== undefined && { seconds }),
      onStart: ({ hardware }) => step.update(`hardware ${hardware ?? "unknown"}`),
      onProgress: (all, missing) => step.update(`${(all / 1e5).toFixed(1)} s, ${missing} samples lost`),
    });
    step.done(`${out}: ${samples} samples, ${lost} lost`);
    for (const note of notes) process.stderr.write(`! ${note}\n`);
    if (broken !== undefined) {
      process.stderr.write(`symbolon: ${ppk2}: ${broken}; what was recorded until then is in ${out}\n`);
      process.exitCode = 1;
    }
    if (rest.report) {
      const options: ReportOptions = rest.pins === undefined ? {} : { pins: rest.pins };
      await report([out], options);
    }
  } catch (error) {
    step.fail();
    throw error;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, onSignal);
  }
}
