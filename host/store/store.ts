/**
 * What must last: named tables of string keys to values, changed in transactions that are durable when they
 * return. A process that dies between any two instructions leaves the state before a transaction or after it.
 */

/**
 * A value is anything that JSON can hold, and Uint8Arrays anywhere in it. It is copied on its way in and out: changing one changes nothing that is stored.
 */
export interface Table<Value> {
  readonly name: string;
  /** The value as it stands, within a transaction with that transaction's own changes; undefined when there is none. */
  get(key: string): Value | undefined;
  /** Within a transaction only. Keys are 1 to MAX_KEY_LENGTH printable ASCII characters. */
  put(key: string, value: Value): void;
  /** Within a transaction only. Whether there was such an entry. */
  delete(key: string): boolean;
  /**
   * A snapshot of the entries whose keys begin with `prefix` (all, without one), in the order of their keys,
   * at most `limit`. Numbers that are to sort as such belong into keys at a fixed width: orderedKey().
   */
  entries(range?: Range): [key: string, value: Value][];
}

export interface Range {
  readonly prefix?: string;
  readonly limit?: number;
}

export interface Store {
  /** The table of that name, made when it is first asked for. Not within a transaction. */
  table<Value>(name: string): Table<Value>;
  /**
   * Runs `work`, which is synchronous, and makes its changes to all tables durable at once before it returns.
   * When `work` throws, nothing has changed. Transactions do not nest. Throws a StoreError when it can't be done, for a
   * full disk for instance: then nothing has changed either, and another may be done.
   */
  transaction<Result>(work: () => Result): Result;
  /** Gives the store back. Nothing may be done with it or its tables afterwards. */
  close(): Promise<void>;
}

/** LMDB takes 1978 bytes with pages of 4 KB; three identities of 255 bytes in hexadecimal fit. */
export const MAX_KEY_LENGTH = 1900;

/** A store that can't be opened or written; the message is one line that names the folder and what is wrong with it. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}

/** Throws a RangeError unless `key` is one that every kind of store orders in the same way. */
export function checkKey(key: string): void {
  if (key.length === 0 || key.length > MAX_KEY_LENGTH) {
    throw new RangeError(`key: expected 1 to ${MAX_KEY_LENGTH} characters, got ${key.length}`);
  }
  if (/[^\x20-\x7e]/.test(key)) throw new RangeError("key: expected printable ASCII");
}

/** `value` (0 to 2^53 − 1) as 14 hexadecimal digits: as strings these sort as the numbers do. */
export function orderedKey(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`ordered key: expected an integer from 0 to 2^53 − 1, got ${value}`);
  }
  return value.toString(16).padStart(14, "0");
}

/** Throws a TypeError when a transaction's work turns out to be asynchronous: it would end after the commit. */
export function refusePromise(result: unknown): void {
  if (typeof (result as { then?: unknown } | null | undefined)?.then === "function") {
    throw new TypeError("transaction: its work must be synchronous");
  }
}
