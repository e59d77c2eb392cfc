/** The real gateway with a hostile hand around it, one small simulation a mode. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { runSimulate } from "../../host/cli/simulate.js";
import { programFile } from "../../host/simulation/process.js";
import type { RepeatResult, RunResult } from "../../host/simulation/result.js";
import { type HostileMode, hostileModes } from "../../host/simulation/settings.js";

const run = promisify(execFile);

/** What a mode is about: messages of two sensors. */
const own: Partial<Record<HostileMode, string>> = { swap: "--repeat 2 --parallel 2" };

const common = "--gateway --third-parties 3 --threshold 2 --readings 3 --deadline 8 --json";

describe("system: a hostile gateway", function () {
  this.timeout(300_000);

  for (const mode of hostileModes) {
    it(`that has mode ${mode} brings about no false key and no false reading, and learns nothing`, async () => {
      const line = `simulate ${common} --hostile ${mode} ${own[mode] ?? ""}`;
      const args = [programFile("host/cli/main.js"), ...line.trim().split(" ")];
      // Any other exit code than 0 rejects.
      const { stdout } = await run(process.execPath, args, { timeout: 280_000, maxBuffer: 2 ** 24 });
      const result = JSON.parse(stdout) as RunResult | RepeatResult;
      for (const { gateway, hostile, readings } of "runs" in result ? result.runs : [result]) {
        assert.equal(gateway, mode);
        assert.equal(readings?.duplicated, 0);
        assert.deepEqual(hostile?.breaches, []);
        // What is planted in all three is found, or it would be a breach.
        const { traffic = 0, store = 0, memory = 0 } = hostile?.searched ?? {};
        assert.ok(traffic > 1_000 && store > 10_000 && memory > 1_000_000, hostile?.unsearched);
        assert.equal((hostile?.meddled ?? 0) > 0, mode !== "read");
        // One that the Responder would call fresh if it had come at once.
        assert.equal((hostile?.late ?? 0) > 0, mode === "delay");
      }
    });
  }

  it("is found out where the Responder takes any Echo for a new one", async () => {
    let out = "";
    const code = await runSimulate([...common.split(" "), "--hostile", "delay"], {
      programs: {
        main: programFile("test/system/any-echo.js"),
        liar: programFile("host/simulation/liar.js"),
        launch: { linux: programFile("boards/linux/launch.js"), "cortex-m4": "" },
      },
      stdout: { write: (text) => (out += text) },
      stderr: { write: () => undefined },
    });
    assert.equal(code, 1);
    const { breaches } = (JSON.parse(out) as RunResult).hostile ?? {};
    assert.equal(breaches?.length, 1);
    assert.match(breaches?.[0] as string, /^reading \d+\/\d+ was held past its wake-up and called fresh$/);
  });
});
