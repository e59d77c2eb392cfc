/** `symbolon simulate --liars`: third parties that lie, alone and together, against the whole chain. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { chooseLiars, thirdPartyName } from "../../host/simulation/cast.js";
import type { RepeatResult, RunResult } from "../../host/simulation/result.js";

const main = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

function simulate<T = RunResult>(line: string): Promise<{ code: number; result: T }> {
  const args = ["simulate", ...line.split(" "), "--json"];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [main, ...args], { timeout: 120_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code !== "number" || stdout === "") {
        reject(new Error(`simulate ${line}: ${error?.message}\n${stderr}`));
      } else {
        resolve({ code, result: JSON.parse(stdout) as T });
      }
    });
  });
}

/** Whom a seed makes lie. */
function liarsOf(n: number, liars: number, seed: number): string[] {
  const parties = Array.from({ length: n }, (_, i) => thirdPartyName(i));
  return chooseLiars(parties, [], liars, seed);
}

describe("system: third parties that lie", function () {
  this.timeout(180_000);

  const agrees = (n: number, k: number, liars: number, more = "") =>
    it(`${k} of ${n}, ${liars} lying${more}: agrees and names exactly these`, async () => {
      const { code, result } = await simulate(
        `--third-parties ${n} --threshold ${k} --liars ${liars}${more} --seed ${n}`,
      );
      assert.equal(code, 0, result.reason);
      assert.equal(result.confirmed, true);
      assert.equal(result.tek.responder, result.tek.initiator);
      assert.deepEqual(result.liars, liarsOf(n, liars, n));
      assert.equal(result.undecided, undefined);
    });

  agrees(5, 2, 1);
  agrees(5, 3, 2);
  agrees(7, 3, 2);
  agrees(7, 3, 2, " --collude");
  agrees(3, 2, 1, " --collude");

  it("5 of 9, 4 colluding and none to spare, one after the other", async () => {
    const { code, result } = await simulate<RepeatResult>(
      "--third-parties 9 --threshold 5 --liars 4 --collude --seed 4 --repeat 3",
    );
    assert.equal(code, 0);
    for (const run of result.runs) assert.deepEqual(run.liars, liarsOf(9, 4, 4));
  });

  it("a liar and a silent one", async () => {
    const { code, result } = await simulate("--third-parties 4 --threshold 2 --liars 1 --lose 1 --seed 5");
    assert.equal(code, 0, result.reason);
    assert.equal(result.liars.length, 1);
    assert.ok(!result.lost.includes(result.liars[0]));
  });

  it("k liars that each alter their share are still named, where k others are honest", async () => {
    const { code, result } = await simulate("--third-parties 5 --threshold 2 --liars 2 --seed 3");
    assert.equal(code, 0, result.reason);
    assert.deepEqual(result.liars, liarsOf(5, 2, 3));
  });

  it("k liars among too few honest: no key, and nobody is named", async () => {
    const { code, result } = await simulate("--third-parties 3 --threshold 2 --liars 2 --deadline 3");
    assert.equal(code, 1);
    assert.equal(result.agreed, false);
    assert.equal(result.tek.responder, null);
    assert.deepEqual(result.liars, []);
    assert.match(
      result.reason as string,
      /no 2 of 3 shares fit the check value: at least 2 .* can't be told/,
    );
  });

  it("k liars together: the true key or none in common, and what can't be told", async () => {
    for (const [n, k] of [
      [3, 2],
      [5, 2],
    ]) {
      const { code, result } = await simulate(
        `--third-parties ${n} --threshold ${k} --liars ${k} --collude --deadline 3`,
      );
      assert.equal(code, result.agreed ? 0 : 1);
      // The sensor's key is the true one: whatever was planted is not what both have.
      assert.equal(result.agreed, result.tek.initiator === result.tek.responder);
      assert.equal(result.confirmed, result.agreed);
      assert.deepEqual(result.liars, []);
      assert.match(result.undecided as string, /which (side )?can't be told/);
    }
  });
});
