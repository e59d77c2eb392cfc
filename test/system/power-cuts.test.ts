/**
 * The sensor loses its power at 200 random points: before its first datagram, in the exchange, while it sends readings.
 * All that it ever sent is judged: nothing that must be used once is used twice.
 */

import assert from "node:assert/strict";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programFile } from "../../host/simulation/process.js";
import { checkNumbers, checkShares, Scene, START } from "./scene.js";

const CUTS = 200;
/** Milliseconds: longer than a process takes to begin, than an exchange, than some readings. */
const LIVES = { start: 120, exchange: 250, readings: 80 } as const;

const random = (below: number) => Math.floor(Math.random() * below);
const readings = programFile("boards/linux/readings.js");

describe("system: power cuts", function () {
  this.timeout(300_000);

  it(`let nothing be used twice, at ${CUTS} random points`, async () => {
    const scene = new Scene();
    try {
      await scene.open();
      let resumed = 0;
      let ended = 0;
      for (let i = 0; i < CUTS; i++) {
        // A third of all lives ends while it begins, whatever that life would have done.
        const fresh = i % 3 !== 2;
        const args = ["--readings", "100000", ...(fresh ? [] : ["--resume"])];
        const early = random(3) === 0;
        const life = random(early ? LIVES.start : fresh ? LIVES.exchange : LIVES.readings);
        const events = await scene.sensor(args, life, readings, early ? "start" : "word");
        resumed += events.filter(({ event }) => event === "resumed").length;
        ended += events.filter(({ event }) => event === "finished").length;
      }
      // What is left is whole: a life that nobody ends agrees, and its readings arrive.
      const last = await scene.sensor(["--readings", "2"], START);
      assert.equal(last.find(({ event }) => event === "finished")?.agreed, true);
      assert.equal(last.find(({ event }) => event === "readings")?.acknowledged, 2);

      const used = checkShares(scene.shares);
      const { seen, perKey } = checkNumbers(scene.passed);
      // Some were cut before their first datagram, others after; else the points would not be spread.
      assert.ok(used.size > CUTS / 10 && used.size <= CUTS + 1, `${used.size} T of ${CUTS} lives`);
      assert.ok(seen.size > 10 && perKey.size > 1, `${seen.size} messages under ${perKey.size} keys`);
      console.log(
        `      ${CUTS} cuts: ${used.size} T, ${ended} exchanges ended, ${resumed} lives took up their keys, ` +
          `${seen.size} messages under ${perKey.size} keys`,
      );
    } finally {
      await scene.close();
    }
  });

  it("are found out where storage forgets", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      const state = join(scene.sensorFolder, "state");
      const kept = join(scene.sensorFolder, "kept");
      // The first exchange takes the PSKs out of it.
      const enrolment = join(scene.sensorFolder, "sensor.json");
      const fresh = readFileSync(enrolment);
      await scene.sensor(["--readings", "2"], START);
      checkShares(scene.shares);
      checkNumbers(scene.passed);

      // Two readings from the same state.
      cpSync(state, kept, { recursive: true });
      await scene.sensor(["--readings", "3", "--resume"], START);
      checkNumbers(scene.passed);
      rmSync(state, { recursive: true });
      cpSync(kept, state, { recursive: true });
      await scene.sensor([], 5000, programFile("test/system/one-reading.js"), "start");
      assert.throws(() => checkNumbers(scene.passed), /number \d+ twice/);

      // The first T once more.
      rmSync(state, { recursive: true });
      writeFileSync(enrolment, fresh);
      await scene.sensor(["--readings", "1"], 2000);
      assert.throws(() => checkShares(scene.shares), /T 1 has two messages/);
    } finally {
      await scene.close();
    }
  });
});
