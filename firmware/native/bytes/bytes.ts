/**
 * protocol/bytes.ts in C: the same functions, which say the same. A board's build puts this module in the place of
 * that one, since a byte that a script touches costs what some hundred do in C. Both pass the same tests.
 */
/// <reference path="../native.d.ts" />

export function concat(this: void, ...parts: readonly (Uint8Array | number)[]): Uint8Array {
  return native("xs_bytes_concat").call(this, ...parts);
}

export function equal(this: void, a: Uint8Array, b: Uint8Array): boolean {
  return native("xs_bytes_equal").call(this, a, b);
}

export function wipe(this: void, ...secrets: Uint8Array[]): void {
  native("xs_bytes_wipe").call(this, ...secrets);
}

export function toHex(this: void, bytes: Uint8Array): string {
  return native("xs_bytes_to_hex").call(this, bytes);
}

export function fromHex(this: void, hex: string): Uint8Array {
  return native("xs_bytes_from_hex").call(this, hex);
}

export function ascii(this: void, text: string): Uint8Array {
  return native("xs_bytes_ascii").call(this, text);
}

export function readUint(this: void, bytes: Uint8Array, offset: number, size: number): number {
  return native("xs_bytes_read_uint").call(this, bytes, offset, size);
}

export function writeUint(this: void, bytes: Uint8Array, offset: number, size: number, value: number): void {
  native("xs_bytes_write_uint").call(this, bytes, offset, size, value);
}

export function uint(this: void, value: number, size: number): Uint8Array {
  return native("xs_bytes_uint").call(this, value, size);
}
