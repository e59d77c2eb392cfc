/** `symbolon energy`: what an exchange costs, measured or reckoned. */

import type { Command } from "commander";
import { writeExample } from "../energy/example.js";
import { formatQuantity } from "../energy/quantity.js";
import { wholeNumber } from "./arguments.js";
import { addModelCommand } from "./energy-model.js";
import { addRecordCommands } from "./energy-record.js";
import { addReportCommand } from "./energy-report.js";

/** Adds the command to `symbolon`'s. */
export function addEnergyCommand(program: Command): void {
  const energy = program.command("energy").description("what an exchange costs, measured or reckoned");
  addReportCommand(energy);
  addRecordCommands(energy);
  addModelCommand(energy);
  addExampleCommand(energy);
}

function addExampleCommand(energy: Command): void {
  energy
    .command("example")
    .description("write a trace that nobody measured, with known charges, to try the report")
    .argument("<file.ppk2>", "what to write")
    .option("--exchanges <n>", "how many", wholeNumber(1, 10_000), 20)
    .option("--json", "print one JSON object")
    .action((file: string, { exchanges, json }: { exchanges: number; json?: true }) => {
      const { samples, coulombs } = writeExample(file, exchanges);
      if (json) {
        process.stdout.write(
          `${JSON.stringify({ exchanges, samples, coulombs: Object.fromEntries(coulombs) })}\n`,
        );
        return;
      }
      const parts = [...coulombs].map(
        ([name, charge]) => `${name} ${formatQuantity(charge / exchanges, "C")}`,
      );
      process.stdout.write(
        `${file}: ${samples} samples, ${exchanges} exchanges; for each: ${parts.join(", ")}\n`,
      );
    });
}
