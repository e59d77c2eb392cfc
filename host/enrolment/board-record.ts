/**
 * What the enroller keeps of a board: the code that it must have at the next enrolment, and while an enrolment is on
 * its way all of it. PSKs are in here from the moment that they are made until the board has proven that it has them.
 */

import { fromHex, toHex } from "../../protocol/bytes.js";
import { codeFromDigits, codeToDigits } from "../../protocol/enrolment/code.js";
import type { MadeEnrolment } from "./enrol.js";
import { readJson, writeJson } from "./files.js";
import type { OthersJson } from "./others.js";

export const BOARD_FORMAT = "symbolon-board-1";

export interface BoardRecord {
  readonly code: Uint8Array;
  readonly pending?: PendingImage;
}

/** An image that may have reached the board. */
export interface PendingImage {
  readonly image: Uint8Array;
  /** The code that the image gives the board. */
  readonly nextCode: Uint8Array;
  /** For the third parties, once the board has it; undefined when the board is to be wiped. */
  readonly parties?: PendingParties;
}

export interface PendingParties {
  /** What was asked for, to tell whether it is asked for again. */
  readonly order: string;
  readonly thirdParties: MadeEnrolment["thirdParties"];
  readonly others: OthersJson;
}

interface BoardJson {
  readonly format: typeof BOARD_FORMAT;
  readonly code: string;
  readonly pending?: { readonly image: string; readonly code: string; readonly parties?: PendingParties };
}

/** Throws a FileError, also when others may read the file. */
export function readBoardRecord(path: string): BoardRecord {
  return readJson(path, recordFromJson, { secret: true });
}

/** For the owner alone. */
export function writeBoardRecord(
  path: string,
  { code, pending }: BoardRecord,
  options: { readonly replace?: boolean } = {},
): void {
  const json: BoardJson = {
    format: BOARD_FORMAT,
    code: codeToDigits(code),
    ...(pending !== undefined && {
      pending: {
        image: toHex(pending.image),
        code: codeToDigits(pending.nextCode),
        ...(pending.parties !== undefined && { parties: pending.parties }),
      },
    }),
  };
  writeJson(path, json, { ...options, secret: true });
}

/** The record is the tool's own: what is checked is that it is one, and the code, which people may write. */
function recordFromJson(json: unknown): BoardRecord {
  if (typeof json !== "object" || json === null) throw new SyntaxError("expected an object");
  const { format, code, pending } = json as Partial<BoardJson>;
  if (format !== BOARD_FORMAT) throw new SyntaxError(`format: expected "${BOARD_FORMAT}"`);
  if (typeof code !== "string") throw new SyntaxError("code: expected digits");
  if (pending === undefined) return { code: codeFromDigits(code) };
  return {
    code: codeFromDigits(code),
    pending: {
      image: fromHex(pending.image),
      nextCode: codeFromDigits(pending.code),
      ...(pending.parties !== undefined && { parties: pending.parties }),
    },
  };
}
