/** Readings from the sensor to the application: simulated as a user does, and with either end killed at random. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { type PartyEvent, programFile } from "../../host/simulation/process.js";
import type { RunResult } from "../../host/simulation/result.js";
import { checkNumbers, Scene, START } from "./scene.js";

const main = programFile("host/cli/main.js");

function simulate(line: string, timeout: number): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const options = { timeout, maxBuffer: 16 * 1024 * 1024 };
    execFile(process.execPath, [main, "simulate", ...line.split(" ")], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      if (typeof code === "number") resolve({ code, stdout, stderr });
      else reject(new Error(`simulate ${line}: ${error?.message}\n${stderr}`));
    });
  });
}

const nameOf = ({ t, number }: PartyEvent) => `${t}/${number}`;
const random = (below: number) => Math.floor(Math.random() * below);

describe("system: readings", function () {
  this.timeout(400_000);

  it("come once and unaltered: simulate --readings 10", async () => {
    const { code, stdout, stderr } = await simulate("--readings 10 --json", 60_000);
    assert.equal(code, 0, stderr);
    const { readings, agreed } = JSON.parse(stdout) as RunResult;
    assert.equal(agreed, true);
    const { unconfirmed, ...others } = readings ?? {};
    assert.deepEqual(others, { sent: 10, received: 10, duplicated: 0, lost: 0 });
    assert.ok(unconfirmed === 0 || unconfirmed === 1, `${unconfirmed}`);
  });

  it("come once over a bad network: --drop 0.2", async () => {
    const { code, stdout, stderr } = await simulate("--readings 10 --drop 0.2 --seed 3 --json", 390_000);
    assert.equal(code, 0, stderr);
    const { sent, received, duplicated, lost } = (JSON.parse(stdout) as RunResult).readings ?? {};
    assert.deepEqual([sent, received, duplicated, lost], [10, 10, 0, 0]);
  });

  it("are a line of the table, and nothing where they are not asked for", async () => {
    const shown = await simulate("--readings 2", 60_000);
    assert.match(shown.stdout, /\n {2}readings {2,}2 sent, 2 received, 0 twice, 0 lost, [01] unconfirmed\n/);
    const plain = await simulate("--json", 60_000);
    assert.equal("readings" in (JSON.parse(plain.stdout) as object), false);
  });

  it("never use a number twice under one key, whenever the sensor is killed", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      await scene.sensor(["--readings", "3"], START);
      const lives = 40;
      const resumed: unknown[] = [];
      for (let i = 0; i < lives; i++) {
        // Every fifth life begins an exchange, so that its end and the change of keys are hit too.
        const anew = i % 5 === 4;
        const args = ["--readings", "100000", ...(anew ? [] : ["--resume"])];
        const events = await scene.sensor(args, random(anew ? 500 : 150));
        resumed.push(...events.filter(({ event }) => event === "resumed").map(({ t }) => t));
      }
      assert.ok(resumed.length > lives / 2, `${resumed.length} lives took up their keys`);
      assert.ok(new Set(resumed).size > 1, "there were several keys");
      const { seen, perKey } = checkNumbers(scene.passed);
      assert.ok(seen.size > 2 * lives, `${seen.size} messages`);
      assert.equal(new Set(scene.readings.map(nameOf)).size, scene.readings.length, "a reading came twice");
      console.log(
        `      ${seen.size} messages under ${perKey.size} keys, ${resumed.length} of ${lives} lives resumed`,
      );
    } finally {
      await scene.close();
    }
  });

  it("lose and repeat nothing, whenever the Responder is killed", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      const [kills, count] = [8, 2000];
      let over = false;
      const run = scene.sensor(["--readings", `${count}`], 300_000).finally(() => {
        over = true;
      });
      let killed = 0;
      while (scene.readings.length === 0 && !over) await sleep(5);
      while (killed < kills && !over) {
        await sleep(random(100));
        await scene.killHospital();
        killed++;
        await scene.startHospital();
        // Until it is heard again: the sensor repeats itself after seconds.
        const before = scene.readings.length;
        while (scene.readings.length === before && !over) await sleep(5);
      }
      const events = await run;
      const sent = events.filter(({ event }) => event === "reading");
      assert.equal(sent.length, count);
      const last = events[events.length - 1];
      assert.deepEqual([last.event, last.sent, last.acknowledged], ["readings", count, count]);
      // A line may be written, and its transaction not be done, when the end comes: then it is repeated, as itself.
      const contents = new Map<string, string>();
      for (const reading of scene.readings) {
        const records = JSON.stringify(reading.records);
        assert.equal(contents.get(nameOf(reading)) ?? records, records);
        contents.set(nameOf(reading), records);
      }
      const repeated = scene.readings.length - contents.size;
      assert.ok(repeated <= killed, `${repeated} lines came again after ${killed} kills`);
      for (const reading of sent)
        assert.equal(contents.get(nameOf(reading)), JSON.stringify(reading.records));
      assert.ok(killed > 2, `${killed} kills`);
      assert.match(
        scene.lastWords.join("\n"),
        /sensor01 1\/\d+: (heart-rate \d+ beat\/min|temperature \d\d(\.\d)? Cel), spo2 0\.9\d? \/ \(confirmed, fresh\)/,
      );
      console.log(`      ${count} readings, ${killed} kills, ${repeated} lines repeated`);
    } finally {
      await scene.close();
    }
  });
});
