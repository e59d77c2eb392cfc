/**
 * Giving a board its enrolment, or taking it away, so that an end in the middle is made good by doing it again: what is
 * on its way is in the board's record before it leaves, and the third parties get their part once the board has its.
 */

import { existsSync } from "node:fs";
import { CODE_LENGTH } from "../../protocol/enrolment/code.js";
import { randomSource } from "../primitives.js";
import { BoardError, type BoardPlace, type WriteOptions, writeToBoard } from "./board-link.js";
import {
  type BoardRecord,
  type PendingImage,
  type PendingParties,
  readBoardRecord,
  writeBoardRecord,
} from "./board-record.js";
import { writeThirdParties } from "./enrol.js";
import { othersFromJson, tellGateway, tellOfResponder } from "./others.js";

export interface GiveOptions extends WriteOptions {
  /** The board's record. */
  readonly file: string;
  readonly place: BoardPlace;
}

/** A code that nobody had before. */
export function newCode(): Uint8Array {
  return randomSource(CODE_LENGTH);
}

/** The record, or undefined where there is none. Throws a FileError. */
export function findBoardRecord(file: string): BoardRecord | undefined {
  return existsSync(file) ? readBoardRecord(file) : undefined;
}

/** Gives the board an image under its code. Rejects with a BoardError or a FileError. */
export async function giveToBoard(
  code: Uint8Array,
  pending: PendingImage,
  { file, place, ...options }: GiveOptions,
): Promise<void> {
  writeBoardRecord(file, { code, pending }, { replace: true });
  const { image, nextCode, parties } = pending;
  let proven: boolean;
  try {
    ({ proven } = await writeToBoard(place, { code, image, nextCode }, options));
  } catch (error) {
    if (error instanceof BoardError && error.isUncertain) {
      const message = `${error.message}. It may have stored it all the same: press its button and run this again`;
      throw new BoardError(message, true);
    }
    writeBoardRecord(file, { code }, { replace: true });
    throw error;
  }
  options.onProgress(proven ? "the board has proven that it stored it" : "the board had stored it before");
  if (parties !== undefined) tellParties(parties);
  writeBoardRecord(file, { code: nextCode }, { replace: true });
}

function tellParties({ thirdParties, others }: PendingParties): void {
  const told = othersFromJson(others);
  tellGateway(told, { replace: true });
  writeThirdParties({ thirdParties }, told.folders, { replace: true });
  tellOfResponder(told);
}
