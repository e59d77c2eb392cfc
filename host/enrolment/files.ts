/**
 * Files of the parties. What is secret is written for its owner alone and refused when others can read it; what is
 * written is there whole or not at all. Errors are one line: the file, and the place in it.
 */

import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** A file that is missing, unreadable, malformed, too open, or in the way; the message names it and what is wrong. */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly path: string;

  constructor(path: string, complaint: string, options?: ErrorOptions) {
    super(`${path}: ${complaint}`, options);
    this.path = path;
  }
}

const SECRET_MODE = 0o600;
const PUBLIC_MODE = 0o644;
/** Rights of anybody but the owner. */
const OTHERS = 0o077;

export interface ReadOptions {
  /** Refuse the file when anybody but its owner has rights on it. */
  readonly secret?: boolean;
}

export interface WriteOptions {
  /** For the owner alone. */
  readonly secret?: boolean;
  /** Whether a file that is there may be replaced; else it is a FileError. */
  readonly replace?: boolean;
}

/** The text of a file (UTF-8). */
export function readText(path: string, { secret = false }: ReadOptions = {}): string {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    const { mode } = fstatSync(descriptor);
    if (secret && mode & OTHERS) {
      const shown = (mode & 0o777).toString(8).padStart(4, "0");
      throw new FileError(path, `mode ${shown} gives others rights on a secret; it must be 0600`);
    }
    return readFileSync(descriptor, "utf8");
  } catch (error) {
    throw asFileError(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * What `read` makes of the JSON in a file. Errors of `read`, which name the member that is wrong, get the file's
 * name in front; malformed JSON is told by line and column, and none of the text is shown, which may be secret.
 */
export function readJson<Result>(
  path: string,
  read: (json: unknown) => Result,
  options: ReadOptions = {},
): Result {
  const text = readText(path, options);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new FileError(path, `line ${placeOf(text, jsonErrorOffset(text))}: malformed JSON`);
  }
  return inFile(path, () => read(json));
}

/** Runs what makes sense of a file's contents: its SyntaxErrors, RangeErrors and TypeErrors become FileErrors. */
export function inFile<Result>(path: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof RangeError || error instanceof TypeError))
      throw error;
    throw new FileError(path, error.message, { cause: error });
  }
}

/**
 * Puts another text of the same length in the place of each that stands in a file, in any case; durable when this
 * returns. For what must not stay on the disk: a file that takes another's place leaves it there.
 */
export function overwriteText(path: string, text: string, other: string): void {
  if (text.length !== other.length) throw new RangeError(`other text: expected ${text.length} characters`);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r+");
    const contents = readFileSync(descriptor, "latin1").toLowerCase();
    const wanted = text.toLowerCase();
    for (let at = contents.indexOf(wanted); at !== -1; at = contents.indexOf(wanted, at + text.length)) {
      writeSync(descriptor, other, at, "latin1");
    }
    fsyncSync(descriptor);
  } catch (error) {
    throw asFileError(path, error);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}

/**
 * Writes a file by way of another: after a crash the old one is there, or the new one, durable when this returns. A secret
 * that is replaced is overwritten where it was.
 */
export function writeText(
  path: string,
  text: string | Uint8Array,
  { secret = false, replace = false }: WriteOptions = {},
): void {
  const draft = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomBytes(6).toString("hex")}`);
  let replaced: number | undefined;
  try {
    if (secret && replace) replaced = openIfThere(path);
    const mode = secret ? SECRET_MODE : PUBLIC_MODE;
    const descriptor = openSync(draft, "wx", mode);
    try {
      // The umask only takes rights away, and is not to decide.
      fchmodSync(descriptor, mode);
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
      if (replace) renameSync(draft, path);
      // Unlike a rename, a link never replaces.
      else linkSync(draft, path);
    } finally {
      closeSync(descriptor);
      unlinkIfThere(draft);
    }
    flush(dirname(path));
    if (replaced !== undefined) {
      writeSync(replaced, Buffer.alloc(fstatSync(replaced).size), 0, undefined, 0);
      fsyncSync(replaced);
    }
  } catch (error) {
    throw asFileError(path, error);
  } finally {
    if (replaced !== undefined) closeSync(replaced);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a value as indented JSON. */
export function writeJson(path: string, value: unknown, options: WriteOptions = {}): void {
  writeText(path, `${JSON.stringify(value, null, 2)}\n`, options);
}

/** The error that names `path` for what the operating system refused. */
export function asFileError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (error instanceof FileError || typeof code !== "string") return error;
  const complaints: Record<string, string> = {
    ENOENT: "is missing",
    EEXIST: "is there already",
    EACCES: "permission denied",
    EISDIR: "is a folder",
    ENOTDIR: "is not in a folder",
  };
  return new FileError(path, complaints[code] ?? code, { cause: error });
}

/**
 * Where JSON first goes wrong. V8 tells it for some errors only; for the others it is the end of the shortest
 * beginning that no continuation could mend.
 */
export function jsonErrorOffset(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (middle <= text.length && couldContinue(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function couldContinue(beginning: string): boolean {
  try {
    JSON.parse(beginning);
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith("Unexpected end of JSON input")) return true;
    return Number(/at position (\d+)/.exec(message)?.[1]) >= beginning.length;
  }
}

/** "line, column N", both from 1. */
function placeOf(text: string, offset: number): string {
  const lines = text.slice(0, offset).split("\n");
  return `${lines.length}, column ${lines[lines.length - 1].length + 1}`;
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function flush(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
