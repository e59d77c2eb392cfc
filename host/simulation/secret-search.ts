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
 * would have them, alone or among other bytes. Throws a RangeError for a secret below four bytes, which may be there by
 * chance.
 */
export function findSecrets(places: Iterable<Uint8Array>, secrets: readonly Secret[]): string[] {
  const forms = secrets.map(({ name, bytes }) => {
    if (bytes.length < 4) throw new RangeError(`${name}: expected 4 bytes or more, got ${bytes.length}`);
    return { name, forms: formsOf(Buffer.from(bytes)) };
  });
  const found = new Set<string>();
  for (const place of places) {
    const buffer = Buffer.from(place.buffer, place.byteOffset, place.byteLength);
    for (const { name, forms: each } of forms)
      if (each.some((form) => buffer.includes(form))) found.add(name);
  }
  return [...found];
}

function formsOf(bytes: Buffer): Buffer[] {
  const hex = bytes.toString("hex");
  const texts = new Set([hex, hex.toUpperCase()]);
  // Base64 of other bytes before it: three characters are two bytes and what they share with the next.
  for (const before of [0, 1, 2]) {
    const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
    const first = before === 0 ? 0 : before + 1;
    // The last character may hold bits of what comes behind.
    const last = Math.floor((shifted.length * 8) / 6);
    for (const form of ["base64", "base64url"] as const) texts.add(shifted.toString(form).slice(first, last));
  }
  return [bytes, ...[...texts].map((text) => Buffer.from(text))];
}

/** The contents of all files in a folder and below. */
export function allFiles(folder: string): Uint8Array[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => readFileSync(join(parentPath, name)));
}
