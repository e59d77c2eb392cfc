/**
 * What a Responder asks of a sensor that sleeps, over the whole path; and a Responder that loses its memory: what was
 * recorded before is never taken for confirmed, and a trigger brings new keys.
 */

import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartyEvent } from "../../host/simulation/process.js";
import { HOSPITAL, SENSOR, SleeperScene } from "./sleeper-scene.js";

/** Milliseconds after which a Responder that has lost its memory takes exchanges again, and more. */
const LONG_AGO = 600_000;

const of = (events: readonly PartyEvent[], kind: string) => events.filter(({ event }) => event === kind);

describe("system: a Responder and a sensor that sleeps", function () {
  this.timeout(300_000);
  let scene: SleeperScene;
  afterEach(() => scene.close());

  /** Has the Responder ask while the sensor sleeps, wakes it, and gives what the command has printed. */
  async function ask(...what: string[]): Promise<{ out: string; events: PartyEvent[] }> {
    let waits = () => {};
    const waiting = new Promise<void>((resolve) => {
      waits = resolve;
    });
    const args = ["responder", "ask", SENSOR, "--dir", scene.hospitalFolder, ...what, "--wait", "100"];
    const asked = scene.tool(args, waits);
    await Promise.race([waiting, asked]);
    const events = await scene.wake();
    const { code, out, err } = await asked;
    assert.deepEqual([code, err], [0, ""]);
    return { out, events };
  }

  /** Forgets all that the Responder keeps but key and certificates; whether it knows that it has forgotten. */
  async function loseMemory(knows: boolean): Promise<void> {
    await scene.stop(HOSPITAL);
    rmSync(join(scene.hospitalFolder, "state"), { recursive: true });
    if (!knows) rmSync(join(scene.hospitalFolder, "served"));
    scene.events.delete(HOSPITAL);
  }

  async function replayed(): Promise<{ agreed: number; unconfirmed: number }> {
    assert.ok((await scene.replay()) > 5);
    // What the gateway forwards may come a little later.
    await sleep(1_000);
    const readings = scene.said(HOSPITAL, "reading");
    assert.deepEqual(
      readings.filter(({ confirmed }) => confirmed !== false),
      [],
    );
    assert.deepEqual(scene.said(HOSPITAL, "answer"), []);
    return { agreed: scene.said(HOSPITAL, "agreed").length, unconfirmed: readings.length };
  }

  it("asks through the gateway, is killed, loses its memory, and gets new keys by a trigger", async () => {
    scene = new SleeperScene(true);
    await scene.open();
    const dir = ["--dir", scene.hospitalFolder];
    const tooEarly = await scene.tool(["responder", "ask", SENSOR, ...dir, "--read"]);
    assert.equal(tooEarly.code, 1);
    assert.match(
      tooEarly.err,
      /^symbolon: sensor01 has no confirmed channel here; "symbolon responder trigger/,
    );
    await scene.wake(3);
    assert.equal(scene.said(HOSPITAL, "agreed").length, 1);
    assert.ok(scene.said(HOSPITAL, "reading").some(({ confirmed }) => confirmed === true));

    const { out, events } = await ask("--read");
    assert.deepEqual(
      of(events, "request").map(({ code }) => code),
      ["2.05"],
    );
    const [waits, answered, ...rest] = out.split("\n");
    assert.match(waits, /^sensor01 1\/#\d+: waits at the gateway$/);
    assert.match(answered, /^sensor01 1\/#\d+: [a-z][a-z0-9-]* [\d.]+ .+ \(2\.05, (fresh|age unknown)\)$/);
    assert.deepEqual(rest, [""]);
    const set = await ask("--interval", "7");
    assert.match(set.out, /answered \(2\.04, /);
    assert.deepEqual(
      of(set.events, "sleeping").map(({ milliseconds }) => milliseconds),
      [7000],
    );
    assert.match((await ask("--interval")).out, /every 7 s \(2\.05, /);

    // The request outlives who has asked, and so does the way to its answer.
    const left = await scene.tool(["responder", "ask", SENSOR, ...dir, "--read"]);
    assert.equal(left.code, 0, left.err);
    await scene.kill(HOSPITAL);
    await scene.start(HOSPITAL);
    const answers = scene.said(HOSPITAL, "answer").length;
    await scene.wake();
    assert.equal(scene.said(HOSPITAL, "answer").length, answers + 1);

    // It knows that it has forgotten: what may be a repetition gets nowhere.
    await loseMemory(true);
    await scene.start(HOSPITAL);
    assert.deepEqual(await replayed(), { agreed: 0, unconfirmed: 0 });
    const gateway = ["--gateway", scene.gatewayAddress];
    const early = await scene.tool(["responder", "trigger", SENSOR, ...dir, ...gateway]);
    assert.deepEqual([early.code, early.out], [1, ""]);
    assert.match(early.err, /^symbolon: this Responder has lost its memory, and takes no exchange until /);

    // When that time is over, whoever has the key alone gets new keys.
    await loseMemory(true);
    await scene.start(HOSPITAL, LONG_AGO);
    await scene.stop(HOSPITAL);
    await scene.start(HOSPITAL);
    const trigger = await scene.tool(["responder", "trigger", SENSOR, ...dir, ...gateway]);
    assert.deepEqual([trigger.code, trigger.err], [0, ""]);
    assert.match(trigger.out, /^(third party [123]: vouches\n){3}3 vouch; the trigger waits/);
    const woken = await scene.wake();
    assert.deepEqual(
      of(woken, "triggered").map(({ t }) => t),
      [2],
    );
    await scene.wake(2);
    assert.deepEqual(
      scene.said(HOSPITAL, "agreed").map(({ t }) => t),
      [2],
    );
    assert.ok(scene.said(HOSPITAL, "reading").some(({ t, confirmed }) => t === 2 && confirmed === true));
    assert.match((await ask("--read")).out, /\(2\.05, /);

    // It does not even know that it has forgotten: repetitions reach it, and none is confirmed.
    await loseMemory(false);
    await scene.start(HOSPITAL);
    const { agreed, unconfirmed } = await replayed();
    assert.ok(agreed > 0 && unconfirmed > 0, `${agreed} agreed, ${unconfirmed} readings`);
  });

  it("takes nothing recorded for confirmed when sensor and Responder have talked without a gateway", async () => {
    scene = new SleeperScene(false);
    await scene.open();
    await scene.wake(3);
    assert.ok(scene.said(HOSPITAL, "reading").some(({ confirmed }) => confirmed === true));
    await loseMemory(true);
    await scene.start(HOSPITAL);
    assert.deepEqual(await replayed(), { agreed: 0, unconfirmed: 0 });
    await loseMemory(false);
    await scene.start(HOSPITAL);
    const { agreed, unconfirmed } = await replayed();
    assert.ok(agreed > 0 && unconfirmed > 0, `${agreed} agreed, ${unconfirmed} readings`);
  });
});
