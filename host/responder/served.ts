/**
 * Whether a Responder has served under its present key: a mark beside the key, outside the state. A state that is empty
 * where the mark stands was lost, and with it the cache of accepted messages (RFC 3830 §5.4); without the mark it is a
 * beginning.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeText } from "../enrolment/files.js";

const MARK = "served";

export function hasServed(folder: string): boolean {
  return existsSync(join(folder, MARK));
}

/** Sets the mark. Throws a FileError. */
export function markServed(folder: string): void {
  if (!hasServed(folder)) writeText(join(folder, MARK), "");
}
