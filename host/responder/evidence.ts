/**
 * What a third party signed and does not fit a key, kept for whoever settles the matter: its TP_R as it came, one
 * file for each third party, sensor and T. SIGN in it shows who sent it, `symbolon decode` shows what it says, and
 * copying it exports it. That the share inside is wrong shows only with the Responder's private key and the
 * other shares; and who is wrong, the third party or the sensor, it does not show.
 *
 * A third party's last 20 are kept, without a limit in time: a liar can push out only its own.
 */

import { mkdirSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { ascii, toHex } from "../../protocol/bytes.js";
import { asFileError, writeText } from "../enrolment/files.js";
import { primitives } from "../primitives.js";

/** Files of one third party. */
const MAX_FILES = 20;
const ENDING = ".mikey";

/** A TP_R and what it is about. */
export interface Evidence {
  readonly thirdParty: string;
  readonly sensor: string;
  readonly t: number;
  readonly bytes: Uint8Array;
}

/** Keeps a TP_R and returns the name of its file. Throws a FileError when it can't be written. */
export type KeepEvidence = (evidence: Evidence) => string;

/** Keeps evidence in `folder`, which is made with the first. */
export function evidenceFolder(folder: string): KeepEvidence {
  return ({ thirdParty, sensor, t, bytes }) => {
    const own = join(folder, nameOf(thirdParty));
    const path = join(own, `${nameOf(sensor)}-${t}${ENDING}`);
    try {
      mkdirSync(own, { recursive: true, mode: 0o700 });
      // The first stays: after a restart the same message is found again.
      if (statSync(path, { throwIfNoEntry: false }) !== undefined) return path;
      writeText(path, bytes, { secret: true });
      forgetOldest(own);
    } catch (error) {
      throw asFileError(path, error);
    }
    return path;
  };
}

function forgetOldest(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => ({ path: join(folder, name), time: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => a.time - b.time);
  for (const { path } of files.slice(0, -MAX_FILES)) unlinkSync(path);
}

/** The first 16 digits of the SHA-256 of an identity's text form: identities can have any length. */
function nameOf(identity: string): string {
  return toHex(primitives.sha256(ascii(identity)).subarray(0, 8));
}
