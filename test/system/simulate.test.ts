/** The whole chain: `symbolon simulate` as a user runs it, with the real firmware and the real servers. */

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RepeatResult, RunResult } from "../../host/simulation/result.js";
import { fromHex } from "../../protocol/bytes.js";
import { decodeMessage } from "../../protocol/coap/message.js";
import { OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { suiteNames } from "../../protocol/mikey/suites.js";
import { agreementProbability, binomialQuantile } from "./retransmission.js";

const main = fileURLToPath(new URL("../../host/cli/main.js", import.meta.url));

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs the command to its end. */
function simulate(line: string, timeout = 60_000): Promise<Ended> {
  const args = ["simulate", ...line.split(" ").filter((word) => word !== "")];
  return new Promise((resolve, reject) => {
    const options = { timeout, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [main, ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`simulate ${line}: ${error?.message}\n${stderr}`));
    });
  });
}

async function json<T>(line: string, timeout?: number): Promise<{ code: number; result: T; stderr: string }> {
  const { code, stdout, stderr } = await simulate(`${line} --json`, timeout);
  assert.notEqual(stdout, "", stderr);
  return { code, result: JSON.parse(stdout) as T, stderr };
}

describe("system: symbolon simulate", function () {
  this.timeout(180_000);

  it("agrees by default, on XS", async () => {
    const { code, result, stderr } = await json<RunResult>("");
    assert.equal(code, 0, `${result.reason}\n${stderr}`);
    assert.match(result.engine, /^xs /);
    assert.equal(result.agreed, true);
    assert.equal(result.confirmed, true);
    assert.match(result.tek.initiator as string, /^[0-9a-f]{32}$/);
    assert.equal(result.tek.responder, result.tek.initiator);
    for (const [name, value] of Object.entries(result.device)) {
      assert.ok(typeof value === "number" && value > 0, `${name}: ${value}`);
    }
    const count = (wanted: string) => result.messages.filter(({ name }) => name === wanted).length;
    assert.deepEqual(
      ["I_TP", "TP_I", "TP_R", "R_TP", "R_I"].map((name) => [name, count(name)]),
      [
        ["I_TP", 3],
        ["TP_I", 3],
        ["TP_R", 3],
        ["R_TP", 3],
        ["R_I", 1],
      ],
    );
    for (const { name, bytes } of result.messages) if (name === "I_TP") assert.equal(bytes, 117);
  });

  it("shows people the same", async () => {
    const { code, stdout, stderr } = await simulate("--seed 5");
    assert.equal(code, 0, stderr);
    assert.match(stdout, / {2}I_TP {5}sensor01 {2}party-01 {2,}117\n/);
    assert.match(stdout, /\n {2}engine {2,}xs \d/);
    assert.match(stdout, /\nagreed and confirmed in [\d,]+ ms\n$/);
    // The engine is there: this run builds none.
    assert.match(stderr, /^engine: xs .*built before/m);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 100, line);
  });

  it("runs the firmware on Node where there is no compiler, and says so", async () => {
    const { CC } = process.env;
    process.env.CC = "no-such-compiler";
    try {
      const { code, result, stderr } = await json<RunResult>("");
      assert.equal(code, 0, result.reason);
      assert.match(result.engine, /^node \d+\./);
      assert.match(stderr, /^engine: node \d+\..*no-such-compiler/m);
      assert.equal(result.device.computrons, null);
      assert.ok((result.device.txBytes as number) > 3 * 117);
    } finally {
      if (CC === undefined) delete process.env.CC;
      else process.env.CC = CC;
    }
  });

  it("agrees with 5 third parties, threshold 3, 2 lost", async () => {
    const { code, result } = await json<RunResult>("--third-parties 5 --threshold 3 --lose 2");
    assert.equal(code, 0, result.reason);
    assert.equal(result.lost.length, 2);
    for (const party of result.lost) assert.ok(result.messages.every(({ from }) => from !== party));
  });

  it("says how many shares were missing with 3 lost", async () => {
    const { code, result } = await json<RunResult>("--third-parties 5 --threshold 3 --lose 3 --deadline 3");
    assert.equal(code, 1);
    assert.equal(result.agreed, false);
    assert.match(result.reason as string, /^1 of 3 shares needed was missing at hospital/);
    assert.equal(result.tek.responder, null);
    assert.ok(result.elapsedMs >= 2900, `${result.elapsedMs} ms`);
  });

  for (const suite of suiteNames) {
    it(`agrees under ${suite}`, async () => {
      const { code, result } = await json<RunResult>(`--suite ${suite}`);
      assert.equal(code, 0, result.reason);
      assert.equal(result.suite, suite);
    });
  }

  for (const [k, n, t] of [
    [2, 2, 1],
    [10, 20, 9],
    [10, 20, 0],
    [4, 5, 3],
    [4, 5, 2],
    [4, 5, 1],
    [4, 5, 0],
  ]) {
    it(`agrees for k = ${k}, n = ${n}, t = ${t}`, async () => {
      const { code, result } = await json<RunResult>(`--third-parties ${n} --threshold ${k} --privacy ${t}`);
      assert.equal(code, 0, result.reason);
      assert.deepEqual([result.threshold, result.thirdParties, result.privacy], [k, n, t]);
    });
  }

  it("agrees with RSA-3072 and RSA-4096", async () => {
    for (const bits of [3072, 4096]) {
      const { code, result } = await json<RunResult>(`--third-parties 2 --bits ${bits}`);
      assert.equal(code, 0, result.reason);
    }
  });

  it("agrees on 50 different keys in 50 runs", async () => {
    const { code, result } = await json<RepeatResult>("--repeat 50", 170_000);
    assert.equal(code, 0);
    assert.equal(result.runs.length, 50);
    assert.equal(new Set(result.runs.map(({ tek }) => tek.initiator)).size, 50);
    assert.equal(result.summary.differentKeys, 50);
  });

  it("agrees over a bad network as often as RFC 7252's retransmission predicts", async () => {
    const [runs, drop, thirdParties, threshold, deadline] = [50, 0.2, 5, 3, 20];
    const line =
      `--third-parties ${thirdParties} --threshold ${threshold} --drop ${drop} --deadline ${deadline} ` +
      `--repeat ${runs} --parallel 25 --seed 1`;
    const { result } = await json<RepeatResult>(line, 170_000);
    const bytes = result.runs.flatMap(({ messages }) => messages).find(({ name }) => name === "TP_R")?.bytes;
    assert.ok(bytes !== undefined);
    const predicted = agreementProbability({
      drop,
      thirdParties,
      threshold,
      deadline,
      questions: 1 + Math.ceil(bytes / 1024),
    });
    // Were each run to agree with just the predicted probability, fewer would be seen once in a thousand times.
    const least = binomialQuantile(runs, predicted, 0.001);
    const { agreed, confirmed } = result.summary;
    console.log(
      `      ${agreed} of ${runs} agreed, ${confirmed} confirmed; predicted ${(predicted * runs).toFixed(1)}, ` +
        `at least ${least} at a confidence of 99.9 %`,
    );
    const reasons = result.runs.flatMap(({ reason }, i) =>
      reason === undefined ? [] : [`run ${i}: ${reason}`],
    );
    assert.ok(agreed >= least, reasons.join("\n"));
  });

  it("writes a capture of CoAP that Wireshark finds nothing wrong with", async function () {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-capture-"));
    try {
      const file = join(folder, "exchange.pcap");
      const { code } = await simulate(`--drop 0.1 --seed 2 --pcap ${file}`);
      assert.equal(code, 0);
      const tshark = (...args: string[]) => {
        const options = { encoding: "utf8", stdio: "pipe", timeout: 60_000 } as const;
        return execFileSync("tshark", ["-r", file, ...args], options)
          .trim()
          .split("\n");
      };
      const all = tshark("-T", "fields", "-e", "ip.src");
      assert.deepEqual(tshark("-Y", "coap", "-T", "fields", "-e", "ip.src"), all);
      // Wireshark 4.0 takes every Echo option (RFC 9175 §2.2) for malformed.
      for (const hex of tshark("-Y", "_ws.malformed", "-T", "fields", "-e", "udp.payload").filter(Boolean)) {
        const options = decodeMessage(fromHex(hex))?.options ?? [];
        assert.ok(findOption(options, OptionNumbers.echo), hex);
      }
      for (const address of ["127.0.1.1", "127.0.2.1", "127.0.2.2", "127.0.2.3", "127.0.3.1"]) {
        assert.ok(all.includes(address), address);
      }
      assert.deepEqual(
        [...new Set(tshark("-Y", "coap.code == 2", "-T", "fields", "-e", "coap.opt.uri_path"))],
        ["mikey"],
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      console.log("      tshark is not installed: Debian package tshark");
      this.skip();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("exits 2 on wrong use, with one line", async () => {
    for (const [line, option] of [
      ["--threshold 1", "--threshold"],
      ["--threshold 4", "--threshold"],
      ["--privacy 2", "--privacy"],
      ["--drop 2", "--drop"],
      ["--suite rot13", "--suite"],
      ["--lose 4", "--lose"],
      ["--unknown", "--unknown"],
      ["--pcap /no/such/folder/x.pcap", "--pcap"],
    ]) {
      const { code, stdout, stderr } = await simulate(line);
      const words = stderr.split("\n").filter((each) => each.startsWith("error: "));
      assert.deepEqual([code, stdout, words.length], [2, "", 1], `${line}: ${stderr}`);
      assert.ok(words[0].includes(option), words[0]);
    }
  });
});
