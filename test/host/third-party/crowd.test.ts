/** Valid messages without end whose Responder is away: what a third party keeps, who loses, and that others are served. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { MemoryVault } from "../../../host/third-party/vault.js";
import { heapInUse } from "../heap.js";
import { type Crowd, crowd } from "./crowd.js";

const LIMITS = { perSensor: 4, perResponder: 64 };

describe("third party: a Responder that is away", () => {
  const stand = (change: Partial<Crowd>) =>
    crowd({
      ...{ store: new MemoryStore(), vault: new MemoryVault(), count: 300, every: 20, limits: LIMITS },
      sensor: (i) => ({ name: `s-${i}`, t: 1 }),
      ...change,
    });

  /** Accepted messages that are not answered. */
  const openIn = (store: MemoryStore) =>
    store
      .table<{ open?: unknown }>("accepted")
      .entries()
      .filter(([, { open }]) => open !== undefined).length;

  it("is asked about so many exchanges, the oldest get their receipts; others' are served", async () => {
    const store = new MemoryStore();
    let open = 0;
    const { honest, served, answered, refused, crowdedOut } = await stand({
      store,
      onFull: () => {
        open = openIn(store);
      },
    });
    assert.equal(open, LIMITS.perResponder);
    assert.equal(answered, 300 - LIMITS.perResponder);
    assert.equal(refused, 0);
    assert.deepEqual([...crowdedOut], [["hospital", 300 - LIMITS.perResponder]]);
    assert.ok(honest > 10);
    assert.equal(served, honest);
  });

  it("is asked about a few exchanges of one sensor only, the latest", async () => {
    const store = new MemoryStore();
    let open = 0;
    const { crowdedOut, honest, served } = await stand({
      store,
      count: 60,
      sensor: (i) => ({ name: "sensor99", t: 1 + i }),
      onFull: () => {
        open = openIn(store);
      },
    });
    assert.equal(open, LIMITS.perSensor);
    assert.deepEqual([...crowdedOut], [["sensor99", 60 - LIMITS.perSensor]]);
    assert.equal(served, honest);
  });

  it("leaves memory as it was", async function () {
    this.timeout(60_000);
    const folder = mkdtempSync(join(tmpdir(), "symbolon-crowd-"));
    const store = await openLmdbStore(folder);
    const vault = new MemoryVault();
    let next = 0;
    const run = async (count: number): Promise<number> => {
      let full = 0;
      await stand({
        ...{ store, vault, count },
        sensor: () => ({ name: `s-${next++}`, t: 1 }),
        onFull: () => {
          full = heapInUse();
        },
      });
      return full;
    };
    try {
      // What is compiled and opened once, and keys ahead of that many sensors.
      await run(200);
      const before = heapInUse();
      const full = await run(500);
      const after = heapInUse();
      assert.ok(full < 1.3 * before, `${before} bytes before, ${full} with the crowd there`);
      assert.ok(after < 1.15 * before, `${before} bytes before, ${after} after`);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true });
    }
  });
});
