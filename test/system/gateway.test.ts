/** Sensors behind a gateway: real firmware, all parties as processes; and what every server tells of its resources. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { prepareFolders } from "../../host/simulation/folders.js";
import { LONGEST_FRAME } from "../../host/simulation/frames.js";
import { PartyProcess, programFile } from "../../host/simulation/process.js";
import type { RunResult } from "../../host/simulation/result.js";

const main = programFile("host/cli/main.js");
const run = promisify(execFile);

async function simulate(line: string): Promise<RunResult> {
  const args = [main, "simulate", ...line.split(" "), "--json"];
  const { stdout } = await run(process.execPath, args, { timeout: 100_000, maxBuffer: 2 ** 24 });
  return JSON.parse(stdout) as RunResult;
}

describe("system: a gateway", function () {
  this.timeout(120_000);

  it("takes an exchange in one frame, and gives R_I after the sleep; every reading arrives once", async () => {
    const result = await simulate("--gateway --sleep --third-parties 3 --threshold 2 --readings 10");
    assert.equal(result.reason, undefined);
    assert.match(result.engine, /^xs /);
    assert.deepEqual([result.gateway, result.confirmed, result.wakeUps], [true, true, 10]);
    assert.equal(result.suite, "aes-ccm-128-8");
    assert.deepEqual(result.readings, { sent: 10, received: 10, duplicated: 0, lost: 0, unconfirmed: 1 });
    const frames = result.frames ?? [];
    // The bundle, and after the sleep R_I; what acknowledges and asks for them has no payload. Any may come twice.
    const exchange = frames.filter(({ bytes }) => [0, 20, 80].includes(bytes));
    const [bundle] = exchange;
    assert.deepEqual([bundle.direction, bundle.bytes], ["out", 80]);
    const confirmation = exchange.find(({ direction, bytes }) => direction === "in" && bytes === 20);
    assert.ok(confirmation !== undefined && bundle.bytes + confirmation.bytes <= 101);
    // Readings too: each takes one frame.
    for (const { frameBytes } of frames) assert.ok(frameBytes <= LONGEST_FRAME, `${frameBytes}`);
  });

  it("serves sensors that stay awake, in spite of losses and of a third party that is gone", async () => {
    const result = await simulate("--gateway --readings 3 --drop 0.1 --lose 1 --seed 3");
    assert.equal(result.reason, undefined);
    const { sent, received, duplicated } = result.readings ?? {};
    assert.deepEqual([sent, received, duplicated], [3, 3, 0]);
  });

  it("and every other server name their resources to Debian's client", async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-core-"));
    const servers: PartyProcess[] = [];
    try {
      const folders = await prepareFolders({
        ...{ folder, sensors: ["sensor01"], thirdParties: ["party-01", "party-02"], responder: "hospital" },
        ...{ threshold: 2, privacy: 1, suite: "aes-ccm-128-8", deadline: 5, bits: 2048, channel: true },
        ...{ gateway: "gateway", address: () => "127.0.0.1:9", signal: new AbortController().signal },
      });
      const core = async (command: string, dir: string) => {
        const args = [command, "--dir", dir, "--listen", "127.0.0.1:0"];
        const server = new PartyProcess({ name: command, script: main, args });
        servers.push(server);
        const { port } = await server.waitFor("listening", ({ event }) => event === "listening", 60_000);
        const url = `coap://127.0.0.1:${port}/.well-known/core`;
        const { stdout } = await run("coap-client-notls", ["-m", "get", "-B", "20", url], {
          timeout: 30_000,
        });
        return stdout.trim();
      };
      assert.equal(await core("responder", folders.responder), '</mikey>;rt="symbolon";ct=65000');
      assert.equal(
        await core("third-party", folders.thirdParties.get("party-01") as string),
        '</mikey>;rt="symbolon";ct=65000,</b/part>;rt="symbolon.part";ct=42,</v>;rt="symbolon.vouch";ct=42',
      );
      assert.equal(
        await core("gateway", folders.gateway as string),
        '</b>;rt="symbolon.bundle";ct=42,</m>;rt="symbolon.mailbox",</s>;rt="symbolon.deposit",</t>;rt="symbolon.trigger";ct=42',
      );
    } finally {
      await Promise.all(servers.map((server) => server.stop()));
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
