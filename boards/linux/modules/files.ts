/** Files, in C (engine/files.c). */
/// <reference path="../../../firmware/native/native.d.ts" />

/** The contents of a file, or undefined when there is none. Throws an Error that names the file otherwise. */
export function readFile(this: void, path: string): ArrayBuffer | undefined {
  return native("xs_file_read").call(this, path);
}

/** The text of a file in UTF-8, or undefined when there is none. */
export function readText(this: void, path: string): string | undefined {
  return native("xs_file_text").call(this, path);
}

/** Writes `folder`/`name`, readable by its owner only. Durable when it returns; never half written. */
export function writeFile(this: void, folder: string, name: string, bytes: Uint8Array): void {
  native("xs_file_write").call(this, folder, name, bytes);
}
