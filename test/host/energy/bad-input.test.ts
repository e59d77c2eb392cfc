/** Files that are not what they should be: a message with file, place and what to do, and never a wrong figure. */

import assert from "node:assert/strict";
import { readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { figuresOf } from "../../../host/energy/report/figures.js";
import { formats, levelsOf, ppkOf, read, samplesOf, withFolder } from "./synthetic.js";

const parts = samplesOf([
  { phase: "sleep", nanoamperes: Array(1000).fill(3000) },
  { phase: "transmit", nanoamperes: Array(10_000).fill(8_000_000) },
  { phase: "sleep", nanoamperes: Array(1000).fill(3000) },
]);
const [ppk2] = formats;
const csv = "Timestamp(ms),Current(uA),D0-D7\n";

async function text(content: string | Buffer, options: Partial<(typeof formats)[0]> = {}) {
  return withFolder(async (folder) => {
    const file = join(folder, "x.csv");
    writeFileSync(file, content);
    return read(options, [file]);
  });
}
const row = (i: number, current: string, levels = 0) =>
  `${i / 100},${current},${Array.from({ length: 8 }, (_, b) => (levels >> b) & 1).join("")}\n`;
const rows = (from: number, to: number, current: string, levels: number) =>
  Array.from({ length: to - from }, (_, i) => row(from + i, current, levels)).join("");

describe("traces that are damaged", () => {
  it("reads a .ppk2 without an end up to there, and says so", async () => {
    await withFolder(async (folder) => {
      const [file] = ppk2.write(folder, parts);
      const whole = readFileSync(file).indexOf("session.raw") + 31 + 6 * 5000 + 3;
      truncateSync(file, whole);
      const { phases, notes, traces } = await read(ppk2, [file]);
      assert.equal(traces[0].samples, 5000);
      assert.match(
        notes.join(),
        /a\.ppk2: the recording was stopped in the middle: it ends with sample 5000/,
      );
      assert.deepEqual(
        phases.map(({ name, cut }) => [name, cut]),
        [
          ["sleep", true],
          ["transmit", true],
        ],
      );
    });
  });

  it("finds a changed byte by the archive's CRC", async () => {
    await withFolder(async (folder) => {
      const [file] = ppk2.write(folder, parts);
      const bytes = readFileSync(file);
      bytes[5000] ^= 0x10;
      writeFileSync(file, bytes);
      await assert.rejects(read(ppk2, [file]), /a\.ppk2: session\.raw: its content differs from its CRC/);
    });
  });

  it("reads an old .ppk that is cut off, without its channels: they stand at its end", async () => {
    const { phases, notes } = await text(ppkOf(parts, 100_000).subarray(0, 100), {
      collect: { channels: [] },
    });
    assert.ok(phases.length >= 1);
    assert.match(notes.join(), /cut off: it ends with sample/);
  });

  it("marks a phase that lacks more than 0.1 % of its samples as unreliable", async () => {
    for (const [lost, reliable] of [
      [9, true],
      [11, false],
    ] as const) {
      const samples = parts.map((sample, i) =>
        i >= 4000 && i < 4000 + lost ? { ...sample, nanoamperes: Number.NaN } : sample,
      );
      const collection = await withFolder(async (folder) => read(ppk2, ppk2.write(folder, samples)));
      const transmit = collection.phases[1];
      assert.equal(transmit.reliable, reliable);
      assert.ok(Math.abs(transmit.coulombs / (0.1 * 8e-3) - 1) < 1e-6, `${transmit.coulombs}`);
      const figures = figuresOf(collection);
      const line = figures.rows.find(({ name }) => name === "transmit");
      assert.deepEqual([line?.count, line?.unreliable], reliable ? [1, 0] : [0, 1]);
      assert.equal(/transmit: UNRELIABLE/.test(figures.notes.join()), !reliable);
    }
  });

  it("takes missing rows of a CSV for a gap, where the phase changes as well", async () => {
    const transmit = levelsOf("transmit");
    const within =
      csv +
      rows(0, 100, "3.000", 0) +
      rows(100, 400, "8000.000", transmit) +
      rows(450, 900, "8000.000", transmit) +
      rows(900, 950, "3.000", 0);
    const { phases } = await text(within);
    assert.deepEqual(
      phases.map(({ name, reliable }) => [name, reliable]),
      [
        ["sleep", true],
        ["transmit", false],
        ["sleep", true],
      ],
    );
    assert.ok(Math.abs(phases[1].seconds - 8e-3) < 1e-9);
    assert.ok(Math.abs(phases[1].missing - 50 / 800) < 1e-6);
    const between =
      csv + rows(0, 100, "3.000", 0) + rows(150, 900, "8000.000", transmit) + rows(900, 950, "3.000", 0);
    const changed = await text(between);
    // It began somewhere in the gap.
    assert.deepEqual(
      changed.phases.map(({ reliable }) => reliable),
      [false, false, true],
    );
  });

  it("doubts both phases where Joulescope's rows are missing between them", async () => {
    const line = (i: number, high: number) => `${(i / 1000).toFixed(3)},0.001,3,0.003,0,0,${high}\n`;
    const all = (from: number, to: number, high: number) =>
      Array.from({ length: to - from }, (_, i) => line(from + i, high)).join("");
    const content = `#time,current,voltage,power,charge,energy,m\n${all(0, 50, 0)}${all(60, 90, 1)}${all(90, 99, 0)}`;
    const options = { channels: ["m"] };
    const { phases } = await text(content, { trace: options, collect: { ...options, coding: "level" } });
    assert.deepEqual(
      phases.map(({ name, reliable }) => [name, reliable]),
      [
        ["idle", false],
        ["marked", false],
        ["idle", true],
      ],
    );
  });

  it("takes a current above a threshold for a mark", async () => {
    const line = (i: number, current: number) => `${(i / 1000).toFixed(3)},${current},3,${3 * current},0,0\n`;
    const all = Array.from({ length: 90 }, (_, i) => line(i, i >= 30 && i < 50 ? 0.008 : 0.00001)).join("");
    const { phases } = await text(`#time,current,voltage,power,charge,energy\n${all}`, {
      trace: { channels: ["current"], threshold: 0.001 },
      collect: { channels: ["current"], coding: "level" },
    });
    assert.deepEqual(
      phases.map(({ name, samples }) => [name, samples]),
      [
        ["idle", 30],
        ["marked", 20],
        ["idle", 40],
      ],
    );
    assert.ok(Math.abs((phases[1].joules as number) / (3 * 0.008 * 0.02) - 1) < 1e-9);
  });

  it("takes NaN for a missing sample", async () => {
    const { phases } = await text(
      csv + rows(0, 100, "3.000", 0) + rows(100, 110, "nan", 0) + rows(110, 150, "3.000", 7),
      {},
    );
    assert.ok(!phases[0].reliable);
  });

  it("leaves out a last line without end", async () => {
    const { notes, traces } = await text(`${csv}${rows(0, 9, "3.000", 7)}0.09,3.0`);
    assert.equal(traces[0].samples, 9);
    assert.match(notes.join(), /x\.csv: line 11 has no end and is left out/);
  });

  const refused: [string, string | Buffer, RegExp][] = [
    ["nothing", "", /x\.csv: the file is empty/],
    ["a header alone", csv, /a header without samples/],
    [
      "two files in one",
      csv + rows(0, 9, "1.0", 7) + csv + rows(0, 9, "1.0", 7),
      /x\.csv: line 11: expected a number, got "Timestamp/,
    ],
    [
      "time that goes back",
      csv + rows(5, 9, "1.0", 7) + rows(5, 9, "1.0", 7),
      /line 6: the time goes back from 0\.00008 s/,
    ],
    ["another number of columns", `${csv}0,1.0,00000000\n0.01,1.0\n`, /line 3: expected 3 columns.*got 2/],
    ["a word", `${csv}0,1.0,00000000\n0.01,high,00000000\n`, /line 3: expected a number, got "high"/],
    ["a level that is none", `${csv}0,1.0,00200000\n`, /line 2: D2: expected 0, 1, X or -, got "2"/],
    ["no current", "Timestamp(ms),D0-D7\n0,00000000\n", /the column Current\(uA\) is missing/],
    ["no time", "Current(uA),D0-D7\n1.0,00000000\n", /Timestamp\(ms\) is missing: say --rate/],
    [
      "milliamperes called amperes",
      "time,current\n0,8100\n1,3300\n",
      /line 2: 8100 A is more.*--current-unit/,
    ],
    [
      "a unit that is none",
      "time (fortnights),current\n0,1\n",
      /the unit fortnights is none of s, ms, us, ns/,
    ],
    ["no columns that are known", "alpha,beta\n1,2\n", /no column is the time/],
    ["a Joulescope file", Buffer.from("jlsfmt\r\n \n \u001a  more"), /a Joulescope file \(JLS\).*pyjls csv/],
    [
      "an archive of something else",
      Buffer.from("504b0506000000000000000000000000000000000000", "hex"),
      /a ZIP archive without session\.raw/,
    ],
    ["something else", Buffer.from([1, 2, 3, 0, 255, 17]), /no recording that is known here/],
    ["Otii's voltage alone", "Timestamp,Value\n0,3\n1,3\n", /expected one current/],
  ];
  for (const [what, content, message] of refused) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(text(content), (error: Error) => {
        assert.ok(error instanceof SyntaxError, error.stack);
        assert.match(error.message, message);
        assert.match(error.message, /x\.csv/);
        return true;
      });
    });
  }
});
