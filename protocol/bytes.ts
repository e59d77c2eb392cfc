/** Byte arrays: the few operations that every layer needs. */

/** All parts, one after the other, in a new array. A number is one byte: its lowest 8 bits. */
export function concat(...parts: readonly (Uint8Array | number)[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += typeof part === "number" ? 1 : part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    if (typeof part === "number") joined[offset++] = part;
    else {
      joined.set(part, offset);
      offset += part.length;
    }
  }
  return joined;
}

/**
 * Whether two arrays hold the same bytes, in a time that depends on their length only.
 * For tags, keys and everything an attacker may probe.
 */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ b[i];
  return difference === 0;
}

/** Overwrites secrets once they are no longer needed. Copies that an engine made by itself are out of reach. */
export function wipe(...secrets: Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0);
}

/** Lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += (byte < 16 ? "0" : "") + byte.toString(16);
  return hex;
}

/** Bytes of a hexadecimal string. Throws a SyntaxError on an odd length or any other character. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || /[^0-9a-fA-F]/.test(hex)) {
    throw new SyntaxError(`hex: expected pairs of hexadecimal digits, got ${hex.length} characters`);
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}

/** Bytes of an ASCII string. The constants and names of the protocol are ASCII. Throws a RangeError otherwise. */
export function ascii(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) throw new RangeError(`ascii: character ${i} is not ASCII`);
    bytes[i] = code;
  }
  return bytes;
}

/** Unsigned big-endian integer of 1 to 4 bytes at `offset`. */
export function readUint(bytes: Uint8Array, offset: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[offset + i];
  return value;
}

/** Writes `value` as an unsigned big-endian integer of `size` bytes at `offset`. */
export function writeUint(bytes: Uint8Array, offset: number, size: number, value: number): void {
  for (let i = size - 1; i >= 0; i--) {
    bytes[offset + i] = value & 255;
    value = Math.floor(value / 256);
  }
}

/** `value` as an unsigned big-endian integer of `size` bytes. */
export function uint(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  writeUint(bytes, 0, size, value);
  return bytes;
}
