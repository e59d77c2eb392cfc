/** Sensors whose Responder is behind HTTP: real firmware, all parties as processes. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { programFile } from "../../host/simulation/process.js";
import type { RunResult } from "../../host/simulation/result.js";

const run = promisify(execFile);

describe("system: HTTP", function () {
  this.timeout(120_000);

  it("gets the ciphertext that left the sensor, byte for byte, and every reading once", async () => {
    const line = "simulate --gateway --sleep --http --readings 3 --json";
    const args = [programFile("host/cli/main.js"), ...line.split(" ")];
    const { stdout } = await run(process.execPath, args, { timeout: 100_000, maxBuffer: 2 ** 24 });
    const result = JSON.parse(stdout) as RunResult;
    assert.equal(result.reason, undefined);
    assert.deepEqual(result.readings, { sent: 3, received: 3, duplicated: 0, lost: 0, unconfirmed: 1 });
    const { requests = 0, identical } = result.http ?? {};
    assert.ok(requests >= 3, `${requests} requests`);
    assert.equal(identical, requests);
  });
});
