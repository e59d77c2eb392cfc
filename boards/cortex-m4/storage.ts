/** The board's storage in the files of this machine. */

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

/** The contents of a file, or undefined when there is none. Throws the file system's error otherwise. */
export function readStored(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes `folder`/`name` for its owner only; durable when it returns, never half written. */
export function writeStored(folder: string, name: string, contents: Uint8Array): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  const temporary = `${folder}/${name}~`;
  synchronised(temporary, "w", (file) => {
    for (let done = 0; done < contents.length; ) done += writeSync(file, contents, done);
  });
  renameSync(temporary, `${folder}/${name}`);
  synchronised(folder, "r", () => {});
}

function synchronised(path: string, mode: "r" | "w", work: (file: number) => void): void {
  const file = openSync(path, mode, 0o600);
  try {
    work(file);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
