/**
 * ZIP archives, read without unpacking them (PKWARE APPNOTE 6.3.10). An archive whose end is missing, because its
 * writer was stopped, is read from its beginning: what is there of its last entry is given.
 */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { constants, crc32, createInflateRaw } from "node:zlib";
import { malformed } from "./trace.js";

export interface ZipEntry {
  readonly name: string;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  /** Where its local header begins. */
  readonly header: number;
  /** Bytes in the archive; undefined: up to the archive's end. */
  readonly stored?: number;
  readonly size?: number;
  readonly crc?: number;
}

export interface Zip {
  readonly file: string;
  readonly bytes: number;
  readonly entries: readonly ZipEntry[];
  /** The archive has no end: its writer was stopped. */
  readonly cut: boolean;
}

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const LOCAL_LENGTH = 30;
const CENTRAL_LENGTH = 46;
const END_LENGTH = 22;
const LOCATOR64_LENGTH = 20;
const END64_LENGTH = 56;
const MAX_COMMENT = 0xffff;
const MAX_32 = 0xffffffff;
/** Flag: sizes and CRC follow the data. */
const SIZES_FOLLOW = 1 << 3;
const ENCRYPTED = 1;
/** A directory of a recording has three entries. */
const MAX_DIRECTORY = 1 << 20;

/** Bytes that go through memory at once. */
export const CHUNK = 1 << 19;

type Read = (position: number, length: number) => Promise<Buffer>;

/** The archive's entries. Throws a SyntaxError that says what is wrong with it. */
export async function openZip(file: string): Promise<Zip> {
  const handle = await open(file);
  try {
    const bytes = (await handle.stat()).size;
    const read: Read = async (position, length) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(length, bytes - position)));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
      return buffer.subarray(0, bytesRead);
    };
    const entries = await directory(file, read, bytes);
    if (entries !== undefined) return { file, bytes, entries, cut: false };
    return { file, bytes, entries: await localEntries(read, bytes), cut: true };
  } finally {
    await handle.close();
  }
}

/** Entries by the central directory at the end; undefined where there is none. */
async function directory(file: string, read: Read, bytes: number): Promise<ZipEntry[] | undefined> {
  const from = Math.max(0, bytes - END_LENGTH - MAX_COMMENT);
  const tail = await read(from, bytes - from);
  let end = tail.length - END_LENGTH;
  while (end >= 0 && tail.readUInt32LE(end) !== END) end--;
  if (end < 0) return undefined;
  let length = tail.readUInt32LE(end + 12);
  let start = tail.readUInt32LE(end + 16);
  if (length === MAX_32 || start === MAX_32) {
    const locator = await read(from + end - LOCATOR64_LENGTH, LOCATOR64_LENGTH);
    const end64 =
      locator.length === LOCATOR64_LENGTH && locator.readUInt32LE(0) === LOCATOR64
        ? await read(Number(locator.readBigUInt64LE(8)), END64_LENGTH)
        : Buffer.alloc(0);
    if (end64.length < END64_LENGTH || end64.readUInt32LE(0) !== END64) {
      throw malformed(file, "ZIP directory", "the ZIP64 record is missing; the archive is damaged");
    }
    length = Number(end64.readBigUInt64LE(40));
    start = Number(end64.readBigUInt64LE(48));
  }
  if (length > MAX_DIRECTORY || start + length > bytes) {
    throw malformed(file, "ZIP directory", "it lies outside the file; the archive is damaged");
  }
  return centralEntries(file, await read(start, length));
}

function centralEntries(file: string, directory: Buffer): ZipEntry[] {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + CENTRAL_LENGTH <= directory.length; ) {
    const nameLength = directory.readUInt16LE(at + 28);
    const extraLength = directory.readUInt16LE(at + 30);
    const next = at + CENTRAL_LENGTH + nameLength + extraLength + directory.readUInt16LE(at + 32);
    if (directory.readUInt32LE(at) !== CENTRAL || next > directory.length) {
      throw malformed(file, `ZIP directory, entry ${entries.length + 1}`, "the archive is damaged");
    }
    const name = directory.toString("utf8", at + CENTRAL_LENGTH, at + CENTRAL_LENGTH + nameLength);
    if ((directory.readUInt16LE(at + 8) & ENCRYPTED) !== 0) throw malformed(file, name, "it is encrypted");
    const extra = directory.subarray(at + CENTRAL_LENGTH + nameLength, next);
    const [size, stored, header] = wide(extra, extraLength, [
      directory.readUInt32LE(at + 24),
      directory.readUInt32LE(at + 20),
      directory.readUInt32LE(at + 42),
    ]);
    const method = directory.readUInt16LE(at + 10);
    entries.push({ name, method, header, stored, size, crc: directory.readUInt32LE(at + 16) });
    at = next;
  }
  return entries;
}

/** Those of the values that do not fit into 32 bits stand in the ZIP64 extra field, in this order (§4.5.3). */
function wide(extra: Buffer, length: number, values: readonly number[]): number[] {
  for (let at = 0; at + 4 <= length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) !== 1) continue;
    let from = at + 4;
    return values.map((value) => {
      if (value !== MAX_32 || from + 8 > length) return value;
      from += 8;
      return Number(extra.readBigUInt64LE(from - 8));
    });
  }
  return [...values];
}

/** Entries one behind the other, as far as their sizes are known. */
async function localEntries(read: Read, bytes: number): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (let at = 0; at + LOCAL_LENGTH <= bytes; ) {
    const fixed = await read(at, LOCAL_LENGTH);
    if (fixed.length < LOCAL_LENGTH || fixed.readUInt32LE(0) !== LOCAL) break;
    const nameLength = fixed.readUInt16LE(26);
    const name = (await read(at + LOCAL_LENGTH, nameLength)).toString("utf8");
    const data = at + LOCAL_LENGTH + nameLength + fixed.readUInt16LE(28);
    const stored = fixed.readUInt32LE(18);
    const known = (fixed.readUInt16LE(6) & SIZES_FOLLOW) === 0 && stored !== MAX_32 && data + stored <= bytes;
    const method = fixed.readUInt16LE(8);
    if (!known) {
      entries.push({ name, method, header: at });
      break;
    }
    const sizes = { stored, size: fixed.readUInt32LE(22), crc: fixed.readUInt32LE(14) };
    entries.push({ name, method, header: at, ...sizes });
    at = data + stored;
  }
  return entries;
}

/**
 * An entry's content. Ends early where the archive does. Throws a SyntaxError when it can't be unpacked or is not what
 * its CRC says.
 */
export async function* readEntry(
  zip: Zip,
  entry: ZipEntry,
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer, void, void> {
  const { file } = zip;
  const handle = await open(file);
  let data: number;
  try {
    const fixed = Buffer.alloc(LOCAL_LENGTH);
    const { bytesRead } = await handle.read(fixed, 0, LOCAL_LENGTH, entry.header);
    if (bytesRead < LOCAL_LENGTH || fixed.readUInt32LE(0) !== LOCAL) {
      throw malformed(file, entry.name, "its header is missing; the archive is damaged");
    }
    data = entry.header + LOCAL_LENGTH + fixed.readUInt16LE(26) + fixed.readUInt16LE(28);
  } finally {
    await handle.close();
  }
  const stored = entry.stored ?? zip.bytes - data;
  if (stored === 0) return;
  const raw = createReadStream(file, { start: data, end: data + stored - 1, highWaterMark: CHUNK });
  raw.on("data", (chunk) => onRead(chunk.length));
  let check = 0;
  let size = 0;
  try {
    for await (const chunk of unpacked(file, entry, raw)) {
      check = crc32(chunk, check);
      size += chunk.length;
      yield chunk;
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_") !== true) throw error;
    throw malformed(file, entry.name, `can't be unpacked behind byte ${size}: ${message}`, error);
  } finally {
    raw.destroy();
  }
  if (entry.crc !== undefined && (check !== entry.crc || size !== entry.size)) {
    throw malformed(file, entry.name, "its content differs from its CRC; the archive is damaged");
  }
}

function unpacked(
  file: string,
  { name, method }: ZipEntry,
  raw: NodeJS.ReadableStream,
): AsyncIterable<Buffer> {
  if (method === 0) return raw as unknown as AsyncIterable<Buffer>;
  if (method !== 8) throw malformed(file, name, `packed with method ${method}; only 0 and 8 are read`);
  // What a stopped writer has left ends anywhere: that is told by its size, not by an error.
  const inflate = createInflateRaw({ chunkSize: CHUNK, finishFlush: constants.Z_SYNC_FLUSH });
  raw.on("error", (error) => inflate.destroy(error));
  return raw.pipe(inflate);
}

/** A small entry as a whole, at most `most` bytes. */
export async function readWhole(zip: Zip, entry: ZipEntry, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of readEntry(zip, entry)) {
    size += chunk.length;
    if (size > most) throw malformed(zip.file, entry.name, `longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
