/** Exchanges of sensors without IP: real firmware, real border routers, lines that damage what they carry. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { RepeatResult, RunResult } from "../../host/simulation/result.js";

const main = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

/** What the simulation prints, and its exit code. */
function simulate(line: string, timeout: number): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const args = [main, "simulate", ...line.split(" ")];
    execFile(process.execPath, args, { timeout, maxBuffer: 2 ** 24 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`simulate ${line}: ${error?.message}\n${stderr}`));
    });
  });
}

describe("system: links", function () {
  this.timeout(120_000);

  for (const link of ["slipmux", "gatt"]) {
    it(`agrees over ${link}, on XS`, async () => {
      const { stdout, stderr } = await simulate(`--link ${link} --json`, 60_000);
      assert.notEqual(stdout, "", stderr);
      const result = JSON.parse(stdout) as RunResult;
      assert.equal(result.reason, undefined);
      assert.match(result.engine, /^xs /);
      assert.equal(result.link, link);
      assert.equal(result.confirmed, true);
      // The border router is no party: nothing names it.
      const parties = new Set(result.messages.flatMap(({ from, to }) => [from, to]));
      assert.deepEqual([...parties].sort(), ["hospital", "party-01", "party-02", "party-03", "sensor01"]);
      for (const { name, bytes } of result.messages) if (name === "I_TP") assert.equal(bytes, 117);
    });
  }

  for (const [what, line] of [
    ["1 % of the serial line's bytes corrupted", "--link slipmux --corrupt 0.01"],
    ["20 % of notifications lost", "--link gatt --drop 0.2"],
  ]) {
    it(`agrees with ${what}, in each of 12 runs`, async () => {
      const { stdout, stderr } = await simulate(`${line} --repeat 12 --parallel 6 --seed 1 --json`, 100_000);
      assert.notEqual(stdout, "", stderr);
      const { runs, summary } = JSON.parse(stdout) as RepeatResult;
      const reasons = runs.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
      assert.deepEqual(reasons, []);
      assert.equal(summary.confirmed, 12);
    });
  }

  it("says what is missing when the line is of no use", async () => {
    for (const line of ["--link slipmux --corrupt 0.3", "--link gatt --drop 1"]) {
      const { code, stdout } = await simulate(`${line} --deadline 3 --json`, 60_000);
      assert.equal(code, 1);
      assert.match((JSON.parse(stdout) as RunResult).reason as string, /none was accepted at hospital/);
    }
  });

  it("exits 2 when an option does not fit the link", async () => {
    const { code, stderr } = await simulate("--corrupt 0.1", 20_000);
    assert.equal(code, 2);
    assert.match(stderr, /^error: option '--corrupt' needs a serial line: --link slipmux$/m);
  });
});
