/**
 * Small values over Moddable's `preference` where a single entry is written whole or not at all (ESP32: NVS).
 *
 * `preference` erases an entry before it writes it, so a reset between would lose T, and a T that begins anew
 * repeats. Each value has two entries, written in turn, with a number that says which is the later.
 */

import { concat, readUint, uint, wipe } from "../../protocol/bytes.js";
import type { Storage } from "../device.js";

/** What is used of Moddable's `preference`. */
export interface Preference {
  get(domain: string, key: string): string | boolean | number | ArrayBuffer | undefined;
  set(domain: string, key: string, value: ArrayBuffer): void;
}

const SUFFIXES = ["0", "1"] as const;

export class TwoCopies implements Storage {
  /** Values whose other copy is that before the last one. */
  readonly #replaced = new Set<string>();

  constructor(
    private readonly preference: Preference,
    private readonly domain: string,
  ) {}

  read(name: string): Uint8Array | undefined {
    return this.#latest(name)?.value;
  }

  write(name: string, value: Uint8Array): void {
    const { copy, number } = this.#latest(name) ?? { copy: 1, number: 0 };
    const entry = concat(uint(number + 1, 4), value);
    try {
      this.preference.set(this.domain, name + SUFFIXES[1 - copy], entry.buffer as ArrayBuffer);
    } finally {
      wipe(entry);
    }
    this.#replaced.add(name);
  }

  /** Both copies become the last one. Flash itself may hold an erased entry for longer: it is for encryption to hide. */
  wipeOld(): void {
    for (const name of [...this.#replaced]) {
      const value = this.read(name);
      if (value !== undefined) this.write(name, value);
    }
    this.#replaced.clear();
  }

  #latest(name: string): { copy: number; number: number; value: Uint8Array } | undefined {
    let latest: { copy: number; number: number; value: Uint8Array } | undefined;
    for (const [copy, suffix] of SUFFIXES.entries()) {
      const entry = this.preference.get(this.domain, name + suffix);
      if (!(entry instanceof ArrayBuffer) || entry.byteLength < 4) continue;
      const bytes = new Uint8Array(entry);
      const number = readUint(bytes, 0, 4);
      if (latest === undefined || number > latest.number) latest = { copy, number, value: bytes.slice(4) };
    }
    return latest;
  }
}
