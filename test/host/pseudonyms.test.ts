/** Whose pseudonym it is: near, far, past, of several, and under a flood. */

import assert from "node:assert/strict";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { primitives } from "../../host/primitives.js";
import { AHEAD, BEHIND, FURTHEST, PseudonymTable } from "../../host/pseudonyms.js";
import { ascii } from "../../protocol/bytes.js";
import { pseudonymNumber } from "../../protocol/exchange/bundle-parts.js";
import { pseudonymOf } from "../../protocol/exchange/pseudonym.js";

const keyOf = (name: string) => primitives.sha256(ascii(name)).slice(0, 16);
const pseudonym = (name: string, t: number) => pseudonymNumber(pseudonymOf(primitives, keyOf(name), t));
/** Of nobody: no HMAC is made for it. */
const junk = (i: number) => pseudonymNumber(primitives.sha256(ascii(`junk ${i}`)).slice(0, 6));

describe("table of pseudonyms", () => {
  it("resolves 10,000 T of 50 sensors, each as it comes, and those of strangers never", () => {
    const table = new PseudonymTable<string>();
    const names = Array.from({ length: 50 }, (_, i) => `sensor ${i}`);
    for (const [i, name] of names.entries()) table.follow(name, keyOf(name), 1 + 1000 * i);
    for (let i = 0; i < 200; i++) {
      for (const [n, name] of names.entries()) {
        const t = 1 + 1000 * n + i;
        assert.deepEqual(table.find(pseudonym(name, t)), [{ owner: name, t }]);
        table.used(name, t);
      }
      assert.deepEqual(table.find(junk(i)), []);
    }
  });

  it("knows the last 32 T and those up to 1,024 ahead, wherever its T moves, and no others", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        fc.array(fc.integer({ min: 0, max: 2100 }), { maxLength: 6 }),
        fc.boolean(),
        (start, jumps, looks) => {
          const table = new PseudonymTable<string>();
          table.follow("a", keyOf("a"), start);
          let next = start;
          for (const jump of jumps) {
            if (looks) table.find(junk(jump));
            next = Math.min(2 ** 32, next + jump);
            if (jump % 3 === 0) table.follow("a", keyOf("a"), next);
            else table.used("a", next - 1);
          }
          for (const offset of [-BEHIND - 1, -BEHIND, -1, 0, AHEAD - 1, AHEAD, FURTHEST - 1, FURTHEST]) {
            const t = next + offset;
            if (t < 1 || t > 2 ** 32 - 1) continue;
            const isKnown = offset >= -BEHIND && offset < FURTHEST;
            assert.deepEqual(table.find(pseudonym("a", t)), isKnown ? [{ owner: "a", t }] : [], `${offset}`);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("goes back with a sensor that was enrolled anew, and forgets one that is gone", () => {
    const table = new PseudonymTable<string>();
    table.follow("a", keyOf("a"), 5000);
    table.follow("a", keyOf("a"), 10);
    assert.deepEqual(table.find(pseudonym("a", 10)), [{ owner: "a", t: 10 }]);
    assert.deepEqual(table.find(pseudonym("a", 5000)), []);
    table.used("a", 3);
    const furthest = 10 + FURTHEST - 1;
    assert.deepEqual(
      table.find(pseudonym("a", furthest)),
      [{ owner: "a", t: furthest }],
      "an old T moved it",
    );
    table.follow("a", keyOf("b"), 10);
    assert.deepEqual(table.find(pseudonym("a", 10)), []);
    assert.deepEqual(table.find(pseudonym("b", 10)), [{ owner: "a", t: 10 }]);
    table.forget("a");
    table.forget("nobody");
    assert.deepEqual([table.find(pseudonym("b", 10)), [...table.owners()]], [[], []]);
  });

  it("names all whom a pseudonym may be of, as long as they are there", () => {
    const table = new PseudonymTable<string>();
    for (const [owner, next] of [
      ["a", 5],
      ["b", 5],
      ["c", 7],
    ] as const) {
      table.follow(owner, keyOf("the same"), next);
    }
    const found = () =>
      table
        .find(pseudonym("the same", 5))
        .map(({ owner, t }) => `${owner} ${t}`)
        .sort();
    assert.deepEqual(found(), ["a 5", "b 5", "c 5"]);
    table.forget("b");
    assert.deepEqual(found(), ["a 5", "c 5"]);
    table.used("c", 7 + BEHIND);
    assert.deepEqual(found(), ["a 5"]);
  });

  it("spends on junk no more HMACs than there are T, and looks through so many sensors a second", () => {
    let now = 0;
    const table = new PseudonymTable<string>(() => now);
    const names = Array.from({ length: 100 }, (_, i) => `sensor ${i}`);
    for (const name of names) table.follow(name, keyOf(name), 1000);
    const { work } = table;
    assert.deepEqual(work, { made: 100 * (BEHIND + AHEAD), looked: 0 });
    for (let i = 0; i < 20_000; i++) table.find(junk(i));
    assert.deepEqual(work, { made: 100 * (BEHIND + FURTHEST), looked: 50_000 });
    // What is near is found in spite of the flood; what is far, when there is time for it again.
    assert.equal(table.find(pseudonym("sensor 7", 1000)).length, 1);
    assert.equal(table.find(pseudonym("sensor 7", 1500)).length, 0);
    now += 10;
    assert.equal(table.find(pseudonym("sensor 7", 1500)).length, 1);
    table.used("sensor 7", 1500);
    assert.equal(work.made, 100 * (BEHIND + FURTHEST), "what was made for far T serves when they are near");
  });

  it("takes less than 20,000 bytes of memory for each sensor", () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const memory = () => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = memory();
    const table = new PseudonymTable<number>();
    for (let i = 0; i < 1000; i++) table.follow(i, keyOf(`${i}`), 1);
    const bytes = (memory() - before) / 1000;
    assert.ok(bytes < 20_000, `${bytes}`);
    assert.equal(table.find(pseudonym("999", 1)).length, 1);
  });
});
