/** The process's pseudo-terminal, in C (engine/pty.c). */
/// <reference path="../../../firmware/native/native.d.ts" />

/**
 * Opens it; the symbolic link `link` leads to the terminal that others open. Throws an Error when the link can't be
 * made, or when the process has one already.
 */
export function openPty(
  link: string,
  onBytes: (bytes: ArrayBuffer) => void,
): { write(bytes: Uint8Array): void; close(): void } {
  open(link, onBytes);
  return { write, close };
}

function open(this: void, link: string, onBytes: (bytes: ArrayBuffer) => void): void {
  native("xs_pty_open").call(this, link, onBytes);
}

function write(this: void, bytes: Uint8Array): void {
  native("xs_pty_write").call(this, bytes);
}

function close(this: void): void {
  native("xs_pty_close").call(this);
}
