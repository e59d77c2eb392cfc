/** A store that lasts as long as its process: for tests, with the same behaviour otherwise. */

import { checkKey, type Range, refusePromise, type Store, type Table } from "./store.js";

export class MemoryStore implements Store {
  readonly #tables = new Map<string, MemoryTable<unknown>>();
  readonly #state = { writing: false, closed: false };

  table<Value>(name: string): Table<Value> {
    let table = this.#tables.get(name);
    if (table === undefined) {
      if (this.#state.writing) throw new Error(`table ${name}: can't be made within a transaction`);
      table = new MemoryTable(name, this.#state);
      this.#tables.set(name, table);
    }
    return table as MemoryTable<Value>;
  }

  transaction<Result>(work: () => Result): Result {
    if (this.#state.closed) throw new Error("the store is closed");
    if (this.#state.writing) throw new Error("transactions do not nest");
    const before = [...this.#tables.values()].map((table) => ({ table, values: new Map(table.values) }));
    this.#state.writing = true;
    try {
      const result = work();
      refusePromise(result);
      return result;
    } catch (error) {
      for (const { table, values } of before) table.values = values;
      throw error;
    } finally {
      this.#state.writing = false;
    }
  }

  close(): Promise<void> {
    this.#state.closed = true;
    return Promise.resolve();
  }
}

class MemoryTable<Value> implements Table<Value> {
  readonly name: string;
  values = new Map<string, Value>();
  readonly #state: { readonly writing: boolean; readonly closed: boolean };

  constructor(name: string, state: { readonly writing: boolean; readonly closed: boolean }) {
    this.name = name;
    this.#state = state;
  }

  get(key: string): Value | undefined {
    checkKey(key);
    this.#open();
    return structuredClone(this.values.get(key));
  }

  put(key: string, value: Value): void {
    checkKey(key);
    this.#writable();
    this.values.set(key, structuredClone(value));
  }

  delete(key: string): boolean {
    checkKey(key);
    this.#writable();
    return this.values.delete(key);
  }

  entries({ prefix = "", limit = Number.POSITIVE_INFINITY }: Range = {}): [string, Value][] {
    this.#open();
    return [...this.values.keys()]
      .filter((key) => key.startsWith(prefix))
      .sort()
      .slice(0, limit)
      .map((key) => [key, structuredClone(this.values.get(key) as Value)]);
  }

  #open(): void {
    if (this.#state.closed) throw new Error("the store is closed");
  }

  #writable(): void {
    this.#open();
    if (!this.#state.writing) throw new Error(`table ${this.name}: changes belong into a transaction`);
  }
}
