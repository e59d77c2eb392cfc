/** `symbolon label`: makes a board's first code, for its label and for what is flashed with it. */

import type { Command } from "commander";
import { codeToDigits } from "../../protocol/enrolment/code.js";
import { writeBoardRecord } from "../enrolment/board-record.js";
import { writeText } from "../enrolment/files.js";
import { refuseExisting } from "../enrolment/folders.js";
import { findBoardRecord, newCode } from "../enrolment/give.js";
import { writeMod } from "../enrolment/mod.js";
import { showCode } from "../enrolment/show-code.js";

interface LabelOptions {
  board: string;
  out?: string;
  mod?: string;
}

export function addLabelCommand(program: Command): void {
  program
    .command("label")
    .description("a board's code: made here when there is none, and shown as a QR code and digits")
    .requiredOption("--board <file>", "what is kept of the board; made when there is none")
    .option("--out <file>", "the digits alone, for the Linux board: its folder's file `code`")
    .option("--mod <dir>", "a Moddable mod that gives the board its code when it is flashed")
    .action(label);
}

function label({ board, out, mod }: LabelOptions): void {
  const known = findBoardRecord(board);
  const code = known?.code ?? newCode();
  const digits = codeToDigits(code);
  // All that may refuse comes before the record: a code that is kept nowhere else must not be there.
  if (out !== undefined) refuseExisting(out);
  if (mod !== undefined) writeMod(mod, "code.txt", `${digits}\n`);
  if (out !== undefined) writeText(out, `${digits}\n`, { secret: true });
  if (known === undefined) writeBoardRecord(board, { code });
  process.stdout.write(`${showCode(code)}\n`);
}
