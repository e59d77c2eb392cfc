/** Half-open sessions without end: what a Responder keeps, who loses, and that honest exchanges complete. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { heapInUse } from "../heap.js";
import { type Crowd, type Crowded, crowd } from "./crowd.js";

const SHARES = 64;
const REMEMBERED = 600;

describe("Responder: half-open sessions", () => {
  async function stand(change: Partial<Crowd>): Promise<Crowded & { open: number; remembered: number }> {
    const store = new MemoryStore();
    let kept = { open: 0, remembered: 0 };
    const crowded = await crowd({
      ...{ store, count: 500, every: 20 },
      limits: { shares: SHARES, remembered: 10_000 },
      from: () => 1,
      sensor: (i) => ({ name: `sens-${i}`, t: 1 }),
      onFull() {
        kept = {
          open: store.table("open").entries().length,
          remembered: store.table("replays").entries().length,
        };
      },
      ...change,
    });
    return { ...crowded, ...kept };
  }

  it("of one third party for many sensors push out its own, and nobody else's", async () => {
    const { open, crowdedOut, agreed, honest, answered, refused } = await stand({});
    assert.equal(open, SHARES);
    assert.ok(honest > 10);
    assert.equal(agreed, honest);
    assert.deepEqual([...crowdedOut.keys()], ["party-01"]);
    // Who was pushed out has heard that its share was taken.
    assert.equal(answered, 500 + 2 * honest + 1 - SHARES);
    assert.equal(refused, 0);
  });

  it("of many sensors at all third parties push out the oldest", async () => {
    const { open, agreed, honest, refused } = await stand({ from: (i) => 1 + (i % 3) });
    assert.equal(open, SHARES);
    assert.equal(agreed, honest);
    assert.equal(refused, 0);
  });

  it("of one sensor are eight for each third party", async () => {
    const { open, refused, agreed, honest } = await stand({
      from: (i) => 1 + (i % 3),
      sensor: (i) => ({ name: "sensor99", t: 1 + i }),
      count: 200,
    });
    // One share of an honest exchange may be there besides.
    assert.ok(open === 24 || open === 25, `${open}`);
    assert.equal(refused, 200 - 24);
    assert.equal(agreed, honest);
  });

  it("leave no more behind than their part of what is remembered", async () => {
    const limits = { shares: SHARES, remembered: REMEMBERED };
    const { remembered, refused, agreed, honest } = await stand({ count: 1_000, limits });
    assert.ok(refused > 0);
    assert.ok(remembered <= 2 * REMEMBERED, `${remembered}`);
    assert.equal(agreed, honest);
  });

  it("leave memory as it was, whatever their number", async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-crowd-"));
    const store = await openLmdbStore(folder);
    const run = async (count: number): Promise<number> => {
      let full = 0;
      const onFull = () => {
        full = heapInUse();
      };
      await stand({ store, count, onFull, limits: { shares: SHARES, remembered: 100_000 } });
      return full;
    };
    try {
      // What is compiled and opened once.
      await run(300);
      const before = heapInUse();
      const full = await run(800);
      const after = heapInUse();
      assert.ok(full < 1.2 * before, `${before} bytes before, ${full} with the crowd there`);
      assert.ok(after < 1.1 * before, `${before} bytes before, ${after} after`);
    } finally {
      await store.close();
      rmSync(folder, { recursive: true });
    }
  });
});
