/** The real gateway with a hostile hand around it, one small simulation a mode. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type HostileMode, hostileModes } from "../../host/simulation/hostile.js";
import { programFile } from "../../host/simulation/process.js";
import type { RepeatResult, RunResult } from "../../host/simulation/result.js";

const run = promisify(execFile);

/** What a mode is about: readings that outlive a wake-up, messages of two sensors. */
const own: Partial<Record<HostileMode, string>> = {
  delay: "--sleep",
  swap: "--repeat 2 --parallel 2",
};

describe("system: a hostile gateway", function () {
  this.timeout(300_000);

  for (const mode of hostileModes) {
    it(`that has mode ${mode} brings about no false key and no false reading, and learns nothing`, async () => {
      const line =
        `simulate --gateway --hostile ${mode} --third-parties 3 --threshold 2 --readings 3 ` +
        `--deadline 8 --json ${own[mode] ?? ""}`;
      const args = [programFile("host/cli/main.js"), ...line.trim().split(" ")];
      // Any other exit code than 0 rejects.
      const { stdout } = await run(process.execPath, args, { timeout: 280_000, maxBuffer: 2 ** 24 });
      const result = JSON.parse(stdout) as RunResult | RepeatResult;
      for (const { gateway, hostile, readings } of "runs" in result ? result.runs : [result]) {
        assert.equal(gateway, mode);
        assert.equal(readings?.duplicated, 0);
        assert.deepEqual(hostile?.breaches, []);
        assert.ok((hostile?.searched ?? 0) > 1000);
        assert.equal((hostile?.meddled ?? 0) > 0, mode !== "read");
      }
    });
  }
});
