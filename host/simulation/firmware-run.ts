/** One exchange: the firmware on its engine as a process, until all that it set off has ended. */

import { RESPONDER } from "./cast.js";
import { Exchange, type Exchanges } from "./exchange.js";
import { SLEEP_MS, START_MS, STUCK_MS } from "./patience.js";
import type { PartyEvent } from "./process.js";
import { deviceFigures, findingsOf, type RunResult, reasonOf } from "./result.js";
import { awaitReadings, settle } from "./settle.js";
import type { Stage } from "./stage.js";

export interface Run {
  /** From 0. */
  readonly index: number;
  readonly sensor: string;
  /** The sensor's folder. */
  readonly dir: string;
  /** The engine, as it was prepared. */
  readonly engine: string;
  /** Hears what goes on, for people. */
  readonly onDetail: (detail: string) => void;
}

/** Runs the firmware. A failure is a result; rejects only where an exchange has no part in it. */
export async function runFirmware(stage: Stage, exchanges: Exchanges, run: Run): Promise<RunResult> {
  const { sensor } = run;
  const { seed, deadline, readings, board, sleep } = stage.settings;
  const script = stage.surroundings.programs.launch[board];
  stage.paths.reseed(sensor, seed + run.index);
  const exchange = new Exchange(sensor, run.engine);
  exchanges.add(exchange);
  stage.paths.frames.begin(sensor);

  let finished: PartyEvent | undefined;
  let failure: Error | undefined;
  const process = stage.start({
    ...{ name: sensor, script, args: argumentsOf(stage, run) },
    onEvent: (event) => {
      exchange.hearSensor(event);
      // Who does not sleep between readings is awake until the last.
      if (event.event === "sleeping" || event.event === "readings") stage.paths.hostile?.slept(sensor);
      if (event.event === "message") run.onDetail(`${event.name} ${event.from} → ${event.to}`);
    },
  });
  const read =
    readings === undefined
      ? undefined
      : awaitReadings(process, exchange, { count: readings, deadline, sleep });
  try {
    const patience = START_MS + deadline * 1000 + STUCK_MS;
    finished = await stage.unlessBroken(
      process.waitFor("finished", ({ event }) => event === "finished", patience),
    );
  } catch (error) {
    failure = error as Error;
  }
  const elapsedMs = Math.round(performance.now() - exchange.beganAt);
  if (failure === undefined) await settle(stage, exchange, exchanges);
  if (read !== undefined) await stage.unlessBroken(read);
  await stage.stop(process);
  exchanges.delete(exchange);
  return resultOf(stage, run.index, exchange, finished, failure, elapsedMs);
}

/** What tells the launcher, besides the folder, which firmware a sensor runs. */
export function launchOptions({ paths, settings }: Stage, sensor: string): string[] {
  const { link, readings, rekeyEvery, gateway, pseudonyms, sleep } = settings;
  const line = paths.lineOf(sensor);
  return [
    ...(line === undefined ? [] : [`--${link}`, line]),
    ...(readings === undefined
      ? []
      : sleep
        ? ["--wake", `${SLEEP_MS}`, "--times", `${readings}`]
        : ["--readings", `${readings}`]),
    ...(rekeyEvery === undefined ? [] : [sleep ? "--exchange-every" : "--rekey-every", `${rekeyEvery}`]),
    ...(gateway ? ["--gateway"] : pseudonyms ? ["--pseudonyms"] : []),
  ];
}

/** The command line of the launcher. */
function argumentsOf(stage: Stage, { sensor, dir, index }: Run): string[] {
  const { board, seed } = stage.settings;
  return [
    ...["--dir", dir],
    ...launchOptions(stage, sensor),
    ...(board === "cortex-m4" ? ["--seed", `${seed + index}`] : []),
  ];
}

function resultOf(
  stage: Stage,
  index: number,
  exchange: Exchange,
  finished: PartyEvent | undefined,
  failure: Error | undefined,
  elapsedMs: number,
): RunResult {
  const { settings, cast, paths } = stage;
  const { deadline, threshold, privacy, suite, link, readings, rekeyEvery, gateway, sleep, hostile } =
    settings;
  const { sensor, expiry } = exchange;
  const { initiatorTek, responderTek, agreed } = exchange.teks(
    typeof finished?.tek === "string" ? finished.tek : null,
  );
  const sensorReason = typeof finished?.reason === "string" ? finished.reason : undefined;
  const confirmed = finished?.confirmed === true;
  stage.trial?.exchanged(index, exchange, { initiatorTek, responderTek, confirmed });
  const outcome = { sensor, threshold, deadline, initiatorTek, responderTek, expiry, sensorReason };
  const reason = failure?.message ?? reasonOf({ ...outcome, responder: RESPONDER });
  return {
    agreed: reason === undefined,
    ...(reason === undefined ? {} : { reason }),
    engine: exchange.engine,
    ...(link !== "udp" && { link }),
    suite,
    thirdParties: cast.thirdParties.length,
    threshold,
    privacy,
    lost: cast.lost,
    ...findingsOf({
      threshold,
      agreed: reason === undefined,
      hasKey: responderTek !== null,
      misfits: exchange.misfits,
      undecided: exchange.undecided.size === 0 ? undefined : [...exchange.undecided.values()].join("; "),
    }),
    tek: { initiator: initiatorTek, responder: responderTek },
    confirmed,
    device: deviceFigures(finished?.device),
    messages: exchange.messages,
    ...(rekeyEvery !== undefined && { exchanges: agreed }),
    ...(readings !== undefined && { readings: exchange.readings.figures }),
    ...(gateway && { gateway: hostile ?? gateway }),
    ...(sleep && { wakeUps: exchange.wakeUps }),
    ...(gateway && { frames: paths.frames.end(sensor) }),
    ...(paths.http !== undefined && { http: paths.http.end(sensor) }),
    elapsedMs,
  };
}
