/** The embedded store: LMDB in a folder of its own, for one process. */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Database, open, type RootDatabase } from "lmdb";
import { lmdbOptions, tableOptions } from "./lmdb-options.js";
import { livingOwner, processMark } from "./owner.js";
import { checkKey, type Range, refusePromise, type Store, StoreError, type Table } from "./store.js";

/** The table that is not the party's: who owns the store, and in which format it is. */
const HOUSE_TABLE = "symbolon";
const FORMAT = "symbolon-store-1";

/** The end of a prefix's range: keys are printable ASCII, this comes after all of it. */
const AFTER_ALL = "\x7f";

/** Folders that this process has open: lmdb-js would share one environment between two openings of the same path. */
const openHere = new Set<string>();

const PROBE = fileURLToPath(new URL("probe.js", import.meta.url));
/** For millions of entries. */
const PROBE_MS = 120_000;

/**
 * Opens the store in `folder`, making it when there is none. Throws a StoreError when another process has it,
 * when it may not be read or written, or when it is damaged.
 */
export async function openLmdbStore(folder: string): Promise<Store> {
  const path = resolve(folder);
  if (openHere.has(path)) throw inUse(path, process.pid);
  openHere.add(path);
  try {
    if (isEmpty(path)) await create(path);
    else inspect(path);
    return await own(path);
  } catch (error) {
    openHere.delete(path);
    if (error instanceof StoreError) throw error;
    throw new StoreError(`${path}: the state can't be opened (${reasonOf(error)})`, { cause: error });
  }
}

/** A new environment comes into its place by a rename: a data file that is not whole is damage, not a beginning. */
async function create(path: string): Promise<void> {
  const parent = dirname(path);
  mkdirSync(parent, { recursive: true });
  const draft = mkdtempSync(`${path}.new-`);
  try {
    const root = open(lmdbOptions(draft));
    const house = root.openDB<string, string>(HOUSE_TABLE, tableOptions);
    house.putSync("format", FORMAT);
    await root.close();
    // LMDB leaves these to the umask; what is in them is for nobody else.
    for (const file of readdirSync(draft)) chmodSync(join(draft, file), 0o600);
    flushFolder(draft);
    try {
      renameSync(draft, path);
    } catch (error) {
      // Another process was quicker; the owner's mark will tell which of the two goes on.
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
    flushFolder(parent);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Throws a StoreError unless the environment in `path` can be read from end to end. */
function inspect(path: string): void {
  const size = statSync(join(path, "data.mdb"), { throwIfNoEntry: false })?.size;
  if (!size)
    throw new StoreError(`${path}: the state is damaged (data.mdb is ${size === 0 ? "empty" : "missing"})`);
  // Rights first: the probe could not tell them from damage.
  for (const file of ["data.mdb", "lock.mdb"]) {
    if (statSync(join(path, file), { throwIfNoEntry: false })) closeSync(openSync(join(path, file), "r+"));
  }
  const probe = spawnSync(process.execPath, [PROBE, path], { encoding: "utf8", timeout: PROBE_MS });
  if (probe.error !== undefined) throw probe.error;
  if (probe.status === 0) return;
  const said = /^\w*Error\b.*$/m.exec(probe.stderr)?.[0];
  throw new StoreError(
    `${path}: the state is damaged (${said ?? `reading it ended with ${probe.signal ?? probe.status}`})`,
  );
}

async function own(path: string): Promise<Store> {
  const root = open(lmdbOptions(path));
  const house = root.openDB<string, string>(HOUSE_TABLE, tableOptions);
  const refusal = house.transactionSync(() => {
    const format = house.get("format");
    if (format !== FORMAT)
      return new StoreError(`${path}: the state is of another kind (${format ?? "unmarked"})`);
    const owner = livingOwner(house.get("owner") ?? "");
    if (owner !== undefined) return inUse(path, owner);
    house.putSync("owner", processMark(process.pid) as string);
    return undefined;
  });
  if (refusal === undefined) return new LmdbStore(path, root, house);
  await root.close();
  throw refusal;
}

function inUse(path: string, pid: number): StoreError {
  return new StoreError(`${path}: the state is in use by process ${pid}`);
}

class LmdbStore implements Store {
  readonly #path: string;
  readonly #root: RootDatabase;
  readonly #house: Database<string, string>;
  readonly #tables = new Map<string, LmdbTable<unknown>>();
  readonly #state = { writing: false, closed: false };

  constructor(path: string, root: RootDatabase, house: Database<string, string>) {
    this.#path = path;
    this.#root = root;
    this.#house = house;
  }

  table<Value>(name: string): Table<Value> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      if (name === HOUSE_TABLE) throw new RangeError(`table ${name}: the name is taken`);
      if (this.#state.writing) throw new Error(`table ${name}: can't be made within a transaction`);
      table = new LmdbTable(name, this.#root.openDB<unknown, string>(name, tableOptions), this.#state);
      this.#tables.set(name, table);
    }
    return table as LmdbTable<Value>;
  }

  transaction<Result>(work: () => Result): Result {
    if (this.#state.closed) throw new Error("the store is closed");
    if (this.#state.writing) throw new Error("transactions do not nest");
    this.#state.writing = true;
    let own: { readonly error: unknown } | undefined;
    try {
      return this.#root.transactionSync(() => {
        try {
          const result = work();
          refusePromise(result);
          return result;
        } catch (error) {
          own = { error };
          throw error;
        }
      });
    } catch (error) {
      if (own !== undefined && !isLmdbError(own.error)) throw own.error;
      throw new StoreError(`${this.#path}: the state can't be written (${reasonOf(error)})`, {
        cause: error,
      });
    } finally {
      this.#state.writing = false;
    }
  }

  async close(): Promise<void> {
    if (this.#state.closed) return;
    this.#state.closed = true;
    try {
      // Where that can't be written, the mark of a process that has ended stays, which is none.
      this.#house.removeSync("owner");
    } catch (error) {
      if (!isLmdbError(error)) throw error;
    } finally {
      await this.#root.close();
      openHere.delete(this.#path);
    }
  }
}

class LmdbTable<Value> implements Table<Value> {
  readonly name: string;
  readonly #database: Database<Value, string>;
  readonly #state: { readonly writing: boolean; readonly closed: boolean };

  constructor(
    name: string,
    database: Database<unknown, string>,
    state: { readonly writing: boolean; readonly closed: boolean },
  ) {
    this.name = name;
    this.#database = database as Database<Value, string>;
    this.#state = state;
  }

  get(key: string): Value | undefined {
    checkKey(key);
    this.#open();
    return withPlainBytes(this.#database.get(key)) as Value | undefined;
  }

  put(key: string, value: Value): void {
    checkKey(key);
    this.#writable();
    this.#database.putSync(key, value);
  }

  delete(key: string): boolean {
    checkKey(key);
    this.#writable();
    return this.#database.removeSync(key);
  }

  entries({ prefix = "", limit }: Range = {}): [string, Value][] {
    this.#open();
    const range = this.#database.getRange({
      ...(prefix === "" ? {} : { start: prefix, end: prefix + AFTER_ALL }),
      ...(limit === undefined ? {} : { limit }),
    });
    const entries: [string, Value][] = [];
    for (const { key, value } of range) entries.push([key, withPlainBytes(value) as Value]);
    return entries;
  }

  #open(): void {
    if (this.#state.closed) throw new Error("the store is closed");
  }

  #writable(): void {
    this.#open();
    if (!this.#state.writing) throw new Error(`table ${this.name}: changes belong into a transaction`);
  }
}

/** MessagePack's reader gives Buffers; nothing else of this program hands those around. */
function withPlainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(withPlainBytes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, withPlainBytes(member)]));
}

function isEmpty(path: string): boolean {
  try {
    return readdirSync(path).length === 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

/** Makes what was created in or renamed into a folder durable. */
function flushFolder(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Whether LMDB says that it failed: its errors have a number, the system's or its own. */
function isLmdbError(error: unknown): boolean {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "number";
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  // LMDB tells which page of which buffer it was writing, too.
  return (typeof code === "string" ? code : message).split(/\n|: Attempting/)[0];
}
