/**
 * Writes `.ppk2` while it is recorded. The samples are stored as they are, so that a recording which is stopped in the
 * middle can be read up to there; the archive's directory and sizes come at the end (PKWARE APPNOTE 6.3.10).
 */

import { closeSync, openSync, writeSync } from "node:fs";
import { crc32 } from "node:zlib";
import { Minimap } from "./minimap.js";
import { METADATA, type Ppk2Metadata, SESSION } from "./ppk2.js";
import { bitPairs, FRAME } from "./ppk2-frames.js";

export interface Ppk2WriterOptions {
  readonly samplesPerSecond: number;
  /** Milliseconds since 1970. */
  readonly startSystemTime?: number;
  /** Of the supply. */
  readonly millivolts?: number;
}

const BUFFER = 1 << 16;
const VERSION = 20;
const VERSION_64 = 45;
const MAX_32 = 0xffffffff;
/** Extra field of the local header: room for two sizes of 64 bits, or nothing (the id is that of zipalign's padding). */
const EXTRA = 20;
const ZIP64 = 0x0001;
const PADDING = 0xd935;
const pairs = Uint16Array.from({ length: 256 }, (_, levels) => bitPairs(levels));

interface Entry {
  readonly name: string;
  readonly header: number;
  readonly extra: number;
  size: number;
  crc: number;
}

export class Ppk2Writer {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(BUFFER - (BUFFER % FRAME));
  readonly #minimap: Minimap;
  readonly #entries: Entry[] = [];
  readonly #session: Entry;
  #used = 0;
  #written = 0;
  #samples = 0;
  #lost = 0;

  /** Creates the file, which must not be there yet. */
  constructor(file: string, { samplesPerSecond, startSystemTime, millivolts }: Ppk2WriterOptions) {
    this.#file = openSync(file, "wx");
    this.#minimap = new Minimap(1e6 / samplesPerSecond);
    const metadata: Ppk2Metadata = {
      formatVersion: 2,
      metadata: { samplesPerSecond, ...(startSystemTime !== undefined && { startSystemTime }) },
      ...(millivolts !== undefined && { symbolon: { millivolts } }),
    };
    this.#small(METADATA, Buffer.from(JSON.stringify(metadata)));
    this.#session = this.#begin(SESSION, EXTRA, MAX_32);
  }

  get samples(): number {
    return this.#samples;
  }
  get lost(): number {
    return this.#lost;
  }

  /** One sample; NaN is a lost one. */
  add(microamperes: number, levels: number): void {
    const buffer = this.#buffer;
    const at = this.#used;
    buffer.writeFloatLE(microamperes, at);
    buffer.writeUInt16BE(pairs[levels], at + 4);
    this.#used = at + FRAME;
    this.#samples++;
    if (Number.isNaN(microamperes)) this.#lost++;
    this.#minimap.add(microamperes);
    if (this.#used === buffer.length) this.flush();
  }

  /** Samples that the meter or the line has lost: their time counts. */
  lose(samples: number, levels: number): void {
    for (let i = 0; i < samples; i++) this.add(Number.NaN, levels);
  }

  /** What was added is in the file. */
  flush(): void {
    const bytes = this.#buffer.subarray(0, this.#used);
    this.#used = 0;
    this.#session.size += bytes.length;
    this.#session.crc = crc32(bytes, this.#session.crc);
    this.#write(bytes);
  }

  /** Ends the archive. */
  close(): void {
    this.flush();
    const session = this.#session;
    const header = this.#header(session);
    writeSync(this.#file, header, 0, header.length, session.header);
    this.#small("minimap.raw", Buffer.from(this.#minimap.toJson()));
    const start = this.#written;
    for (const entry of this.#entries) this.#write(directoryEntry(entry));
    const end = Buffer.alloc(22);
    end.writeUInt32LE(0x06054b50, 0);
    end.writeUInt16LE(this.#entries.length, 8);
    end.writeUInt16LE(this.#entries.length, 10);
    end.writeUInt32LE(this.#written - start, 12);
    const wide = start >= MAX_32;
    end.writeUInt32LE(wide ? MAX_32 : start, 16);
    if (wide) this.#write(end64(this.#entries.length, start, this.#written));
    this.#write(end);
    closeSync(this.#file);
  }

  #small(name: string, content: Buffer): void {
    const entry = this.#begin(name, 0, content.length, crc32(content));
    entry.size = content.length;
    this.#write(content);
  }

  #begin(name: string, extra: number, size: number, crc = 0): Entry {
    const entry: Entry = { name, header: this.#written, extra, size, crc };
    this.#entries.push(entry);
    this.#write(this.#header(entry));
    entry.size = 0;
    return entry;
  }

  #header({ name, extra, size, crc }: Entry): Buffer {
    const header = Buffer.alloc(30 + name.length + extra);
    const wide = size > MAX_32;
    header.writeUInt32LE(0x04034b50, 0);
    header.writeUInt16LE(wide ? VERSION_64 : VERSION, 4);
    header.writeUInt32LE(crc, 14);
    header.writeUInt32LE(wide ? MAX_32 : size, 18);
    header.writeUInt32LE(wide ? MAX_32 : size, 22);
    header.writeUInt16LE(name.length, 26);
    header.writeUInt16LE(extra, 28);
    header.write(name, 30, "ascii");
    if (extra > 0) {
      const at = 30 + name.length;
      header.writeUInt16LE(wide ? ZIP64 : PADDING, at);
      header.writeUInt16LE(extra - 4, at + 2);
      if (wide) {
        header.writeBigUInt64LE(BigInt(size), at + 4);
        header.writeBigUInt64LE(BigInt(size), at + 12);
      }
    }
    return header;
  }

  #write(bytes: Buffer): void {
    writeSync(this.#file, bytes, 0, bytes.length, this.#written);
    this.#written += bytes.length;
  }
}

function directoryEntry({ name, header, size, crc }: Entry): Buffer {
  const wide = [size, size, header].filter((value) => value > MAX_32);
  const extra = wide.length === 0 ? 0 : 4 + 8 * wide.length;
  const entry = Buffer.alloc(46 + name.length + extra);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(extra === 0 ? VERSION : VERSION_64, 4);
  entry.writeUInt16LE(extra === 0 ? VERSION : VERSION_64, 6);
  entry.writeUInt32LE(crc, 16);
  entry.writeUInt32LE(Math.min(size, MAX_32), 20);
  entry.writeUInt32LE(Math.min(size, MAX_32), 24);
  entry.writeUInt16LE(name.length, 28);
  entry.writeUInt16LE(extra, 30);
  entry.writeUInt32LE(Math.min(header, MAX_32), 42);
  entry.write(name, 46, "ascii");
  if (extra > 0) {
    const at = 46 + name.length;
    entry.writeUInt16LE(ZIP64, at);
    entry.writeUInt16LE(extra - 4, at + 2);
    wide.forEach((value, i) => {
      entry.writeBigUInt64LE(BigInt(value), at + 4 + 8 * i);
    });
  }
  return entry;
}

/** ZIP64 end of the central directory, and where it is. */
function end64(entries: number, start: number, at: number): Buffer {
  const end = Buffer.alloc(56 + 20);
  end.writeUInt32LE(0x06064b50, 0);
  end.writeBigUInt64LE(44n, 4);
  end.writeUInt16LE(VERSION_64, 12);
  end.writeUInt16LE(VERSION_64, 14);
  end.writeBigUInt64LE(BigInt(entries), 24);
  end.writeBigUInt64LE(BigInt(entries), 32);
  end.writeBigUInt64LE(BigInt(at - start), 40);
  end.writeBigUInt64LE(BigInt(start), 48);
  end.writeUInt32LE(0x07064b50, 56);
  end.writeBigUInt64LE(BigInt(at), 64);
  end.writeUInt32LE(1, 72);
  return end;
}
