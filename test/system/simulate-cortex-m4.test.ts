/** `symbolon simulate --board cortex-m4`: the firmware emulated, among the real servers and border routers. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildImage } from "../../boards/cortex-m4/build.js";
import { EngineUnavailableError } from "../../boards/engine/source.js";
import type { RepeatResult, RunResult } from "../../host/simulation/result.js";

const main = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function simulate(line: string, path = process.env.PATH): Promise<Ended> {
  const args = [main, "simulate", "--board", "cortex-m4", ...line.split(" ").filter((word) => word !== "")];
  const options = { timeout: 120_000, maxBuffer: 2 ** 24, env: { ...process.env, PATH: path } };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`simulate ${line}: ${error?.message}\n${stderr}`));
    });
  });
}

async function agreed(line: string): Promise<RunResult> {
  const { code, stdout, stderr } = await simulate(`${line} --json`);
  assert.equal(code, 0, stdout + stderr);
  const result = JSON.parse(stdout) as RunResult;
  assert.equal(result.agreed, true, result.reason);
  assert.match(result.engine, /^xs [\d.]+ cortex-m4$/);
  assert.equal(result.tek.responder, result.tek.initiator);
  return result;
}

/** What is missing here, if anything is. */
async function findMissing(): Promise<string | undefined> {
  try {
    await buildImage();
    return undefined;
  } catch (error) {
    if (error instanceof EngineUnavailableError) return error.message;
    throw error;
  }
}

const missing = await findMissing();
describe(`system: simulate --board cortex-m4${missing === undefined ? "" : `: ${missing}`}`, function () {
  this.timeout(180_000);
  const test = (what: string, run: () => Promise<void>) => (missing === undefined ? it(what, run) : it(what));

  test("is built for its UART and for readings without a warning", async () => {
    for (const application of ["slipmux", "readings"] as const)
      assert.equal((await buildImage({ application })).log, "");
  });

  test("agrees, and a seed repeats it to the instruction", async () => {
    const first = await agreed("--seed 11");
    const { instructions, ramBytes, flashBytes, computrons } = first.device;
    assert.ok(instructions !== undefined && instructions > 100_000, `${instructions} instructions`);
    assert.ok(ramBytes !== undefined && ramBytes > 10_000 && ramBytes < 65_536, `${ramBytes} bytes of RAM`);
    assert.ok(flashBytes !== undefined && flashBytes > 200_000, `${flashBytes} bytes of flash`);
    assert.equal(computrons, null);
    const second = await agreed("--seed 11");
    assert.deepEqual(second.device, first.device);
    const other = await agreed("--seed 12");
    assert.notEqual(other.tek.initiator, first.tek.initiator);
  });

  test("agrees with 2 of 5 stopped, under another suite, and shows people the figures", async () => {
    const line = "--third-parties 5 --threshold 3 --lose 2 --suite aes-cm-128-hmac-sha-1";
    const { code, stdout, stderr } = await simulate(line);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /\n {2}instructions {2,}[\d,]{7,}\n/);
    assert.match(stdout, /\nagreed and confirmed in /);
  });

  test("agrees over a network that loses datagrams, run by run", async () => {
    const { stdout } = await simulate("--drop 0.1 --repeat 3 --json");
    const { summary } = JSON.parse(stdout) as RepeatResult;
    // Chance may lose one exchange, as on any board; how often is simulate.test.ts's matter.
    assert.ok(summary.agreed >= 1 && summary.differentKeys === summary.agreed, stdout);
  });

  test("sends readings", async () => {
    const { readings } = await agreed("--readings 3");
    assert.deepEqual([readings?.sent, readings?.received, readings?.duplicated], [3, 3, 0]);
  });

  test("agrees over the UART", async () => {
    assert.equal((await agreed("--link slipmux")).link, "slipmux");
  });

  test("agrees over the UART with 1 % of its bytes corrupted", async () => {
    await agreed("--link slipmux --corrupt 0.01");
  });

  it("refuses by name what the board can't", async () => {
    const { code, stdout, stderr } = await simulate("--link gatt");
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /^error: option '--link' [^\n]*cortex-m4[^\n]*\n$/);
  });

  it("says in one line what is not installed", async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-path-"));
    try {
      const without = async () => {
        const { code, stderr } = await simulate("", folder);
        assert.equal(code, 1);
        return stderr.split("\n").at(-2);
      };
      assert.equal(
        await without(),
        "symbolon simulate: --board cortex-m4: qemu-system-arm is not installed (Debian: qemu-system-arm)",
      );
      // Anything that can be asked for its version.
      symlinkSync(process.execPath, join(folder, "qemu-system-arm"));
      assert.match(`${await without()}`, /: arm-none-eabi-gcc is not installed \(Debian: gcc-arm-none-eabi /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
