/**
 * A whole distributed exchange on one machine: an authority and enrolments in a temporary folder, the Responder
 * and the third parties as processes, the firmware on its engine as another, and a network between them that
 * loses what it is told to.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GATEWAY, RESPONDER } from "./cast.js";
import { Exchanges } from "./exchange.js";
import { runFirmware } from "./firmware-run.js";
import type { RunResult } from "./result.js";
import { enrolAll, prepareEngine, startRouters, startServers, stopLost } from "./servers.js";
import type { Settings, Surroundings } from "./settings.js";
import { Stage } from "./stage.js";

/**
 * Runs all exchanges and returns a result for each, in order. Rejects when the scene could not be set, and with
 * the signal's reason; an exchange that fails is a result. Leaves no process and no file behind, but the capture.
 */
export async function simulate(settings: Settings, surroundings: Surroundings): Promise<RunResult[]> {
  const stage = new Stage(settings, surroundings);
  let folder: string | undefined;
  try {
    surroundings.signal.throwIfAborted();
    folder = await mkdtemp(join(tmpdir(), "symbolon-"));
    return await play(stage, folder);
  } finally {
    await stage.clear();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  }
}

async function play(stage: Stage, folder: string): Promise<RunResult[]> {
  await stage.paths.open();
  const [folders, engine] = await stage.unlessBroken(
    Promise.all([enrolAll(stage, folder), prepareEngine(stage)]),
  );
  stage.trial?.enrolled(folders);
  const exchanges = new Exchanges();
  await stage.unlessBroken(startServers(stage, folders, exchanges.hearServer));
  await stage.unlessBroken(startRouters(stage));
  await stopLost(stage);

  const { repeat } = stage.settings;
  const { signal, progress } = stage.surroundings;
  const results: RunResult[] = [];
  const step = progress.begin(repeat === 1 ? "exchange" : "exchanges");
  let next = 0;
  let done = 0;
  const work = async (sensor: string) => {
    while (next < repeat && !signal.aborted) {
      const index = next++;
      results[index] = await runFirmware(stage, exchanges, {
        ...{ index, sensor, engine, dir: folders.sensors.get(sensor) as string },
        onDetail: (detail) => {
          if (repeat === 1) step.update(detail);
        },
      });
      done++;
      if (repeat > 1) step.update(`${done} of ${repeat} done`);
    }
  };
  await Promise.all(stage.cast.sensors.map(work));
  signal.throwIfAborted();
  const agreed = results.filter((result) => result.agreed).length;
  step.done(
    repeat === 1
      ? `exchange: ${agreed === 1 ? "agreed" : "not agreed"}`
      : `exchanges: ${agreed} of ${repeat} agreed`,
  );
  if (stage.trial === undefined) return results;
  // Their stores are read, and one process at a time has a store.
  await stage.stopNamed([GATEWAY, RESPONDER]);
  const hostility = await stage.trial.conclude(folders);
  return results.map((result, i) => ({ ...result, hostile: hostility[i] }));
}
