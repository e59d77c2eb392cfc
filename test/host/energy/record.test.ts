/** Recording from a PPK2 that is simulated behind a pseudo-terminal: known currents in, the same currents out. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { terminalPort } from "../../../host/border-router/terminal.js";
import { metersOf } from "../../../host/energy/record/meters.js";
import { amperesOf, SpikeFilter, splitWord } from "../../../host/energy/record/ppk2-current.js";
import {
  type Calibration,
  defaultCalibration,
  parseMetadata,
  regulatorCommand,
} from "../../../host/energy/record/ppk2-protocol.js";
import { Ppk2Stream } from "../../../host/energy/record/ppk2-stream.js";
import { type RecordOptions, record } from "../../../host/energy/record/recorder.js";
import { energy } from "./command.js";
import { SimulatedPpk2, type SimulationOptions } from "./simulated-ppk2.js";
import { levelsOf, read, withFolder } from "./synthetic.js";

/** Of a meter that was calibrated: numbers like those of a real one. */
const calibration: Calibration = {
  r: [1003.35, 101.587, 10.3027, 0.9636, 0.0564],
  gs: [1, 1, 1, 1.0135, 1.0139],
  gi: [1, 0.9695, 0.9609, 0.9519, 0.9582],
  o: [112.92, 72.94, 64.18, 61.05, 65.28],
  s: [2e-8, -5e-8, 5.6e-8, 6.5e-7, -4.5e-6],
  i: [-1e-8, 4e-7, -3e-7, -1.7e-5, -5.5e-5],
  ug: [1, 1, 1, 1, 1],
};
const near = (actual: number, expected: number, part: number, what = "") =>
  assert.ok(
    Math.abs(actual - expected) <= Math.abs(expected) * part,
    `${what} ${actual}, expected ${expected}`,
  );

/** Phases of 5,000 samples, with a current each. */
const PHASE = 5_000;
const currents = [
  ["sleep", 3.2e-6],
  ["boot", 3.3e-3],
  ["transmit", 8.1e-3],
  ["listen", 95e-3],
  ["sleep", 3.2e-6],
  ["build", 450e-6],
] as const;
const phases: SimulationOptions = {
  calibration,
  sampleAt: (i) => {
    const [name, amperes] = currents[Math.floor(i / PHASE) % currents.length];
    return { amperes, levels: levelsOf(name) };
  },
};

async function withMeter<Result>(
  options: SimulationOptions,
  run: (
    meter: SimulatedPpk2,
    folder: string,
    recorded: (more?: Partial<RecordOptions>) => ReturnType<typeof record>,
  ) => Promise<Result>,
): Promise<Result> {
  const meter = new SimulatedPpk2(options);
  await meter.start();
  try {
    return await withFolder((folder) =>
      run(meter, folder, (more = {}) =>
        record({
          openPort: terminalPort(meter.device, 115_200),
          ...{
            file: join(folder, "r.ppk2"),
            mode: "source",
            millivolts: 3000,
            spikeFilter: true,
            power: true,
          },
          signal: new AbortController().signal,
          ...more,
        }),
      ),
    );
  } finally {
    await meter.close();
  }
}

describe("a PPK2's bytes", () => {
  it("become metadata; what is no number has its default", () => {
    const {
      calibration: read,
      calibrated,
      millivolts,
      hardware,
    } = parseMetadata(
      "Calibrated: 1\nR0: 1003.3506\nR3: -nan\nGS0: 1.5000\nGI2: 0\nO4: 65.2\nVDD: 3700\nHW: 9173\nmode: 2\nIA: 56\nEND\n",
    );
    assert.deepEqual(read.r, [1003.3506, 101.65, 10.15, 0.94, 0.043]);
    assert.deepEqual([read.gs[0], read.gi[2], read.o[4]], [1.5, 1, 65.2]);
    assert.deepEqual([calibrated, millivolts, hardware], [true, 3700, "9173"]);
    assert.deepEqual(parseMetadata("END").calibration, defaultCalibration);
  });

  it("become currents by the calibration", () => {
    assert.deepEqual(splitWord(0xa5_00_00_00 + (33 << 18) + (3 << 14) + 1234), {
      adc: 1234,
      range: 3,
      counter: 33,
      levels: 0xa5,
    });
    const a = (4 * 1000 * 1.8) / 163_840 / 1031.64;
    near(amperesOf(defaultCalibration, 0, 1000, 3), a * (a + 1), 1e-12);
  });

  it("are set as the meter wants them", () => {
    assert.deepEqual([...regulatorCommand(800)], [0x0d, 3, 32]);
    assert.deepEqual([...regulatorCommand(3300)], [0x0d, 12, 228]);
    assert.throws(() => regulatorCommand(5001), /voltage: expected 800 to 5000 mV, got 5001/);
  });

  it("lose no sample, or say exactly how many, wherever they are cut", () => {
    const word = (i: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE((((i & 63) << 18) | 1000) >>> 0);
      return bytes;
    };
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 40 }),
        (gaps, cuts) => {
          // Twenty samples behind each gap.
          const kept: number[] = [];
          let i = 0;
          for (const gap of gaps) {
            if (kept.length > 0) i += gap;
            for (let j = 0; j < 20; j++) kept.push(i++);
          }
          const bytes = Buffer.concat(kept.map(word));
          let samples = 0;
          let lost = 0;
          const stream = new Ppk2Stream({
            ...{ calibration, volts: 3, spikeFilter: false },
            onSample: () => samples++,
            onLost: (count) => {
              lost += count;
            },
          });
          for (let at = 0, n = 0; at < bytes.length; n++) {
            const length = cuts[n % cuts.length];
            stream.push(bytes.subarray(at, at + length));
            at += length;
          }
          stream.end();
          assert.deepEqual([samples, lost, stream.shifts], [kept.length, i - kept.length, 0]);
        },
      ),
    );
  });

  it("are smoothed behind a change of range only", () => {
    const filter = new SpikeFilter();
    assert.deepEqual(
      [1, 1, 1].map((value) => filter.filter(value, 0)),
      [1, 1, 1],
    );
    const behind = [10, 10, 10, 10].map((value) => filter.filter(value, 1));
    near(behind[0], 0.18 * 10 + 0.82, 1e-12);
    assert.ok(behind[0] < behind[1] && behind[1] < behind[2] && behind[2] < 10);
    assert.equal(behind[3], 10);
  });

  it("come from ports that the system names", () => {
    const port = (path: string, productId: string, serialNumber: string) => ({
      path,
      vendorId: "1915",
      productId,
      serialNumber,
    });
    assert.deepEqual(
      metersOf([
        port("/dev/ttyACM2", "C00A", "F1"),
        port("/dev/ttyACM1", "c00a", "F1"),
        port("/dev/ttyACM0", "520f", "X"),
      ]),
      [{ meter: "ppk2", device: "/dev/ttyACM1", serialNumber: "F1" }],
    );
  });
});

describe("symbolon energy record", function () {
  this.timeout(120_000);

  it("gives back the currents that flow, to 0.1 %, and loses no sample", () =>
    withMeter(phases, async (meter, folder, recorded) => {
      const result = await recorded({ seconds: 1.5 });
      assert.deepEqual([result.samples, result.lost, result.broken], [150_000, 0, undefined]);
      assert.deepEqual(meter.commands, ["07", "19", "1102", "0d0bb8", "15", "0c01", "06", "07", "0c00"]);
      const { phases: found, traces } = await read({}, [join(folder, "r.ppk2")]);
      assert.equal(traces[0].volts, 3);
      assert.equal(found.length, 30);
      found.forEach((piece, i) => {
        const [name, amperes] = currents[i % currents.length];
        assert.deepEqual([piece.name, piece.samples], [name, PHASE]);
        // The spike filter holds what was before for two samples' worth: next to a thousandfold current that is much.
        if (name !== "sleep" && name !== "build") near(piece.coulombs / piece.seconds, amperes, 1e-3, name);
      });
    }));

  it("gives back every current of the meter's ranges without the filter", () =>
    withMeter(phases, async (_, folder, recorded) => {
      await recorded({ seconds: 0.3, spikeFilter: false });
      const { phases: found } = await read({}, [join(folder, "r.ppk2")]);
      found.forEach((piece, i) => {
        const [name, amperes] = currents[i % currents.length];
        near(piece.coulombs / piece.seconds, amperes, 1e-3, name);
      });
    }));

  it("counts and marks what was lost", () =>
    withMeter({ ...phases, dropped: (i) => i % 100 === 50 }, async (meter, folder, recorded) => {
      const { samples, lost, notes } = await recorded({ seconds: 1 });
      assert.equal(samples, 100_000);
      assert.equal(lost, 1000);
      assert.ok(meter.lost >= 1000);
      assert.match(notes.join(), /1000 samples are lost \(1\.000 %\) and marked/);
      const { phases: found } = await read({}, [join(folder, "r.ppk2")]);
      for (const { missing, reliable, samples: all } of found) {
        assert.equal(all, PHASE);
        near(missing, 0.01, 1e-6);
        assert.ok(!reliable);
      }
    }));

  it("finds the words again when a byte is missing", () =>
    withMeter({ ...phases, cutAfter: 7_000 }, async (_, folder, recorded) => {
      const { samples, notes, lost } = await recorded({ seconds: 0.3, spikeFilter: false });
      assert.equal(samples, 30_000);
      assert.ok(lost > 0 && lost < 64, `${lost}`);
      assert.match(notes.join(), /bytes were lost \d times/);
      const { phases: found } = await read({}, [join(folder, "r.ppk2")]);
      assert.deepEqual(
        found.map(({ reliable }) => reliable),
        [true, false, true, true, true, true],
      );
    }));

  it("keeps what was recorded when the meter disappears, and exits with 1", () =>
    withMeter({ ...phases, unpluggedAfter: 40_000 }, async (meter, folder) => {
      const file = join(folder, "gone.ppk2");
      const { code, err } = await energy(
        "record",
        "--ppk2",
        meter.device,
        "--out",
        file,
        "--volts",
        "3V",
        "--for",
        "5s",
      );
      assert.equal(code, 1);
      assert.match(err, /what was recorded until then is in .*gone\.ppk2/);
      const { traces, phases: found } = await read({}, [file]);
      assert.ok(traces[0].samples > 0 && traces[0].samples <= 40_000);
      assert.equal(found[0].name, "sleep");
    }));

  it("leaves a readable file when it is killed", () =>
    withMeter({ ...phases, realTime: true }, async (meter, folder) => {
      const file = join(folder, "killed.ppk2");
      const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));
      const args = [main, "energy", "record", "--ppk2", meter.device, "--out", file, "--volts", "3V"];
      const child = spawn(process.execPath, args, { stdio: "ignore" });
      const ended = once(child, "exit");
      while (child.exitCode === null && (!existsSync(file) || statSync(file).size < 300_000)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill("SIGKILL");
      await ended;
      const { traces, notes } = await read({}, [file]);
      assert.ok(traces[0].samples >= 49_000, `${traces[0].samples}`);
      assert.match(notes.join(), /stopped in the middle/);
    }));

  it("records, reports and refuses to overwrite", () =>
    withMeter(phases, async (meter, folder) => {
      const file = join(folder, "r.ppk2");
      const args = [
        "record",
        "--ppk2",
        meter.device,
        "--out",
        file,
        "--volts",
        "3V",
        "--for",
        "300ms",
        "--report",
      ];
      const { code, out, err } = await energy(...args);
      assert.equal(code, 0, err);
      assert.match(out, /ppk2, 30000 samples, 0\.300000 s at 100000\/s, 3 V/);
      assert.match(out, /listen +1 .* 95\.\d\d mA/);
      const again = await energy(...args);
      assert.equal(again.code, 1);
      assert.match(again.err, /EEXIST/);
    }));

  it("says so when nothing answers, or nothing is there", async () => {
    const none = await energy(
      "record",
      "--ppk2",
      "/dev/nowhere",
      "--out",
      "/tmp/symbolon-never.ppk2",
      "--volts",
      "3V",
      "--for",
      "1s",
    );
    assert.equal(none.code, 1);
    assert.match(none.err, /nowhere/);
    const wrong = await energy(
      "record",
      "--ppk2",
      "/dev/nowhere",
      "--out",
      "/tmp/symbolon-never.ppk2",
      "--volts",
      "9V",
      "--for",
      "1s",
    );
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /voltage: expected 800 to 5000 mV, got 9000/);
  });
});
