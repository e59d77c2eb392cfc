/** The models and what is recorded of them: complete, of these very texts, and still true. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { indices, subsets } from "../protocol/shares/sharings.js";
import { maudeRuns, nameOf, proverifModels, proverifRuns, type Run, recordOf } from "./runs.js";
import { folder, maude, proverif, type Tool } from "./tools.js";
import { checksOf, claimsOf, digestOf, withoutCheck } from "./variant.js";

/** Milliseconds for one run of ProVerif, on a busy machine: one of them takes minutes. */
const LONGEST = 1_800_000;

const read = (file: string) => readFileSync(join(folder, file), "utf8");

function recorded(tool: Tool, runs: readonly Run[]): void {
  for (const run of runs) {
    it(`${run.model}: ${nameOf(run)}`, async () => {
      const record = read(join("recorded", recordOf(run)));
      const digest = digestOf(await tool.text(run));
      const head = /^tool: \w+ [\d.]+\nsha-256: ([0-9a-f]{64})\nverdict: (holds|broken)\n/.exec(record);
      ok(head, "expected tool, SHA-256 and verdict");
      equal(head[1], digest, "the record is of another text: node dist/test/formal/record.js writes it anew");
      equal(head[2], run.holds ? "holds" : "broken");
    });
  }
}

function checked(tool: Tool, runs: readonly Run[], timeout: number): void {
  if (tool.version() === undefined) {
    it("says the same (skipped: it is not on PATH)");
    return;
  }
  for (const run of runs) {
    it(`${run.model}: ${nameOf(run)}`, async function () {
      this.timeout(timeout);
      const { holds, output } = await tool.check(run, timeout);
      equal(holds, run.holds, output);
    });
  }
}

describe("models of the exchange", () => {
  const bounded = read("maude/exchange.maude");

  it("are run with every claim that they make", () => {
    for (const [model, files] of Object.entries(proverifModels)) {
      const text = files.map((file) => read(join("proverif", file))).join("\n");
      const run = proverifRuns.filter((run) => run.model === model && run.without === undefined);
      deepEqual(run.map(({ claim }) => claim).sort(), claimsOf(text).sort(), model);
    }
  });

  it("are run without every check that they have, and each is missed in the bounded one", () => {
    const taken = (runs: readonly Run[]) => [...new Set(runs.flatMap(({ without }) => without ?? []))].sort();
    const names = ["exchange.pvl", "parties-2-of-3.pvl", "forward-2-of-3.pv"];
    const checks = names.flatMap((file) => checksOf(read(join("proverif", file))));
    deepEqual(taken(proverifRuns), checks.sort());
    deepEqual(taken(maudeRuns), checksOf(bounded).sort());
    ok(maudeRuns.every(({ without, holds }) => without === undefined || !holds));
  });

  it("have each check on one line of its own", () => {
    throws(() => withoutCheck(bounded, "no-such-check"), RangeError);
    const [check] = checksOf(bounded);
    equal(bounded.split("\n").length - 1, withoutCheck(bounded, check).split("\n").length);
  });

  for (const [model, k, n] of [
    ["2-of-3", 2, 3],
    ["3-of-5", 3, 5],
  ] as const) {
    it(`rebuild the TGK from every ${k} of ${n} shares, and from no others`, () => {
      const text = read(`proverif/sharing-${model}.pvl`);
      const sets = subsets(indices(n), k).map((set) => set.join());
      const share = (i: number) =>
        i < k ? (k === 2 ? "d" : `d${i}`) : `share${i}(k, ${k === 2 ? "d" : "d1, d2"})`;
      for (const destructor of ["rebuild", "rising"]) {
        const rules = [...text.matchAll(new RegExp(`\\b${destructor}\\((x\\d.*)\\) = `, "g"))].map(
          ([, given]) => given,
        );
        const expected = sets.map((set) =>
          set
            .split(",")
            .map((i) => (destructor === "rising" ? `x${i}` : `x${i}, ${share(Number(i))}`))
            .join(", "),
        );
        deepEqual(rules, expected);
      }
    });
  }

  it("have nothing recorded beside", () => {
    const files = (readdirSync(join(folder, "recorded"), { recursive: true }) as string[]).filter((file) =>
      file.endsWith(".txt"),
    );
    deepEqual(files.sort(), [...maudeRuns, ...proverifRuns].map(recordOf).sort());
  });

  describe("as recorded with Maude", () => recorded(maude, maudeRuns));
  describe("as recorded with ProVerif", () => recorded(proverif, proverifRuns));
  describe("by Maude, now", () => checked(maude, maudeRuns, 60_000));
  describe("by ProVerif, now", () => checked(proverif, proverifRuns, LONGEST));
});
