import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { livingOwner, processMark } from "../../../host/store/owner.js";
import { orderedKey, type Store, StoreError } from "../../../host/store/store.js";

const HOLDER = fileURLToPath(new URL("writer.js", import.meta.url));
const scratch = () => mkdtempSync(join(tmpdir(), "symbolon-store-"));
const bytes = (...values: number[]) => Uint8Array.from(values);

for (const kind of ["memory", "lmdb"] as const) {
  describe(`store: ${kind}`, () => {
    let folder: string;
    let store: Store;
    beforeEach(async () => {
      folder = scratch();
      store = kind === "memory" ? new MemoryStore() : await openLmdbStore(join(folder, "state"));
    });
    afterEach(async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    });

    it("gives back what was put, bytes as plain arrays of their own", () => {
      const table = store.table<unknown>("t");
      const values = [
        null,
        true,
        0,
        -1,
        2 ** 53 - 1,
        0.5,
        "",
        "ü",
        [],
        {},
        bytes(),
        bytes(1, 2),
        { a: [{ b: bytes(3) }], c: "d", e: null },
      ];
      store.transaction(() => {
        values.forEach((value, i) => {
          table.put(`${i}`, value);
        });
      });
      values.forEach((value, i) => {
        assert.deepEqual(table.get(`${i}`), value);
      });
      const read = table.get("11") as Uint8Array;
      assert.equal(Object.getPrototypeOf(read), Uint8Array.prototype);
      assert.equal(read.buffer.byteLength, read.length);
      assert.equal(table.get("nothing"), undefined);
    });

    it("keeps copies", () => {
      const table = store.table<{ list: number[]; raw: Uint8Array }>("t");
      const value = { list: [1], raw: bytes(1) };
      store.transaction(() => table.put("k", value));
      value.list.push(2);
      value.raw[0] = 9;
      const read = table.get("k")!;
      read.list.push(3);
      read.raw[0] = 8;
      assert.deepEqual(table.get("k"), { list: [1], raw: bytes(1) });
      const [[, entry]] = table.entries();
      entry.raw[0] = 7;
      assert.deepEqual(table.get("k"), { list: [1], raw: bytes(1) });
    });

    it("holds tables apart", () => {
      const a = store.table<number>("a");
      const b = store.table<number>("b");
      store.transaction(() => {
        a.put("k", 1);
        b.put("k", 2);
      });
      store.transaction(() => assert.equal(a.delete("k"), true));
      assert.equal(a.get("k"), undefined);
      assert.equal(b.get("k"), 2);
      assert.deepEqual(a.entries(), []);
    });

    it("sees a transaction's changes within it, and nothing of one that failed", () => {
      const table = store.table<number>("t");
      const other = store.table<number>("o");
      store.transaction(() => table.put("kept", 1));
      assert.throws(
        () =>
          store.transaction(() => {
            table.put("kept", 2);
            table.put("new", 3);
            other.put("new", 4);
            assert.equal(table.get("new"), 3);
            assert.deepEqual(table.entries(), [
              ["kept", 2],
              ["new", 3],
            ]);
            assert.equal(table.delete("kept"), true);
            assert.equal(table.delete("kept"), false);
            throw new Error("no");
          }),
        { message: "no" },
      );
      assert.deepEqual(table.entries(), [["kept", 1]]);
      assert.deepEqual(other.entries(), []);
      assert.equal(
        store.transaction(() => "result"),
        "result",
      );
    });

    it("reads ranges by prefix, in order, up to a limit", () => {
      const table = store.table<number>("t");
      const keys = ["a", "a b", "a!", "aa", "a~", "ab", "b", " ", "~", "a 10", "a 9"];
      store.transaction(() => {
        for (const key of keys) table.put(key, key.length);
      });
      const read = (prefix: string, limit?: number) =>
        table.entries({ prefix, ...(limit === undefined ? {} : { limit }) }).map(([key]) => key);
      assert.deepEqual(read("a "), ["a 10", "a 9", "a b"]);
      assert.deepEqual(read("a"), ["a", "a 10", "a 9", "a b", "a!", "aa", "ab", "a~"]);
      assert.deepEqual(read("a", 2), ["a", "a 10"]);
      assert.deepEqual(read("c"), []);
      assert.equal(table.entries().length, keys.length);
    });

    it("refuses changes outside, nesting, promises, and keys that would not sort alike everywhere", () => {
      const table = store.table<number>("t");
      assert.throws(() => table.put("k", 1), { message: "table t: changes belong into a transaction" });
      assert.throws(() => table.delete("k"), /belong into a transaction/);
      assert.throws(() => store.transaction(() => store.transaction(() => 1)), {
        message: "transactions do not nest",
      });
      assert.throws(() => store.transaction(() => store.table("late")), /within a transaction/);
      assert.throws(
        () =>
          store.transaction(async () => {
            table.put("k", 1);
          }),
        { name: "TypeError", message: "transaction: its work must be synchronous" },
      );
      assert.equal(table.get("k"), undefined);
      for (const key of ["", "ä", "a\nb", "x".repeat(1901)]) assert.throws(() => table.get(key), RangeError);
      store.transaction(() => table.put("x".repeat(1900), 1));
      assert.equal(table.get("x".repeat(1900)), 1);
    });

    it("is of no use once closed", async () => {
      const table = store.table<number>("t");
      await store.close();
      await store.close();
      assert.throws(() => table.get("k"), { message: "the store is closed" });
      assert.throws(() => store.transaction(() => 1), { message: "the store is closed" });
    });

    it("does what a Map does, whatever the sequence", () => {
      const key = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom("a", "b", " ", "~", "0") });
      const step = fc.oneof(
        fc.record({ put: key, value: fc.integer() }),
        fc.record({ delete: key }),
        fc.record({ fail: fc.constant(true) }),
      );
      let run = 0;
      fc.assert(
        fc.property(
          fc.array(fc.array(step, { maxLength: 6 }), { maxLength: 6 }),
          key,
          (transactions, prefix) => {
            const table = store.table<number>("same");
            store.transaction(() => {
              for (const [old] of table.entries()) table.delete(old);
            });
            run++;
            let model = new Map<string, number>();
            for (const steps of transactions) {
              const draft = new Map(model);
              try {
                store.transaction(() => {
                  for (const one of steps) {
                    if ("fail" in one) throw new RangeError("stop");
                    if ("put" in one) {
                      table.put(one.put, one.value);
                      draft.set(one.put, one.value);
                    } else assert.equal(table.delete(one.delete), draft.delete(one.delete));
                  }
                });
                model = draft;
              } catch (error) {
                assert.equal((error as Error).message, "stop");
              }
            }
            const expected = [...model]
              .filter(([k]) => k.startsWith(prefix))
              .sort(([a], [b]) => (a < b ? -1 : 1));
            assert.deepEqual(table.entries({ prefix }), expected);
          },
        ),
        { numRuns: 30 },
      );
      assert.equal(run, 30);
    });
  });
}

describe("store: lmdb in its folder", () => {
  let folder: string;
  let state: string;
  beforeEach(() => {
    folder = scratch();
    state = join(folder, "deep", "state");
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function fill(entries = 2000): Promise<void> {
    const store = await openLmdbStore(state);
    const table = store.table<Uint8Array>("t");
    store.transaction(() => {
      for (let i = 0; i < entries; i++) table.put(orderedKey(i), new Uint8Array(100).fill(i));
    });
    await store.close();
  }

  const refused = async (expected: RegExp) => {
    await assert.rejects(openLmdbStore(state), (error: Error) => {
      assert.ok(error instanceof StoreError, `${error.stack}`);
      assert.ok(error.message.startsWith(`${state}: `), error.message);
      assert.doesNotMatch(error.message, /\n/);
      assert.match(error.message, expected);
      return true;
    });
  };

  it("has what it had, after closing and opening", async () => {
    await fill();
    const store = await openLmdbStore(state);
    const entries = store.table<Uint8Array>("t").entries();
    await store.close();
    assert.equal(entries.length, 2000);
    assert.deepEqual(entries[300], [orderedKey(300), new Uint8Array(100).fill(300)]);
  });

  it("grows past its first size within one transaction", async () => {
    const store = await openLmdbStore(state);
    const table = store.table<Uint8Array>("t");
    store.transaction(() => {
      for (let i = 0; i < 300; i++) table.put(orderedKey(i), new Uint8Array(100_000));
    });
    assert.equal(table.get(orderedKey(299))!.length, 100_000);
    await store.close();
  });

  it("is nobody else's to read", async () => {
    await fill(1);
    assert.equal(statSync(state).mode & 0o777, 0o700);
    for (const file of ["data.mdb", "lock.mdb"])
      assert.equal(statSync(join(state, file)).mode & 0o777, 0o600);
  });

  it("begins in an empty folder that is there already", async () => {
    mkdirSync(state, { recursive: true });
    await (await openLmdbStore(state)).close();
  });

  it("belongs to one opener at a time", async () => {
    const store = await openLmdbStore(state);
    await refused(new RegExp(`in use by process ${process.pid}$`));
    await store.close();
    await (await openLmdbStore(state)).close();
  });

  it("belongs to one process at a time, until that is gone", async () => {
    const holder = spawn(process.execPath, [HOLDER, state], {
      stdio: ["ignore", "pipe", "inherit"],
      timeout: 20_000,
    });
    const ended = once(holder, "exit");
    await once(holder.stdout, "data");
    await refused(new RegExp(`in use by process ${holder.pid}$`));
    holder.kill("SIGKILL");
    await ended;
    await (await openLmdbStore(state)).close();
  });

  it("names what is damaged instead of dying of it", async function () {
    this.timeout(60_000);
    await fill();
    const whole = join(folder, "whole");
    cpSync(state, whole, { recursive: true });
    const { size } = statSync(join(state, "data.mdb"));
    for (const length of [0, 1, 5000, 8192, 40_960, size / 2]) {
      truncateSync(join(state, "data.mdb"), length);
      await refused(/the state is damaged/);
      rmSync(state, { recursive: true });
      cpSync(whole, state, { recursive: true });
    }
    writeFileSync(join(state, "data.mdb"), "not a database, whatever the name says".repeat(1000));
    await refused(/the state is damaged/);
    rmSync(join(state, "data.mdb"));
    await refused(/data\.mdb is missing/);
  });

  it("names a path that is no folder, and one that may not be read", async () => {
    mkdirSync(join(folder, "deep"));
    writeFileSync(state, "");
    await refused(/ENOTDIR/);
    rmSync(state);
    await fill(1);
    chmodSync(state, 0);
    try {
      // The superuser reads everything.
      if (process.getuid?.() !== 0) await refused(/EACCES/);
    } finally {
      chmodSync(state, 0o700);
    }
  });
});

describe("store: owner", () => {
  it("tells a living process from one that is gone, and from one with the same id", () => {
    const mark = processMark(process.pid)!;
    assert.equal(livingOwner(mark), process.pid);
    assert.equal(livingOwner(`${process.pid} 1 another-boot`), undefined);
    assert.equal(livingOwner("4194305 1 boot"), undefined);
    assert.equal(livingOwner(""), undefined);
  });
});

describe("store: ordered keys", () => {
  it("sort as their numbers do", () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        assert.equal(orderedKey(a) < orderedKey(b), a < b);
      }),
    );
    assert.throws(() => orderedKey(-1), RangeError);
    assert.throws(() => orderedKey(0.5), RangeError);
  });
});
