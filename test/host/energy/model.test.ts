/** The model: air times against published ones, ledgers that add up, and sources for every number. */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compare } from "../../../host/energy/model/compare.js";
import { readCurrents } from "../../../host/energy/model/currents.js";
import { linkModel, linkNames, loraAirTime } from "../../../host/energy/model/links.js";
import { exchangeMessages } from "../../../host/energy/model/messages.js";
import { type ModelOptions, modelOf, sensitivityOf } from "../../../host/energy/model/model.js";
import { comparisonSvg } from "../../../host/energy/model/picture.js";
import { energy } from "./command.js";
import { withFolder } from "./synthetic.js";

const near = (actual: number, expected: number, part: number) =>
  assert.ok(Math.abs(actual - expected) <= Math.abs(expected) * part, `${actual}, expected ${expected}`);
const base: ModelOptions = {
  board: "nrf52",
  link: "802.15.4",
  form: "bundle",
  threshold: 2,
  thirdParties: 3,
};

describe("air time", () => {
  it("of LoRa is what air-time calculators for LoRaWAN say of 10 and 51 bytes", () => {
    const known: [number, number, number][] = [
      [7, 23, 61.7e-3],
      [8, 23, 113.2e-3],
      [9, 23, 205.8e-3],
      [10, 23, 370.7e-3],
      [11, 23, 823.3e-3],
      [12, 23, 1482.8e-3],
      [7, 64, 118e-3],
      [12, 64, 2793.5e-3],
    ];
    for (const [spreading, bytes, seconds] of known) near(loraAirTime(spreading, bytes), seconds, 1e-3);
  });

  it("of IEEE 802.15.4 is 32 µs a byte, in fragments where a frame is too small", () => {
    const link = linkModel("802.15.4");
    const one = link.send(100);
    assert.deepEqual([one.frames, one.bytes], [1, 133]);
    near(one.transmit, 133 * 32e-6, 1e-12);
    assert.equal(link.send(101).frames, 2);
    // RFC 4944: a first fragment of 96 bytes, then up to 96 bytes each.
    assert.deepEqual([link.send(192).frames, link.send(193).frames], [2, 3]);
  });

  it("grows with bytes on every link, in both directions", () => {
    for (const name of linkNames) {
      const link = linkModel(name);
      for (const direction of ["send", "receive"] as const) {
        const times = [1, 50, 100, 200, 400]
          .map((bytes) => link[direction](bytes))
          .map((air) => air.transmit + air.listen);
        times.forEach((time, i) => {
          assert.ok(time > 0 && (i === 0 || time > times[i - 1]), `${name} ${direction} ${times}`);
        });
      }
    }
  });
});

describe("the energy model", () => {
  it("counts the bytes of 2-of-3 in both directions", () => {
    const sizes = (form: "messages" | "bundle") =>
      exchangeMessages(2, 3, form).map(({ name, bytes }) => `${name} ${bytes}`);
    // 80 bytes of bundle and 20 of answer, with CoAP around them.
    assert.deepEqual(sizes("bundle"), ["bundle 91", "acknowledgement 4", "R_I 29", "acknowledgement 4"]);
    assert.deepEqual(sizes("messages").slice(0, 4), [
      "I_TP 135",
      "acknowledgement 4",
      "TP_I 161",
      "acknowledgement 4",
    ]);
    assert.equal(sizes("messages").length, 12);
  });

  it("is V · Σ I·t", () => {
    const { exchange, currents, options } = modelOf({
      ...base,
      instructions: 1_000_000,
      cpi: 2,
      window: 0.02,
    });
    const [cpu, transmit, listen] = exchange.lines;
    near(cpu.seconds, 2_000_000 / 64e6, 1e-12);
    near(cpu.joules, 3 * 3.3e-3 * (2 / 64), 1e-12);
    near(transmit.coulombs, currents.amperes.TRANSMIT * transmit.seconds, 1e-12);
    near(exchange.joules, cpu.joules + transmit.joules + listen.joules, 1e-12);
    assert.ok(listen.seconds > options.window);
  });

  it("says an assumption and a source for every number, and knows which board has which radio", () => {
    for (const board of ["nrf52", "esp32"] as const) {
      for (const link of linkNames) {
        const there = link.startsWith("lora") || (board === "esp32" ? link === "wifi" : link !== "wifi");
        if (!there) {
          assert.throws(() => readCurrents(board, link), /currents\.json has no/);
          continue;
        }
        const { exchange, assumptions } = modelOf({ ...base, board, link });
        for (const { source, because } of exchange.lines) assert.ok(source.length > 20 && because.length > 5);
        assert.ok(assumptions.length >= 7);
      }
    }
  });

  it("moves with what is least known, in the right direction", () => {
    for (const { name, lowJoules, highJoules } of sensitivityOf(modelOf(base)))
      assert.ok(lowJoules < highJoules, name);
  });

  it("stands beside others with the figures that they published", () => {
    const rivals = compare(modelOf(base));
    assert.deepEqual(
      rivals.filter(({ kind }) => kind === "measured").map(({ joules }) => joules),
      [5.4e-3, 10.44e-3, 15.02e-3],
    );
    assert.ok(rivals.every(({ source }) => source.length > 10));
    // Nobody has measured the others over Bluetooth.
    assert.ok(compare(modelOf({ ...base, link: "ble" })).every(({ kind }) => kind === "modelled"));
    const svg = comparisonSvg(rivals, "a < b");
    assert.match(svg, /^<svg [^>]*viewBox/);
    assert.match(svg, /a &#60; b/);
    assert.equal(svg.match(/<title>/g)?.length, rivals.length);
  });

  it("is printed as text, JSON and picture by the command", () =>
    withFolder(async (folder) => {
      const svg = join(folder, "c.svg");
      const { code, out, err } = await energy("model", "--link", "802.15.4", "--compare", "--svg", svg);
      assert.equal(code, 0, err);
      assert.match(out, /exchange: 417 bytes out, 495 in/);
      assert.match(out, /EDHOC, static DH \(lakers\) +5\.400 mJ/);
      assert.match(readFileSync(svg, "utf8"), /measured by others/);
      const bench = join(folder, "bench.json");
      writeFileSync(bench, JSON.stringify({ figures: { instructions: 440_000 } }));
      const json = JSON.parse((await energy("model", "--bench", bench, "--json")).out);
      assert.equal(json.exchange.instructions, 440_000);
      assert.ok(json.life.seconds > 0);
      assert.equal((await energy("model", "--board", "esp32", "--link", "ble")).code, 1);
    }));
});
