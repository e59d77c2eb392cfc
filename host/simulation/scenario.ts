/**
 * A whole distributed exchange on one machine: an authority and enrolments in a temporary folder, the Responder
 * and the third parties as processes, the firmware on its engine as another, and a network between them that
 * loses what it is told to.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Codes, codeName, OptionNumbers } from "../../protocol/coap/numbers.js";
import { coapRequest } from "../coap/client.js";
import { GATEWAY, RESPONDER } from "./cast.js";
import { Exchanges } from "./exchange.js";
import { runFirmware } from "./firmware-run.js";
import type { Folders } from "./folders.js";
import { processMemory } from "./process-memory.js";
import type { Hostility, RunResult } from "./result.js";
import { enrolAll, prepareEngine, startRouters, startServers, stopLost } from "./servers.js";
import type { Settings, Surroundings } from "./settings.js";
import { Stage } from "./stage.js";
import type { Trial } from "./trial.js";

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
  const hostility = await judge(stage, folders, stage.trial);
  return results.map((result, i) => ({ ...result, hostile: hostility[i] }));
}

/** The trial of the hostile gateway, when all exchanges are over. */
async function judge(stage: Stage, folders: Folders, trial: Trial): Promise<Hostility[]> {
  // One process at a time has a store, and this one reads the Responder's.
  await stage.stopNamed([RESPONDER]);
  await trial.learn(folders);
  const planted = trial.plant();
  const [sensor] = stage.cast.sensors;
  if (planted !== undefined) {
    const address = stage.paths.address(sensor, GATEWAY);
    const { code } = await coapRequest({ address, ...planted, understood: [OptionNumbers.oscore] });
    if (code !== Codes.changed) throw new Error(`${GATEWAY}: answered ${codeName(code)} to what was planted`);
  }
  const pid = stage.pidOf(GATEWAY);
  if (pid === undefined) throw new Error(`${GATEWAY}: its process is gone`);
  trial.searchMemory(processMemory(pid));
  await stage.stopNamed([GATEWAY]);
  return trial.conclude(folders);
}
