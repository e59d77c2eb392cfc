/** Sensors that make new keys on schedule: real firmware, all parties as processes. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programFile } from "../../host/simulation/process.js";
import type { RunResult } from "../../host/simulation/result.js";

const run = promisify(execFile);

async function simulate(line: string): Promise<RunResult> {
  const args = [programFile("host/cli/main.js"), "simulate", ...line.split(" "), "--json"];
  const { stdout } = await run(process.execPath, args, { timeout: 100_000, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as RunResult;
}

describe("system: new keys on schedule", function () {
  this.timeout(120_000);

  it("sleeping: each reading arrives once, under the old keys until the new ones are there", async () => {
    const result = await simulate("--gateway --sleep --readings 6 --rekey-every 2");
    assert.equal(result.reason, undefined);
    // Begun in wake-ups 1, 3 and 5, and confirmed in the next: only the first had no keys to go on with.
    assert.equal(result.exchanges, 3);
    assert.equal(result.messages.filter(({ name }) => name === "bundle").length, 3);
    assert.deepEqual(result.readings, { sent: 6, received: 6, duplicated: 0, lost: 0, unconfirmed: 1 });
  });

  it("awake: as many exchanges as the readings ask for, over a network that loses datagrams", async () => {
    const result = await simulate("--readings 5 --rekey-every 2 --drop 0.05 --seed 1");
    assert.equal(result.reason, undefined);
    assert.equal(result.exchanges, 3);
    const { sent, received, duplicated } = result.readings ?? {};
    assert.deepEqual([sent, received, duplicated], [5, 5, 0]);
  });
});
