/**
 * Keys that can be forgotten. A database keeps old pages in its file until it needs them, so what it once held stays
 * readable there. Secrets that step therefore lie in it encrypted, each time under another random key, and these keys
 * lie here: in a small file of their own, where a key that has served is overwritten in its place.
 *
 * What the medium keeps of an overwritten block, or a copy of the file, is out of reach.
 */

import { closeSync, fdatasyncSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { wipe } from "../../protocol/bytes.js";
import { FileError } from "../enrolment/files.js";
import { randomSource } from "../primitives.js";

/** Bytes of a key, and of its place. */
const KEY_LENGTH = 16;
/** Rights of anybody but the owner. */
const OTHERS = 0o077;

export interface Vault {
  /** A new random key, durable, and its place. */
  put(): { readonly place: number; readonly key: Uint8Array };
  /** The key in a place; zeros where there is none. */
  get(place: number): Uint8Array;
  /** Overwrites a key. It is certain to have reached the disk with the next put(), or keepOnly(). */
  erase(place: number): void;
  /** Overwrites all keys but these: what a process that was killed has left behind. */
  keepOnly(places: ReadonlySet<number>): void;
  close(): void;
}

/** What the two have in common: which places are free. */
abstract class Places implements Vault {
  readonly #free: number[] = [];
  #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  put(): { place: number; key: Uint8Array } {
    const key = randomSource(KEY_LENGTH);
    const place = this.#free.pop() ?? this.#size++;
    try {
      this.write(place, key);
      this.flush();
    } catch (error) {
      // It may be there in part: the next key overwrites it, or the next start.
      wipe(key);
      this.#free.push(place);
      throw error;
    }
    return { place, key };
  }

  erase(place: number): void {
    this.write(place, new Uint8Array(KEY_LENGTH));
    this.#free.push(place);
  }

  keepOnly(places: ReadonlySet<number>): void {
    this.#free.length = 0;
    for (let place = 0; place < this.#size; place++) if (!places.has(place)) this.erase(place);
    this.flush();
  }

  abstract get(place: number): Uint8Array;
  abstract close(): void;
  protected abstract write(place: number, key: Uint8Array): void;
  protected abstract flush(): void;
}

/** A vault in a file of mode 0600, which is made when there is none. Throws a FileError. */
export class FileVault extends Places {
  readonly #file: number;

  constructor(path: string) {
    const file = open(path);
    super(Math.ceil(fstatSync(file).size / KEY_LENGTH));
    this.#file = file;
  }

  get(place: number): Uint8Array {
    const key = new Uint8Array(KEY_LENGTH);
    readSync(this.#file, key, 0, KEY_LENGTH, place * KEY_LENGTH);
    return key;
  }

  close(): void {
    fsyncSync(this.#file);
    closeSync(this.#file);
  }

  protected write(place: number, key: Uint8Array): void {
    writeSync(this.#file, key, 0, KEY_LENGTH, place * KEY_LENGTH);
  }

  protected flush(): void {
    fdatasyncSync(this.#file);
  }
}

/** A vault that lasts as long as its process: for tests. */
export class MemoryVault extends Places {
  readonly #keys: Uint8Array[] = [];

  constructor() {
    super(0);
  }

  get(place: number): Uint8Array {
    return this.#keys[place]?.slice() ?? new Uint8Array(KEY_LENGTH);
  }

  close(): void {}

  protected write(place: number, key: Uint8Array): void {
    this.#keys[place] = key.slice();
  }

  protected flush(): void {}
}

function open(path: string): number {
  let file: number;
  try {
    // Not O_TRUNC, and made where there is none.
    file = openOrMake(path);
  } catch (error) {
    throw new FileError(path, `the keys can't be opened (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  if ((fstatSync(file).mode & OTHERS) === 0) return file;
  closeSync(file);
  throw new FileError(path, "others have rights on a secret; its mode must be 0600");
}

function openOrMake(path: string): number {
  try {
    return openSync(path, "r+");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const file = openSync(path, "wx+", 0o600);
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
  return file;
}
