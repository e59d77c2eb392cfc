/** Statistics, floor, battery, quantities and assertions; and the command that prints them. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { batteryLife, cells, parseCell } from "../../../host/energy/battery.js";
import { writeExample } from "../../../host/energy/example.js";
import { formatQuantity, parseQuantity, YEAR } from "../../../host/energy/quantity.js";
import { studentT, summarize } from "../../../host/energy/report/statistics.js";
import { energy } from "./command.js";
import { withFolder } from "./synthetic.js";

const near = (actual: number, expected: number, part: number) =>
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * part, `${actual}, expected ${expected}`);

describe("repeats", () => {
  it("knows Student's t (0.975 quantiles of common tables)", () => {
    const known: [number, number][] = [
      [1, 12.706],
      [2, 4.303],
      [4, 2.776],
      [10, 2.228],
      [11, 2.201],
      [19, 2.093],
      [30, 2.042],
      [60, 2.0],
      [120, 1.98],
    ];
    for (const [degrees, t] of known) near(studentT(degrees), t, 3e-4);
    assert.ok(Number.isNaN(studentT(0)));
  });

  it("sums up", () => {
    const { mean, deviation, confidence, least, most, total } = summarize([2, 4, 4, 4, 5, 5, 7, 9]);
    assert.deepEqual([mean, least, most, total], [5, 2, 9, 40]);
    near(deviation, Math.sqrt(32 / 7), 1e-12);
    near(confidence, (2.36462 * Math.sqrt(32 / 7)) / Math.sqrt(8), 1e-9);
    assert.ok(Number.isNaN(summarize([1]).deviation));
  });
});

describe("quantities", () => {
  it("are read with prefixes and long times, and refused without a unit", () => {
    near(parseQuantity("500uJ", "J"), 500e-6, 1e-12);
    near(parseQuantity(" 1.5 mA ", "A"), 1.5e-3, 1e-12);
    near(parseQuantity("225mAh", "C"), 810, 1e-12);
    near(parseQuantity("20µC", "C"), 20e-6, 1e-12);
    assert.equal(parseQuantity("10min", "s"), 600);
    for (const text of ["500", "500uA", "J", "ten J"])
      assert.throws(() => parseQuantity(text, "J"), /expected a number and its unit/);
  });

  it("are shown with the prefix that suits", () => {
    assert.equal(formatQuantity(800.2e-6, "J"), "800.2 µJ");
    assert.equal(formatQuantity(999.99e-6, "J", 3), "1.00 mJ");
    assert.equal(formatQuantity(0, "A"), "0 A");
    assert.equal(formatQuantity(Number.NaN, "A"), "–");
  });
});

describe("battery life", () => {
  it("is capacity by mean current", () => {
    const life = batteryLife(parseCell("100mAh"), 1e-6, [{ name: "exchange", coulombs: 1e-3, every: 100 }]);
    near(life.amperes, 11e-6, 1e-12);
    near(life.seconds, 360 / 11e-6, 1e-12);
    // What it loses by itself ends it after a century.
    near(batteryLife(cells.cr2032, 0, []).seconds, 100 * YEAR, 1e-12);
    assert.throws(() => parseCell("potato"), /expected cr2032/);
  });
});

describe("symbolon energy report", function () {
  this.timeout(60_000);
  let coulombs: ReadonlyMap<string, number>;
  const inExample = (run: (file: string, folder: string) => Promise<void>) => () =>
    withFolder(async (folder) => {
      const file = join(folder, "example.ppk2");
      ({ coulombs } = writeExample(file, 5));
      await run(file, folder);
    });

  it(
    "reports the example's known charges as JSON, text and CSV",
    inExample(async (file) => {
      const json = JSON.parse((await energy("report", file, "--json")).out);
      for (const { name, kind, charge, energy: joules, count } of json.rows) {
        if (kind !== "phase" || name === "sleep") continue;
        assert.equal(count, 5);
        near(charge.total, coulombs.get(name) as number, 1e-6);
        near(joules.total, 3 * (coulombs.get(name) as number), 1e-6);
      }
      const exchange = json.rows.find((row: { name: string }) => row.name === "exchange");
      const awake = [...coulombs].filter(([name]) => name !== "sleep");
      near(
        exchange.charge.total,
        awake.reduce((sum, [, charge]) => sum + charge, 0),
        1e-6,
      );
      near(json.sleep, 3.16e-6, 1e-2);
      const text = (await energy("report", file, "--battery", "cr2032", "--every", "exchange=1h")).out;
      assert.match(text, /\n {2}exchange +5 .*µJ/);
      assert.match(text, /exchange: the mean lies between .* \(95 %, Student's t, n = 5\)/);
      assert.match(text, /CR2032, 225\.0 mAh: \d/);
      assert.match(text, /self-test at 0\.005 s: all wires are right/);
      for (const line of text.split("\n")) assert.ok(line.length <= 120 + file.length, line);
      const [heading, ...lines] = (await energy("report", file, "--csv")).out.trim().split("\n");
      assert.equal(lines.length, 9);
      for (const line of lines) assert.equal(line.split(",").length, heading.split(",").length);
    }),
  );

  it(
    "takes the floor off",
    inExample(async (file) => {
      const of = async (...args: string[]) =>
        JSON.parse((await energy("report", file, "--json", ...args)).out);
      const [plain, above] = [await of(), await of("--floor", "1mA")];
      const listen = (json: { rows: { name: string; charge: { mean: number }; time: { mean: number } }[] }) =>
        json.rows.find(({ name }) => name === "listen") as (typeof json.rows)[0];
      near(listen(plain).charge.mean - listen(above).charge.mean, 1e-3 * listen(plain).time.mean, 1e-9);
      near((await of("--floor", "measured")).floor, 3.16e-6, 1e-2);
    }),
  );

  it(
    "exits with 1 and the figure when a claim does not hold",
    inExample(async (file) => {
      const good = await energy(
        "report",
        file,
        "--assert",
        "exchange.energy < 2mJ",
        "--assert",
        "listen.count >= 5",
      );
      assert.equal(good.code, 0, good.err);
      assert.match(good.err, /holds: exchange\.energy < 2mJ: exchange\.energy is 8\d\d\.\d µJ/);
      const bad = await energy("report", file, "--assert", "exchange.energy < 500uJ");
      assert.equal(bad.code, 1);
      assert.match(bad.err, /FAILS: exchange\.energy < 500uJ: exchange\.energy is 8\d\d\.\d µJ/);
      const none = await energy("report", file, "--assert", "handshake.energy < 500uJ");
      assert.equal(none.code, 1);
      assert.match(none.err, /there is no handshake in the trace; there are sleep, boot/);
      const wrong = await energy("report", file, "--assert", "exchange.energy is small");
      assert.equal(wrong.code, 2);
    }),
  );

  it("says on one line what it can't read", async () => {
    const { code, err } = await energy("report", "/nowhere/trace.ppk2");
    assert.equal(code, 1);
    assert.match(err, /^symbolon: ENOENT.*\/nowhere\/trace\.ppk2/m);
  });
});
