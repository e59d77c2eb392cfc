/**
 * Whether recording keeps up: a simulated PPK2 behind a pseudo-terminal sends 100,000 samples a second, as the real
 * one does, and loses those for which its memory has no room.
 *
 *   node dist/test/bench/energy-record.js [--seconds 60] [--drop 0.01]
 */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { terminalPort } from "../../host/border-router/terminal.js";
import { defaultCalibration } from "../../host/energy/record/ppk2-protocol.js";
import { record } from "../../host/energy/record/recorder.js";
import { SimulatedPpk2 } from "../host/energy/simulated-ppk2.js";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, drop: { type: "string", default: "0" } },
});
const seconds = Number(values.seconds);
const every = Number(values.drop) === 0 ? Number.POSITIVE_INFINITY : Math.round(1 / Number(values.drop));
const folder = mkdtempSync(join(tmpdir(), "symbolon-bench-"));
const meter = new SimulatedPpk2({
  calibration: defaultCalibration,
  realTime: true,
  sampleAt: (i) => ({ amperes: i % 50_000 < 5_000 ? 8.1e-3 : 3.2e-6, levels: i % 50_000 < 5_000 ? 7 : 0 }),
  dropped: (i) => i % every === every - 1,
});
try {
  await meter.start();
  const { samples, lost, notes } = await record({
    openPort: terminalPort(meter.device, 115_200),
    ...{ file: join(folder, "r.ppk2"), mode: "source", millivolts: 3000, spikeFilter: true, power: true },
    ...{ seconds, signal: new AbortController().signal },
  });
  const { user, system } = process.cpuUsage();
  process.stdout.write(
    `${samples} samples in ${seconds} s, ${lost} lost and marked; meter and recorder took ` +
      `${(((user + system) / 1e6 / seconds) * 100).toFixed(0)} % of a core, peak ${Math.round(process.resourceUsage().maxRSS / 1024)} MB\n` +
      `${notes.map((note) => `! ${note}\n`).join("")}`,
  );
} finally {
  await meter.close();
  rmSync(folder, { recursive: true });
}
