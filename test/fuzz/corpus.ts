/** Inputs that were worth keeping: a file a target, an input a line in hexadecimal, `#` before words for people. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fromHex } from "../../protocol/bytes.js";

/** Beside the sources: what is found is kept with them. */
export function corpusFile(target: string): string {
  return fileURLToPath(new URL(`../../../test/fuzz/corpus/${target}.txt`, import.meta.url));
}

/** The inputs kept for a target. */
export function corpusOf(target: string): Uint8Array[] {
  const file = corpusFile(target);
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "")
    .map(fromHex);
}
