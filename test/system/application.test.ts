/** The application under real third parties and a real Responder: woken again and again, and killed at random. */

import assert from "node:assert/strict";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { checkNumbers, checkShares, Scene } from "./scene.js";

/** Wakes the sensor so often; its events, with `kill` deciding how long after its start a wake-up is killed. */
async function wakes(
  scene: Scene,
  times: number,
  more: readonly string[],
  kill: () => number | undefined = () => undefined,
): Promise<PartyEvent[]> {
  const events: PartyEvent[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const launcher = new PartyProcess({
    name: "board",
    script: programFile("boards/linux/launch.js"),
    args: ["--dir", scene.sensorFolder, "--wake", "10", "--times", `${times}`, ...more],
    onEvent: (event) => {
      events.push(event);
      const after = event.event === "wake" ? kill() : undefined;
      if (after === undefined) return;
      timers.add(
        setTimeout(() => {
          try {
            process.kill(event.pid as number, "SIGKILL");
          } catch (error) {
            // It had ended before.
            if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
          }
        }, after),
      );
    },
  });
  try {
    await launcher.ended;
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
  return events;
}

const random = (below: number) => Math.floor(Math.random() * below);
const count = (events: readonly PartyEvent[], kind: string) =>
  events.filter(({ event }) => event === kind).length;
/** What the Responder took, each reading once. */
const delivered = ({ readings }: Scene) => new Set(readings.map(({ t, number }) => `${t}/${number}`));

describe("system: the application", function () {
  this.timeout(300_000);

  it("wakes 10 times: one exchange, 10 readings delivered, each phase marked", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      const events = await wakes(scene, 10, ["--marks"]);
      assert.deepEqual(
        ["wake", "finished", "resumed", "reading", "sleeping"].map((kind) => count(events, kind)),
        [10, 1, 9, 10, 10],
      );
      assert.ok(events.every(({ event, acknowledged }) => event !== "sleeping" || acknowledged === true));
      assert.equal(delivered(scene).size, 10);
      assert.equal(checkShares(scene.shares).size, 1);
      const wakeUps = events
        .filter(({ event }) => event === "mark" || event === "wake")
        .map(({ phase, event }) => (event === "wake" ? "|" : phase))
        .join(" ")
        .split("|")
        .slice(1)
        .map((phases) => phases.trim());
      assert.match(wakeUps[0], /^boot sense shares build build transmit .*listen verify .*sleep$/);
      for (const phases of wakeUps.slice(1))
        assert.match(phases, /^boot sense build transmit listen (transmit listen )*verify (listen )?sleep$/);
      const marks = events.filter(({ event }) => event === "mark");
      assert.ok(marks.every(({ computrons }) => typeof computrons === "number"));
    } finally {
      await scene.close();
    }
  });

  it("uses no T and no number twice, and goes on, whenever it is killed", async () => {
    const scene = new Scene();
    try {
      await scene.open();
      const [kills, times] = [40, 30];
      let killed = 0;
      // Each session lasts three wake-ups, so that exchanges are hit too.
      const more = ["--exchange-every", "3"];
      const kill = () => (killed++ < kills ? random(200) : undefined);
      const events = await wakes(scene, times, more, kill);
      const started = count(events, "wake");
      assert.ok(started >= times, `${started} starts`);
      assert.equal(
        new Set(scene.readings.map(({ t, number }) => `${t}/${number}`)).size,
        scene.readings.length,
      );
      // Whatever was cut: now a reading arrives, after the pause that exchanges which failed have left.
      let last: PartyEvent | undefined;
      for (let i = 0; i < 8 && last?.acknowledged !== true; i++) last = (await wakes(scene, 8, more)).at(-1);
      assert.deepEqual([last?.event, last?.acknowledged], ["sleeping", true]);
      const { seen, perKey } = checkNumbers(scene.passed);
      const used = checkShares(scene.shares);
      assert.ok(seen.size > 3, `${seen.size} messages`);
      console.log(
        `      ${started} starts, ${started - times} killed, ${used.size} exchanges, ${seen.size} messages under ${perKey.size} keys`,
      );
    } finally {
      await scene.close();
    }
  });

  it("wakes on the emulated Cortex-M4, whose marks count instructions", async function () {
    const scene = new Scene();
    try {
      await scene.open();
      const lives: PartyEvent[][] = [];
      for (let i = 0; i < 2; i++) {
        const events: PartyEvent[] = [];
        const board = new PartyProcess({
          name: "board",
          script: programFile("boards/cortex-m4/launch.js"),
          args: ["--dir", scene.sensorFolder, "--wake", "10", "--marks"],
          onEvent: (event) => events.push(event),
        });
        await board.ended;
        if (count(events, "unavailable") > 0) this.skip();
        lives.push(events);
      }
      for (const events of lives) {
        const marks = events.filter(({ event }) => event === "mark");
        assert.deepEqual([marks[0]?.phase, marks.at(-1)?.phase], ["boot", "sleep"]);
        const counts = marks.map(({ instructions }) => instructions as number);
        assert.deepEqual(
          counts,
          [...counts].sort((a, b) => a - b),
        );
        assert.equal(new Set(counts).size, counts.length);
        assert.equal(count(events, "sleeping"), 1);
      }
      assert.deepEqual(
        lives[0].filter(({ phase }) => phase === "shares" || phase === "build").map(({ phase }) => phase),
        ["shares", "build", "build", "build"],
      );
      assert.ok(checkShares(scene.shares).size >= 1);
    } finally {
      await scene.close();
    }
  });
});
