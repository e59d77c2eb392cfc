import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runSimulate } from "../../../host/cli/simulate.js";
import { chooseLiars, chooseLost, sensorName, thirdPartyName } from "../../../host/simulation/cast.js";
import type { RepeatResult, RunResult } from "../../../host/simulation/result.js";

const fake = (file: string): string => fileURLToPath(new URL(`fake/${file}`, import.meta.url));

interface Outcome {
  code: number;
  out: string;
  err: string;
}

/** `symbolon simulate` with stand-ins for the parties. */
async function simulate(line: string, mode = "", signal?: AbortSignal): Promise<Outcome> {
  let out = "";
  let err = "";
  process.env.SYMBOLON_FAKE = mode;
  const launch = { linux: fake("launch.js"), "cortex-m4": fake("launch.js") };
  const code = await runSimulate(
    line.split(" ").filter((word) => word !== ""),
    {
      programs: { main: fake("main.js"), liar: fake("main.js"), launch },
      stdout: { write: (text) => (out += text) },
      stderr: { write: (text) => (err += text) },
      ...(signal !== undefined && { signal }),
    },
  );
  return { code, out, err };
}

async function json<T>(line: string, mode?: string): Promise<{ code: number; result: T }> {
  const { code, out, err } = await simulate(`${line} --json`, mode);
  assert.notEqual(out, "", err);
  return { code, result: JSON.parse(out) as T };
}

describe("simulation: scenario, with stand-ins for the parties", function () {
  this.timeout(60_000);
  const { TMPDIR } = process.env;
  let temporary: string;
  before(() => {
    temporary = mkdtempSync(join(tmpdir(), "symbolon-scenario-"));
    process.env.TMPDIR = temporary;
  });
  afterEach(() => assert.deepEqual(readdirSync(temporary), [], "the temporary folder is gone"));
  after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
    rmSync(temporary, { recursive: true });
  });

  it("agrees, with exactly the members that were promised", async () => {
    const { code, result } = await json<RunResult>("");
    assert.equal(code, 0);
    const { tek, elapsedMs, device, messages, ...rest } = result;
    assert.deepEqual(rest, {
      agreed: true,
      engine: "fake 1.0",
      suite: "aes-ccm-128",
      thirdParties: 3,
      threshold: 2,
      privacy: 1,
      lost: [],
      liars: [],
      confirmed: true,
    });
    assert.match(tek.initiator as string, /^[0-9a-f]{32}$/);
    assert.equal(tek.responder, tek.initiator);
    assert.ok(elapsedMs > 0 && elapsedMs < 20_000);
    assert.equal(device.computrons, 1_234_567);
    assert.deepEqual(messages.map(({ name }) => name).sort(), [
      "I_TP",
      "I_TP",
      "I_TP",
      "R_I",
      "R_TP",
      "R_TP",
      "R_TP",
      "TP_I",
      "TP_I",
      "TP_I",
      "TP_R",
      "TP_R",
      "TP_R",
    ]);
    assert.deepEqual(messages[0], { name: "I_TP", from: "sensor01", to: "party-01", bytes: 117 });
    assert.deepEqual(Object.keys(result), [
      ...[
        "agreed",
        "engine",
        "suite",
        "thirdParties",
        "threshold",
        "privacy",
        "lost",
        "liars",
        "tek",
        "confirmed",
        "device",
      ],
      ...["messages", "elapsedMs"],
    ]);
  });

  it("prints tables, and progress on standard error", async () => {
    const { code, out, err } = await simulate("--seed 7");
    assert.equal(code, 0, err);
    assert.match(out, / {2}I_TP {5}sensor01 {2}party-01 {4}117\n/);
    assert.match(out, /\nagreed and confirmed in [\d,]+ ms\n$/);
    assert.match(err, /^2 of 3 shares, 1 tell nothing, aes-ccm-128, seed 7\n/);
    assert.match(err, /^engine: fake 1\.0/m);
    assert.match(err, /^3 third parties and hospital are listening/m);
    assert.match(err, /^exchange: agreed/m);
  });

  it("shows how the engine is built", async () => {
    const { err } = await simulate("", "build");
    assert.match(err, /^engine: compiling fake 1\.0\n(.*\n)*engine: fake 1\.0, built now/m);
  });

  it("stops as many third parties as may be lost", async () => {
    const { code, result } = await json<RunResult>("--third-parties 5 --threshold 3 --lose 2 --seed 3");
    assert.equal(code, 0);
    assert.deepEqual(result.lost, chooseLost([0, 1, 2, 3, 4].map(thirdPartyName), 2, 3));
    for (const party of result.lost) assert.ok(result.messages.every(({ from }) => from !== party));
    assert.equal(result.privacy, 2);
  });

  it("says how many shares were missing when too many are lost", async () => {
    const { code, result } = await json<RunResult>(
      "--third-parties 5 --threshold 3 --lose 3 --seed 3 --deadline 1",
    );
    assert.equal(code, 1);
    assert.equal(result.agreed, false);
    assert.equal(
      result.reason,
      "1 of 3 shares needed was missing at hospital when its deadline of 1 s passed (sensor01: no confirmation within 1 s)",
    );
    assert.equal(result.tek.responder, null);
  });

  it("says so when nothing arrives at all", async () => {
    const { code, result } = await json<RunResult>("--drop 1 --deadline 0.5");
    assert.equal(code, 1);
    assert.match(
      result.reason as string,
      /^2 of 2 shares needed were missing: none was accepted at hospital/,
    );
    assert.ok((result.device.txDatagrams as number) > 3);
  });

  it("agrees over a network that loses a part", async () => {
    const { result } = await json<RunResult>("--drop 0.6 --seed 11 --deadline 10");
    assert.equal(result.agreed, true);
    assert.ok((result.device.txDatagrams as number) > 3);
  });

  it("repeats with another seed and another key each time", async () => {
    const { code, result } = await json<RepeatResult>("--repeat 6 --parallel 3");
    assert.equal(code, 0);
    assert.equal(result.runs.length, 6);
    assert.deepEqual(Object.keys(result), ["runs", "summary"]);
    const { elapsedMs, ...summary } = result.summary;
    assert.deepEqual(summary, { runs: 6, agreed: 6, confirmed: 6, differentKeys: 6 });
    assert.ok(elapsedMs.median <= elapsedMs.longest);
    // Each run has its own messages, three sensors at a time.
    for (const { messages } of result.runs) {
      const [{ from: sensor }] = messages;
      assert.equal(messages.length, 13);
      for (const { name, from, to } of messages) {
        if (["I_TP", "TP_I", "R_I"].includes(name)) assert.ok(from === sensor || to === sensor);
      }
    }
    assert.deepEqual([...new Set(result.runs.map(({ messages }) => messages[0].from))].sort(), [
      "sensor01",
      "sensor02",
      "sensor03",
    ]);
  });

  it("shows one line a run", async () => {
    const { code, out } = await simulate("--repeat 2 --seed 40");
    assert.equal(code, 0);
    assert.match(out, /^ {4}1 {4}40 {2}agreed {3}yes {14}13 /m);
    assert.match(out, /^ {4}2 {4}41 {2}agreed/m);
    assert.match(out, /^2 of 2 agreed on 2 different keys, 2 confirmed; median/m);
  });

  it("writes the capture", async () => {
    const file = join(tmpdir(), `symbolon-scenario-${process.pid}.pcap`);
    try {
      const { code } = await simulate(`--pcap ${file}`);
      assert.equal(code, 0);
      const bytes = readFileSync(file);
      const packets: string[] = [];
      for (let offset = 24; offset < bytes.length; offset += 16 + bytes.readUInt32BE(offset + 8)) {
        const address = (at: number) => bytes.subarray(offset + 16 + at, offset + 20 + at).join(".");
        packets.push(`${address(12)} ${address(16)}`);
      }
      for (const wanted of [
        "127.0.1.1 127.0.2.3",
        "127.0.2.3 127.0.3.1",
        "127.0.3.1 127.0.2.3",
        "127.0.2.3 127.0.1.1",
      ])
        assert.ok(packets.includes(wanted), wanted);
    } finally {
      rmSync(file, { force: true });
    }
  });

  it("is a disagreement when the keys differ", async () => {
    const { code, result } = await json<RunResult>("", "other-key");
    assert.equal(code, 1);
    assert.equal(result.reason, "sensor01 and hospital have different keys");
  });

  it("is a result when the sensor crashes", async () => {
    const { code, result } = await json<RunResult>("", "crash");
    assert.equal(code, 1);
    assert.match(
      result.reason as string,
      /^sensor01: ended with code 11 before finished; it said: segmentation fault$/,
    );
    assert.equal(result.device.txDatagrams, null);
  });

  it("is a result when a server crashes during the exchange", async () => {
    const { code, result } = await json<RunResult>("--threshold 3", "server-dies");
    assert.equal(code, 1);
    assert.equal(result.reason, "party-02: ended with code 9");
  });

  it("names the server that can't start", async () => {
    const { code, out, err } = await simulate("--json", "unwilling");
    assert.equal(code, 1);
    assert.equal(out, "");
    assert.match(
      err,
      /^symbolon simulate: hospital: ended with code 1 before listening; it said: key\.pem: permission denied$/m,
    );
  });

  it("names the engine that can't start", async () => {
    const { code, err } = await simulate("", "no-engine");
    assert.equal(code, 1);
    assert.match(err, /^symbolon simulate: engine: ended with code 1 before engine; it said: .*burnt down/ms);
  });

  for (const after of [1, 300, 2000])
    it(`ends early when told to, after ${after} ms`, async () => {
      const began = performance.now();
      const { code, out } = await simulate("--drop 1 --json", "", AbortSignal.timeout(after));
      assert.equal(code, 130);
      assert.equal(out, "");
      assert.ok(performance.now() - began < 8000);
    });

  it("refuses wrong use with one line that names the option", async () => {
    for (const [line, message] of [
      [
        "--threshold 1",
        "error: option '--threshold <k>' argument '1' is invalid. Expected a whole number from 2 to 254.",
      ],
      ["--threshold 4", "error: option '--threshold' can't be 4: there are 3 third parties"],
      ["--privacy 2", "error: option '--privacy' must be below the threshold 2, not 2"],
      [
        "--third-parties 254 --threshold 4 --privacy 0",
        "error: option '--third-parties' can't be 254 with 4 secret points",
      ],
      [
        "--third-parties x",
        "error: option '--third-parties <n>' argument 'x' is invalid. Expected a whole number from 2 to 254.",
      ],
      ["--lose 4", "error: option '--lose' can't be 4: there are 3 third parties"],
      ["--lose 1 --liars 3", "error: option '--liars' can't be 3: 2 third parties take part"],
      ["--collude", "error: option '--collude' needs --liars"],
      ["--drop 1.5", "error: option '--drop <p>' argument '1.5' is invalid. Expected a number from 0 to 1."],
      [
        "--drop -0.1",
        "error: option '--drop <p>' argument '-0.1' is invalid. Expected a number from 0 to 1.",
      ],
      [
        "--drop half",
        "error: option '--drop <p>' argument 'half' is invalid. Expected a number from 0 to 1.",
      ],
      [
        "--seed 1.5",
        "error: option '--seed <s>' argument '1.5' is invalid. Expected a whole number from 0 to 281474976710655.",
      ],
      [
        "--suite rot13",
        "error: option '--suite <name>' argument 'rot13' is invalid. Allowed choices are aes-ccm-128, aes-ccm-128-8, aes-cm-128-hmac-sha-256, aes-cm-128-hmac-sha-1.",
      ],
      [
        "--deadline 0",
        "error: option '--deadline <seconds>' argument '0' is invalid. Expected seconds, more than 0 and at most 3600.",
      ],
      [
        "--repeat 0",
        "error: option '--repeat <n>' argument '0' is invalid. Expected a whole number from 1 to 100000.",
      ],
      ["--parallel 2", "error: option '--parallel' can't be 2: --repeat asks for 1"],
      [
        "--readings 0",
        "error: option '--readings <n>' argument '0' is invalid. Expected a whole number from 1 to 100000.",
      ],
      ["--readings 1 --link slipmux", "error: option '--readings' needs sensors with IP: --link udp"],
      [
        "--bits 512",
        "error: option '--bits <bits>' argument '512' is invalid. Allowed choices are 2048, 3072, 4096.",
      ],
      ["--pcap", "error: option '--pcap <file>' argument missing"],
      ["--pcap /no/such/folder/x.pcap", "error: option '--pcap' can't write /no/such/folder/x.pcap (ENOENT)"],
      ["--los 1", "error: unknown option '--los'"],
      ["now", "error: too many arguments. Expected 0 arguments but got 1."],
    ]) {
      const { code, out, err } = await simulate(line);
      assert.deepEqual(
        { code, out, err: err.replace(/^\d of .*\n/, "") },
        { code: 2, out: "", err: `${message}\n` },
        line,
      );
    }
  });

  it("helps", async () => {
    const { code, out } = await simulate("--help");
    assert.equal(code, 0);
    assert.match(out, /--third-parties <n> .*default: 3/);
    for (const line of out.split("\n")) assert.ok(line.length <= 100, line);
  });
});

describe("simulation: names and lots", () => {
  it("names parties in eight bytes", () => {
    assert.equal(sensorName(0), "sensor01");
    assert.equal(thirdPartyName(19), "party-20");
  });

  it("draws who is lost from the seed", () => {
    const parties = Array.from({ length: 5 }, (_, i) => thirdPartyName(i));
    assert.deepEqual(chooseLost(parties, 2, 5), chooseLost(parties, 2, 5));
    assert.deepEqual(chooseLost(parties, 5, 5), parties);
    assert.deepEqual(chooseLost(parties, 0, 5), []);
    const times = new Map(parties.map((party) => [party, 0]));
    for (let seed = 0; seed < 1000; seed++) {
      for (const party of chooseLost(parties, 2, seed)) times.set(party, (times.get(party) as number) + 1);
    }
    // 400 each on average; five standard deviations are 77.
    for (const [party, count] of times) assert.ok(Math.abs(count - 400) < 77, `${party}: ${count}`);
  });

  it("draws who lies from those who are not stopped", () => {
    const parties = Array.from({ length: 5 }, (_, i) => thirdPartyName(i));
    for (let seed = 0; seed < 50; seed++) {
      const lost = chooseLost(parties, 2, seed);
      const liars = chooseLiars(parties, lost, 2, seed);
      assert.equal(new Set([...lost, ...liars]).size, 4);
      assert.deepEqual(chooseLiars(parties, lost, 2, seed), liars);
    }
  });
});
