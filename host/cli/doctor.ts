/** `symbolon doctor`: what a choice of k, t and n stands. */

import { type Command, Option } from "commander";
import { checkPolicy, type Policy } from "../../protocol/exchange/policy.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import { limitsOf } from "../doctor/limits.js";
import { limitsTable, reportLimits } from "../doctor/report.js";
import { wholeNumber } from "./arguments.js";

/** What the field has room for. */
const MAX_PARTIES = 255;

/** The sharings of the table in docs/security.md: (k, t, n). */
const COMMON = [
  ...[2, 3, 4, 5].map((n) => [2, 1, n]),
  ...[3, 4, 5, 7].map((n) => [3, 2, n]),
  [3, 1, 5],
  [3, 0, 5],
  ...[7, 10].map((n) => [4, 3, n]),
  ...[9, 13].map((n) => [5, 4, n]),
  [8, 7, 15],
  [10, 9, 20],
];

interface DoctorOptions {
  threshold?: number;
  thirdParties?: number;
  privacy?: number;
  table?: true;
  json?: true;
}

/** Adds the command to `symbolon`'s. */
export function addDoctorCommand(program: Command): void {
  const number = (flags: string, description: string, least: number) =>
    new Option(flags, description).argParser(wholeNumber(least, MAX_PARTIES));
  program
    .command("doctor")
    .description("say what a choice stands: who may be curious, silent, lying")
    .addOption(number("--threshold <k>", "k, the shares that rebuild the key", 2))
    .addOption(number("--third-parties <n>", "n, the third parties", 2))
    .addOption(number("--privacy <t>", "t, the shares that tell nothing (default: k − 1)", 0))
    .addOption(
      new Option("--table", "print the common choices as a table in Markdown").conflicts([
        "threshold",
        "thirdParties",
        "privacy",
      ]),
    )
    .option("--json", "print one JSON object, with --table a list")
    .action(({ table, json, ...choice }: DoctorOptions, command: Command) => {
      if (table) {
        const all = COMMON.map(([k, t, n]) => limitsOf(policyOf(k, t, n)));
        process.stdout.write(json ? `${JSON.stringify(all, null, 2)}\n` : limitsTable(all));
        return;
      }
      const { threshold: k, thirdParties: n, privacy } = choice;
      if (k === undefined || n === undefined) {
        return command.error("error: --threshold and --third-parties are needed, or --table");
      }
      const policy = policyOf(k, privacy ?? k - 1, n);
      try {
        checkPolicy(policy);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        return command.error(`error: ${error.message}`);
      }
      const limits = limitsOf(policy);
      process.stdout.write(json ? `${JSON.stringify(limits, null, 2)}\n` : reportLimits(limits));
    });
}

/** A policy like any other of these numbers, with identities of eight bytes. */
function policyOf(threshold: number, privacy: number, n: number): Policy {
  const identity = (i: number) => identityFromText(`0x${i.toString(16).padStart(16, "0")}`);
  return {
    sensor: identity(0),
    threshold,
    privacy,
    suite: "aes-ccm-128",
    thirdParties: Array.from({ length: n }, (_, i) => identity(i + 1)),
  };
}
