/**
 * Small values in two sectors of NOR flash, so that power may fail at any moment.
 *
 * Moddable's `preference` erases a value before it writes the next, and moves its sector's contents after it has
 * declared the new sector valid: a reset between loses T, and a T that begins anew repeats. Here a value is only
 * ever appended; the last whole record of a name counts. When a sector is full, the last records go to the other
 * one, whose header is written at the very end.
 *
 * A sector: header (magic, generation, CRC; 12 bytes), then records. A record: length of the name 1, 0, length of the
 * value 2, name, value, padding to a multiple of 4, CRC-32 of all of it. Numbers are big-endian. 0xFF is erased flash.
 * Words are written in ascending order, each once between two erasures (nRF52840 product specification, "NVMC"), so
 * what a reset leaves behind begins with a word that is not erased.
 */

import { ascii, concat, readUint, uint, wipe, writeUint } from "../../protocol/bytes.js";
import type { Storage } from "../device.js";

/** Flash as Moddable's `flash` gives it; offsets are those of its area. All three throw when they fail. */
export interface Flash {
  /** Bytes of a sector. */
  readonly blockSize: number;
  erase(sector: number): void;
  read(offset: number, byteLength: number): ArrayBuffer;
  write(offset: number, byteLength: number, bytes: ArrayBuffer | Uint8Array): void;
}

const MAGIC = 0x53594d31; // "SYM1"
const HEADER = 12;
const ERASED = 0xffffffff;

/** Where the values are, and what they are. Few and small: all are kept in RAM too. */
export class FlashLog implements Storage {
  readonly #values = new Map<string, Uint8Array>();
  #sector = 0;
  #generation = 0;
  /** Where the next record goes; undefined when the sector ends in what a reset left behind. */
  #end: number | undefined;

  /** Opens the log in the first two sectors of an area; what is no log counts as empty. */
  constructor(private readonly flash: Flash) {
    const generations = [this.#generationOf(0), this.#generationOf(1)];
    this.#sector = generations[1] > generations[0] ? 1 : 0;
    this.#generation = generations[this.#sector];
    if (this.#generation > 0) this.#load();
  }

  read(name: string): Uint8Array | undefined {
    return this.#values.get(name)?.slice();
  }

  write(name: string, value: Uint8Array): void {
    const record = encode(name, value);
    try {
      const at = this.#end;
      if (at === undefined || !this.#isFree(at, record.length)) {
        const values = new Map(this.#values);
        this.#move(values.set(name, value));
      } else {
        // Should it fail, the sector ends in something unknown.
        this.#end = undefined;
        this.#put(this.#sector, at, record);
        this.#end = at + record.length;
      }
    } finally {
      wipe(record);
    }
    const before = this.#values.get(name);
    this.#values.set(name, value.slice());
    if (before !== undefined) wipe(before);
  }

  /** Moves the last values to the other sector, and erases the one that had those before them. */
  wipeOld(): void {
    if (this.#generation === 0) return;
    const old = this.#sector;
    this.#move(this.#values);
    this.flash.erase(old);
  }

  /** 0 for a sector without a whole header. */
  #generationOf(sector: number): number {
    const header = this.#get(sector, 0, HEADER);
    const holds = readUint(header, 0, 4) === MAGIC && crc32(header.subarray(0, 8)) === readUint(header, 8, 4);
    return holds ? readUint(header, 4, 4) : 0;
  }

  #load(): void {
    const { blockSize } = this.flash;
    let at = HEADER;
    while (at + 4 <= blockSize) {
      const head = this.#get(this.#sector, at, 4);
      if (readUint(head, 0, 4) === ERASED) break;
      const nameLength = head[0];
      const length = recordLength(nameLength, readUint(head, 2, 2));
      if (at + length > blockSize) return;
      const record = this.#get(this.#sector, at, length);
      if (crc32(record.subarray(0, -4)) !== readUint(record, length - 4, 4)) return;
      const name = String.fromCharCode(...record.subarray(4, 4 + nameLength));
      const before = this.#values.get(name);
      this.#values.set(name, record.slice(4 + nameLength, 4 + nameLength + readUint(head, 2, 2)));
      if (before !== undefined) wipe(before);
      wipe(record);
      at += length;
    }
    this.#end = at;
  }

  /**
   * Whether the sector has so many bytes from there on, erased, and the word behind them, where reading is to stop: no
   * reset leaves anything behind a gap, but what stood there would count again.
   */
  #isFree(at: number, length: number): boolean {
    const left = this.flash.blockSize - at;
    return (
      length <= left && this.#get(this.#sector, at, Math.min(length + 4, left)).every((byte) => byte === 0xff)
    );
  }

  /** Writes all values to the other sector, and its header last: until then the old sector holds. */
  #move(values: ReadonlyMap<string, Uint8Array>): void {
    const sector = this.#generation === 0 ? 0 : 1 - this.#sector;
    const records = [...values].map(([name, value]) => encode(name, value));
    const end = records.reduce((sum, record) => sum + record.length, HEADER);
    try {
      if (end > this.flash.blockSize) throw new RangeError("storage: the values need more than a sector");
      this.flash.erase(sector);
      let at = HEADER;
      for (const record of records) {
        this.#put(sector, at, record);
        at += record.length;
      }
    } finally {
      wipe(...records);
    }
    const head = concat(uint(MAGIC, 4), uint(this.#generation + 1, 4));
    this.#put(sector, 0, concat(head, uint(crc32(head), 4)));
    this.#sector = sector;
    this.#generation++;
    this.#end = end;
  }

  #get(sector: number, offset: number, length: number): Uint8Array {
    return new Uint8Array(this.flash.read(sector * this.flash.blockSize + offset, length));
  }

  /** Writes, and reads what flash made of it: worn cells keep nothing. */
  #put(sector: number, offset: number, bytes: Uint8Array): void {
    this.flash.write(sector * this.flash.blockSize + offset, bytes.length, bytes);
    const written = this.#get(sector, offset, bytes.length);
    const isWritten = bytes.every((byte, i) => written[i] === byte);
    wipe(written);
    if (!isWritten) throw new Error("storage: flash did not take a value");
  }
}

function recordLength(nameLength: number, valueLength: number): number {
  return Math.ceil((4 + nameLength + valueLength) / 4) * 4 + 4;
}

function encode(name: string, value: Uint8Array): Uint8Array {
  // 0xFF as the first byte could be taken for erased flash.
  if (name.length < 1 || name.length > 64) throw new RangeError(`storage: ${name} is no name for a value`);
  const length = recordLength(name.length, value.length);
  const record = new Uint8Array(length);
  record[0] = name.length;
  writeUint(record, 2, 2, value.length);
  record.set(ascii(name), 4);
  record.set(value, 4 + name.length);
  writeUint(record, length - 4, 4, crc32(record.subarray(0, length - 4)));
  return record;
}

/** CRC-32 (ISO 3309): against what a reset leaves half written, not against people. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
