/** Looks for secrets in what somebody held who should hold none. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A secret, and what it is called when it is found. */
export interface Secret {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The names of those secrets that are in one of the places: as they are, in hexadecimal or in base64, as a log or JSON
 * would have them. Throws a RangeError for a secret below four bytes, which may be there by chance.
 */
export function findSecrets(places: Iterable<Uint8Array>, secrets: readonly Secret[]): string[] {
  const forms = secrets.map(({ name, bytes }) => {
    if (bytes.length < 4) throw new RangeError(`${name}: expected 4 bytes or more, got ${bytes.length}`);
    const buffer = Buffer.from(bytes);
    const hex = buffer.toString("hex");
    const texts = [hex, hex.toUpperCase(), buffer.toString("base64url"), buffer.toString("base64")];
    return { name, forms: [buffer, ...texts.map((text) => Buffer.from(text.replace(/=+$/, "")))] };
  });
  const found = new Set<string>();
  for (const place of places) {
    const buffer = Buffer.from(place.buffer, place.byteOffset, place.byteLength);
    for (const { name, forms: each } of forms)
      if (each.some((form) => buffer.includes(form))) found.add(name);
  }
  return [...found];
}

/** The contents of all files in a folder and below. */
export function allFiles(folder: string): Uint8Array[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
}
