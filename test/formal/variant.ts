/**
 * What is run of a model: its text with one claim, or with one check taken out. A check is one line that ends in
 * "check: NAME"; in ProVerif's language a claim is the query behind "(* query: NAME *)".
 */

import { createHash } from "node:crypto";

const CHECK = /check: ([a-z0-9-]+)(?: \*\))?$/;
const QUERY = /\(\* query: ([a-z0-9-]+) \*\)\nquery .*?\.\n/gs;

/** The checks of a model, in the order of its text. */
export function checksOf(text: string): string[] {
  return text.split("\n").flatMap((line) => CHECK.exec(line)?.[1] ?? []);
}

/** The text without the one line of a check. Throws a RangeError unless there is exactly one. */
export function withoutCheck(text: string, check: string): string {
  const lines = text.split("\n");
  const kept = lines.filter((line) => CHECK.exec(line)?.[1] !== check);
  if (kept.length !== lines.length - 1) {
    throw new RangeError(`check ${check}: expected one line, got ${lines.length - kept.length}`);
  }
  return kept.join("\n");
}

/** The claims of a ProVerif model, in the order of its text. */
export function claimsOf(text: string): string[] {
  return [...text.matchAll(QUERY)].map(([, name]) => name);
}

/** The text of a ProVerif model with one of its claims. Throws a RangeError when it has none of that name. */
export function onlyClaim(text: string, claim: string): string {
  if (!claimsOf(text).includes(claim))
    throw new RangeError(`claim ${claim}: the model has none of that name`);
  return text.replaceAll(QUERY, (query, name: string) => (name === claim ? query : ""));
}

/** SHA-256 in hexadecimal: by it a recorded output is known to be of this text. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
