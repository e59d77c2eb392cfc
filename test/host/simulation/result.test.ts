import assert from "node:assert/strict";
import { reportRun, reportRuns, table } from "../../../host/simulation/report.js";
import {
  deviceFigures,
  type Found,
  findingsOf,
  type Outcome,
  type RunResult,
  reasonOf,
  summarize,
} from "../../../host/simulation/result.js";

const outcome: Outcome = {
  sensor: "sensor01",
  responder: "hospital",
  threshold: 3,
  deadline: 20,
  initiatorTek: "ab".repeat(16),
  responderTek: null,
  expiry: undefined,
  sensorReason: undefined,
};

const run: RunResult = {
  agreed: true,
  engine: "xs 13.3.0",
  link: "udp",
  suite: "aes-ccm-128",
  thirdParties: 3,
  threshold: 2,
  privacy: 1,
  lost: [],
  liars: [],
  tek: { initiator: "ab".repeat(16), responder: "ab".repeat(16) },
  confirmed: true,
  device: {
    computrons: 1234567,
    heapPeakBytes: 93000,
    slotBytes: 70000,
    chunkBytes: 23000,
    txDatagrams: 3,
    txBytes: 480,
    rxDatagrams: 4,
    rxBytes: 312,
  },
  messages: [
    { name: "I_TP", from: "sensor01", to: "party-01", bytes: 117 },
    { name: "TP_R", from: "party-01", to: "hospital", bytes: 2087 },
  ],
  elapsedMs: 412,
};

describe("simulation: result", () => {
  it("agrees when both ends have the same key", () => {
    assert.equal(reasonOf({ ...outcome, responderTek: outcome.initiatorTek }), undefined);
  });

  it("says how many shares were missing", () => {
    const cases: [Partial<Outcome>, string][] = [
      [
        { expiry: { shares: 2, threshold: 3, missing: 1 }, sensorReason: "not confirmed" },
        "1 of 3 shares needed was missing at hospital when its deadline of 20 s passed (sensor01: not confirmed)",
      ],
      [
        { expiry: { shares: 1, threshold: 3, missing: 2 } },
        "2 of 3 shares needed were missing at hospital when its deadline of 20 s passed",
      ],
      [
        { expiry: { shares: 4, threshold: 3, missing: 0, reason: "no 3 of 4 shares fit" } },
        "hospital: no 3 of 4 shares fit",
      ],
      [{}, "3 of 3 shares needed were missing: none was accepted at hospital within the deadline of 20 s"],
      [{ responderTek: "cd".repeat(16) }, "sensor01 and hospital have different keys"],
      [
        { responderTek: "cd".repeat(16), initiatorTek: null, sensorReason: "no entropy" },
        "hospital has a key, but sensor01 has none (sensor01: no entropy)",
      ],
    ];
    for (const [change, reason] of cases) assert.equal(reasonOf({ ...outcome, ...change }), reason);
  });

  it("names as liars whom the Responder found, and nobody where k liars may have made its key", () => {
    const found: Found = {
      threshold: 2,
      agreed: true,
      hasKey: true,
      misfits: new Map([
        ["party-03", "session"],
        ["party-01", "share"],
      ]),
      undecided: undefined,
    };
    assert.deepEqual(findingsOf({ ...found, misfits: new Map() }), { liars: [] });
    assert.deepEqual(findingsOf(found), { liars: ["party-01", "party-03"] });
    assert.deepEqual(findingsOf({ ...found, undecided: "…" }), { liars: ["party-01"], undecided: "…" });
    const { liars, undecided } = findingsOf({ ...found, agreed: false });
    assert.deepEqual(liars, ["party-01"]);
    assert.match(undecided as string, /^party-03 contradict .* or the 2 or more .* which can't be told$/);
  });

  it("counts over all runs", () => {
    const failed: RunResult = { ...run, agreed: false, reason: "…", confirmed: false, elapsedMs: 20_000 };
    const other = { ...run, tek: { initiator: "cd", responder: "cd" }, confirmed: false, elapsedMs: 100 };
    assert.deepEqual(summarize([run, failed, other, run]), {
      runs: 4,
      agreed: 3,
      confirmed: 2,
      differentKeys: 2,
      elapsedMs: { median: 412, longest: 20_000 },
    });
  });

  it("takes numbers only for a device's figures", () => {
    const none = {
      computrons: null,
      heapPeakBytes: null,
      slotBytes: null,
      chunkBytes: null,
      txDatagrams: null,
      txBytes: null,
      rxDatagrams: null,
      rxBytes: null,
    };
    assert.deepEqual(deviceFigures(undefined), none);
    assert.deepEqual(deviceFigures({ computrons: "7", txBytes: 480, more: 1 }), { ...none, txBytes: 480 });
    assert.deepEqual(deviceFigures({ computrons: 0, slotBytes: 0, rxBytes: 0 }), { ...none, rxBytes: 0 });
    assert.deepEqual(deviceFigures(run.device), run.device);
  });
});

describe("simulation: report", () => {
  it("shows every message, the sensor's figures and both fingerprints", () => {
    assert.equal(
      reportRun(run, "sensor01", "hospital"),
      [
        "  message  from      to        bytes",
        "  ───────  ────────  ────────  ─────",
        "  I_TP     sensor01  party-01    117",
        "  TP_R     party-01  hospital  2,087",
        "",
        "  at sensor01  out   in",
        "  ───────────  ───  ───",
        "  datagrams      3    4",
        "  bytes        480  312",
        "",
        "  engine           xs 13.3.0",
        "  computrons       1,234,567",
        "  peak heap        93,000 bytes (slots 70,000, chunks 23,000)",
        "  third parties    3",
        `  TEK at sensor01  ${"ab".repeat(16)}`,
        `  TEK at hospital  ${"ab".repeat(16)}`,
        "",
        "agreed and confirmed in 412 ms",
        "",
      ].join("\n"),
    );
  });

  it("says what Node does not measure, and why there is no agreement", () => {
    const { engine: _, ...rest } = run;
    const text = reportRun(
      {
        ...rest,
        engine: "node 20.20.2",
        agreed: false,
        confirmed: false,
        reason: "1 of 2 shares needed was missing",
        tek: { initiator: run.tek.initiator, responder: null },
        device: { ...run.device, computrons: null, heapPeakBytes: null },
        lost: ["party-02"],
      },
      "sensor01",
      "hospital",
    );
    assert.match(text, /computrons {7}– \(counted on XS only\)/);
    assert.match(text, /third parties {4}3, stopped: party-02\n/);
    assert.match(
      text,
      /TEK at hospital {2}none\n\nnot agreed after 412 ms: 1 of 2 shares needed was missing\n$/,
    );
  });

  it("shows who was found lying, and what can't be told", () => {
    const text = reportRun({ ...run, liars: ["party-02"], undecided: "who else" }, "sensor01", "hospital");
    assert.match(text, /\n {2}found lying {6}party-02\n/);
    assert.match(text, /\ncan't be told: who else\nagreed and confirmed in/);
  });

  it("stays within 100 columns", () => {
    const lost = Array.from({ length: 20 }, (_, i) => `party-${i + 10}`);
    const reason = reasonOf({
      ...outcome,
      expiry: { shares: 1, threshold: 3, missing: 2 },
      sensorReason: "a long story ".repeat(30).trim(),
    }) as string;
    const long: RunResult = { ...run, lost, thirdParties: 20, agreed: false, reason };
    const runs = Array.from({ length: 120 }, () => long);
    const texts = [
      reportRun(long, "sensor01", "hospital"),
      reportRuns({ runs, summary: summarize(runs) }, 4_294_967_295),
    ];
    for (const text of texts) for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
    assert.match(texts[1], /^ +1 {2}4294967295 {2}not agreed {2}/m);
    assert.match(texts[1], /^0 of 120 agreed on 0 different keys, 120 confirmed; median 412 ms/m);
  });

  it("aligns columns", () => {
    assert.deepEqual(
      table(
        [
          ["a", "n"],
          ["bbb", "1"],
          ["c", "10"],
        ],
        [1],
      ),
      ["  a     n", "  ───  ──", "  bbb   1", "  c    10"],
    );
  });
});
