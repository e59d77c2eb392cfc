/** Marks: edges that are no phase, pulses on one pin, the self-test, wires that are wrong. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { pinMark, selfTestWave } from "../../../firmware/waves.js";
import { twoPins } from "../../../host/energy/phases/levels.js";
import { collect } from "../../../host/energy/report/collect.js";
import { findTraces } from "../../../host/energy/traces/open.js";
import {
  PAUSE,
  type Phase,
  type PhaseName,
  Phases,
  PULSES,
  phaseCodes,
  selfTestSteps,
  UNIT,
} from "../../../protocol/marks.js";
import { formats, levelsOf, type Sample, withFolder } from "./synthetic.js";

const [ppk2] = formats;
const level = (levels: number, samples: number, nanoamperes = 1000): Sample[] =>
  Array.from({ length: samples }, () => ({ nanoamperes, levels }));
const phase = (name: PhaseName, samples: number) => level(levelsOf(name), samples);

async function phasesOf(samples: readonly Sample[], options = {}) {
  return withFolder(async (folder) => collect(await findTraces(ppk2.write(folder, samples), {}), options));
}
const briefly = (phases: readonly { name: string; samples: number }[]) =>
  phases.map(({ name, samples }) => `${name} ${samples}`).join(", ");

/** A mark as the firmware makes it, in samples of 10 µs; each pulse and pause may be longer by so many. */
function pulses(to: PhaseName, late: readonly number[] = []): Sample[] {
  const unit = UNIT / 10;
  return Array.from({ length: PULSES }, (_, i) => [
    ...level(1, unit + (late[2 * i] ?? 0)),
    ...(i === PULSES - 1
      ? []
      : level(0, unit * (1 + (i === Phases[to] ? PAUSE : 0)) + (late[2 * i + 1] ?? 0))),
  ]).flat();
}

describe("marks in a trace", () => {
  it("gives the edges of a change to the phase behind it", async () => {
    const samples = [
      ...phase("sleep", 50),
      ...level(0b010, 1),
      ...phase("build", 40),
      ...level(0b100, 1),
      ...phase("build", 9),
      ...phase("listen", 30),
      ...phase("sleep", 5),
    ];
    const { phases } = await phasesOf(samples);
    assert.equal(briefly(phases), "sleep 50, build 51, listen 30, sleep 5");
  });

  it("takes a short low between equal levels for two marks, and a longer one for sleep", async () => {
    const { phases, wakeUps } = await phasesOf([
      ...phase("sleep", 200),
      ...phase("build", 40),
      ...phase("sleep", 3),
      ...phase("build", 50),
      ...phase("sleep", 99),
      ...phase("listen", 60),
      ...phase("sleep", 100),
      ...phase("listen", 70),
    ]);
    assert.equal(briefly(phases), "sleep 200, build 40, build 53, sleep 99, listen 60, sleep 100, listen 70");
    assert.equal(wakeUps.length, 3);
  });

  it("reads what the firmware plays on one, two and three pins, the self-test included", async () => {
    const marks = fc.array(fc.tuple(fc.nat(7), fc.integer({ min: 110, max: 200 })), {
      minLength: 1,
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, 3), marks, async (pins, all) => {
        const samples: Sample[] = level(0, 150);
        let levels = 0;
        const play = (wave: Uint8Array) => {
          for (let i = 0; i < wave.length; i += 3) {
            levels = wave[i];
            samples.push(...level(levels, (256 * wave[i + 1] + wave[i + 2]) / 10));
          }
        };
        play(selfTestWave(pins));
        const begun = (samples.length - 1) / 100_000;
        const tell = pinMark(pins, play);
        // What lies before the self-test and behind it is cut off by it.
        const told = [1, ...all.map(([phase]) => phase), 4, 0] as Phase[];
        for (const [i, one] of told.entries()) {
          tell(one);
          samples.push(...level(levels, all[i]?.[1] ?? 150));
        }
        const { phases, notes } = await phasesOf(samples, { pins });
        const name = (one: Phase) => (pins === 2 ? twoPins[phaseCodes[one].two] : phaseCodes[one].name);
        // On pins, asleep and asleep again is one sleep.
        const expected = told.filter((one, i) => pins === 1 || one !== 0 || told[i - 1] !== 0).map(name);
        const found = phases.filter((piece) => piece.name !== "mark" && piece.start > begun);
        assert.deepEqual(
          found.map((piece) => piece.name),
          expected,
        );
        assert.match(notes.join(), /all wires are right/);
        assert.doesNotMatch(notes.join(), /a mark/);
      }),
      { numRuns: 60 },
    );
  });

  it("adds up wake-ups, and calls those with shares exchanges", async () => {
    const wake = (...names: PhaseName[]) => [
      ...phase("sleep", 20),
      ...names.flatMap((name) => phase(name, 10)),
    ];
    const { wakeUps } = await phasesOf([
      ...wake("boot", "shares", "transmit", "listen", "verify"),
      ...wake("sense", "transmit"),
      ...phase("sleep", 4),
      ...phase("boot", 10),
    ]);
    assert.deepEqual(
      wakeUps.map(({ name, samples, cut }) => [name, samples, cut]),
      [
        ["exchange", 50, false],
        ["wake-up", 20, false],
        ["wake-up", 10, true],
      ],
    );
    assert.ok(Math.abs(wakeUps[0].coulombs - 50 * 1e-6 * 1e-5) < 1e-15);
  });

  it("counts pulses on one pin, however late they are", async () => {
    const late = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 17, maxLength: 17 });
    const names = phaseCodes.map(({ name }) => name);
    const marks = fc.array(fc.tuple(fc.constantFrom(...names), late, fc.integer({ min: 60, max: 90 })), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(marks, async (all) => {
        const samples = [
          ...level(0, 70),
          ...all.flatMap(([name, by, rest]) => [...pulses(name, by), ...level(0, rest)]),
        ];
        const { phases } = await phasesOf(samples, { pins: 1 });
        assert.deepEqual(
          phases.filter(({ name }) => name !== "mark").map((piece) => [piece.name, piece.samples]),
          [["unknown", 70], ...all.map(([name, , rest]) => [name, rest])],
        );
      }),
      { numRuns: 20 },
    );
  });

  it("takes a damaged mark for none, and says so", async () => {
    const cut = pulses("build").slice(0, 30);
    const { phases, notes } = await phasesOf(
      [
        ...level(0, 70),
        ...pulses("boot"),
        ...level(0, 80),
        ...cut,
        ...level(0, 90),
        ...pulses("sleep"),
        ...level(0, 60),
      ],
      { pins: 1 },
    );
    const [, , boot, , after, , sleep] = phases;
    assert.deepEqual(
      [boot.name, after.name, after.reliable, sleep.name],
      ["boot", "unknown", false, "sleep"],
    );
    assert.match(notes.join("\n"), /at 0\.00\d+ s a mark has \d of 9 pulses: the phase behind it is unknown/);
  });

  it("takes the self-test out, and proves wires and time base by it", async () => {
    const test = (wires: (levels: number) => number, stretch = 1) =>
      selfTestSteps(3).flatMap(({ levels, milliseconds }) =>
        level(wires(levels), Math.round(100 * milliseconds * stretch)),
      );
    const rest = [
      ...phase("boot", 30),
      ...phase("transmit", 20),
      ...phase("sleep", 20),
      ...phase("build", 10),
    ];
    const { phases, notes } = await phasesOf([...level(0, 300), ...test((l) => l, 1.01), ...rest]);
    // What lies beside it is no sleep: the board was off or starting.
    assert.equal(briefly(phases.filter(({ cut }) => !cut)), "boot 30, transmit 20, sleep 20");
    assert.match(notes.join("\n"), /all wires are right; the board's clock is (0\.9|1\.0)\d % slow/);
    const swapped = (l: number) => (l & 1) | ((l & 2) << 1) | ((l & 4) >> 1);
    await assert.rejects(
      phasesOf([...level(0, 300), ...test(swapped), ...rest]),
      /pin 1 is on D0, pin 2 is on D2, pin 3 is on D1: give --marks D0,D2,D1/,
    );
    await assert.rejects(
      phasesOf([...level(0, 300), ...test((l) => l & 0b101), ...rest]),
      /pin 2 is on none, pin 3 is on D2: connect it/,
    );
  });

  it("asks when no channel, or not every one, ever goes high", async () => {
    await assert.rejects(phasesOf(level(0, 50)), /no mark: D0, D1, D2 never go high/);
    await assert.rejects(phasesOf([...level(0, 50), ...level(3, 20), ...level(0, 9)]), /give --pins 2/);
    const { phases } = await phasesOf([...level(0, 50), ...level(3, 20), ...level(2, 9)], { pins: 2 });
    assert.equal(briefly(phases), "sleep 50, transmit 20, listen 9");
    const whole = await phasesOf(level(0, 50), { channels: [] });
    assert.deepEqual([briefly(whole.phases), whole.phases[0].cut], ["trace 50", false]);
  });

  it("takes one channel that is high while something runs", async () => {
    const { phases } = await phasesOf([...level(0, 50), ...level(4, 20), ...level(0, 9)], {
      channels: ["D2"],
      coding: "level",
    });
    assert.equal(briefly(phases), "idle 50, marked 20, idle 9");
  });
});
