/**
 * What an observer of the radio can tell of sensors that show another name with each exchange: three sensors at a time,
 * four exchanges each, readings before and after R_I; real firmware, all parties as processes, every datagram captured.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { programFile } from "../../host/simulation/process.js";
import type { RunResult } from "../../host/simulation/result.js";
import { linksOf, observe, type Traces } from "./observer.js";

const main = programFile("host/cli/main.js");
const run = promisify(execFile);
const EXCHANGES = 4;
const SENSORS = 3;

describe("system: pseudonyms", function () {
  this.timeout(120_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-observer-"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** The sensors' exchanges, as the observer has them; all ended as they should. */
  async function simulate(options: string): Promise<Map<string, Traces[]>> {
    const capture = join(folder, "capture.pcap");
    const line = `simulate ${options} --third-parties 2 --readings ${2 * EXCHANGES} --rekey-every 2 --repeat ${SENSORS} --parallel ${SENSORS} --json --pcap ${capture}`;
    const { stdout } = await run(process.execPath, [main, ...line.split(" ")], {
      timeout: 110_000,
      maxBuffer: 2 ** 25,
    });
    const { runs } = JSON.parse(stdout) as { runs: RunResult[] };
    assert.deepEqual(
      runs.map(({ reason, readings }) => [reason, readings?.received, readings?.duplicated]),
      Array(SENSORS).fill([undefined, 2 * EXCHANGES, 0]),
    );
    const sensors = observe(capture);
    assert.equal(sensors.size, SENSORS);
    // Where R_I came late there was one more, or one less.
    for (const { length } of sensors.values()) assert.ok(length >= EXCHANGES - 1, `${length}`);
    return sensors;
  }

  for (const way of ["--pseudonyms --gateway --sleep", "--pseudonyms"]) {
    it(`link no two exchanges of a sensor: ${way}`, async () => {
      const sensors = await simulate(way);
      for (const sensor of sensors.keys()) assert.deepEqual(linksOf(sensor, sensors), [], sensor);
    });
  }

  it("are what keeps the observer from it: without them he links all exchanges of each sensor", async () => {
    const sensors = await simulate("--gateway --sleep");
    for (const sensor of sensors.keys()) assert.notDeepEqual(linksOf(sensor, sensors), [], sensor);
  });
});
