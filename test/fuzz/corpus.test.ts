/** The fuzzer's targets on all that was kept for them, and on a little more; `npm run fuzz` looks further. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { world } from "../host/third-party/world.js";
import { corpusFile, corpusOf } from "./corpus.js";
import { type Finding, failure } from "./failure.js";
import { mutate, randomOf } from "./mutate.js";
import type { Target } from "./targets/target.js";
import { targetsOf } from "./targets.js";

const MUTATIONS = 100;

describe("what strangers may send", function () {
  this.timeout(60_000);
  let targets: Target[];

  before(async () => {
    const w = await world();
    targets = await targetsOf(w, w.authority.publicKey);
  });

  const passes = (finding: Finding | undefined) => assert.equal(finding, undefined, finding?.text);

  it("has a target for each file of the corpus", () => {
    const names = targets.map(({ name }) => `${name}.txt`);
    for (const file of readdirSync(dirname(corpusFile("x")))) assert.ok(names.includes(file), file);
  });

  it("is read or refused as each reader says", async () => {
    for (const target of targets) {
      for (const input of [...target.seeds, ...corpusOf(target.name)]) passes(await failure(target, input));
    }
  });

  it("is refused when it was altered", async () => {
    const random = randomOf(1 + Math.floor(Math.random() * 2 ** 31));
    for (const target of targets) {
      const pool = [...target.seeds, ...corpusOf(target.name)];
      for (let i = 0; i < MUTATIONS; i++) {
        const [one, other] = [pool[random(pool.length)], pool[random(pool.length)]];
        passes(await failure(target, mutate(one, other, target.longest, random)));
      }
    }
  });

  it("is found out when a reader throws what it may not, or changes its input", async () => {
    const input = Uint8Array.of(1);
    const bare = { name: "x", seeds: [], longest: 1, allows: () => false };
    const throwing = { ...bare, run: () => assert.fail("found") };
    assert.match((await failure(throwing, input))?.text ?? "", /found/);
    const changing = { ...bare, run: (bytes: Uint8Array) => void bytes.fill(0) };
    assert.match((await failure(changing, input))?.text ?? "", /changed/);
    assert.equal(await failure({ ...bare, run: () => {} }, input), undefined);
  });
});
