/** `symbolon wipe`: takes a board's enrolment away. */

import type { Command } from "commander";
import { findBoardRecord, giveToBoard, newCode } from "../enrolment/give.js";
import { addBoardOptions, askCode, type BoardOptions, giveOptions, givesBoard } from "./board-options.js";

export function addWipeCommand(program: Command): void {
  addBoardOptions(
    program
      .command("wipe")
      .description("take a board's enrolment away; the board keeps a new code for the next one"),
  ).action(wipe);
}

async function wipe(options: BoardOptions, command: Command): Promise<void> {
  if (!givesBoard(options, command)) command.error("error: give --board", { exitCode: 2 });
  const give = giveOptions(options);
  const record = findBoardRecord(give.file);
  const code = await askCode(options, record?.code);
  // An image that may have reached the board is finished first: its code may be the board's by now.
  if (record?.pending !== undefined) {
    await giveToBoard(code, record.pending, give);
    if (record.pending.parties === undefined) return;
    throw new Error(
      "what was on its way to the board is finished: press its button and run this again to wipe it",
    );
  }
  const nextCode = newCode();
  await giveToBoard(code, { image: nextCode, nextCode }, give);
}
