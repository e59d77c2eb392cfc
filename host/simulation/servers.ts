/** Sets the scene: everyone's folder, the engine, the servers and border routers as processes. */

import { randomBytes } from "node:crypto";
import { GATEWAY, RESPONDER } from "./cast.js";
import { launchOptions } from "./firmware-run.js";
import { type Folders, prepareFolders } from "./folders.js";
import { BUILD_MS, START_MS } from "./patience.js";
import type { PartyEvent } from "./process.js";
import type { Stage } from "./stage.js";

/** Makes the authority's, the servers' and the sensors' folders in `folder`. */
export async function enrolAll(stage: Stage, folder: string): Promise<Folders> {
  const { bits, suite, threshold, privacy, deadline, readings, gateway, pseudonyms } = stage.settings;
  const { sensors, thirdParties } = stage.cast;
  const step = stage.surroundings.progress.begin(
    `authority, ${thirdParties.length + 2} RSA-${bits} keys, enrolment`,
  );
  const folders = await prepareFolders({
    ...{ folder, sensors, thirdParties, responder: RESPONDER },
    ...{ bits, suite, threshold, privacy, deadline, channel: readings !== undefined },
    address: (client, server) => stage.paths.address(client, server),
    ...(gateway && { gateway: GATEWAY }),
    pseudonyms,
    signal: stage.broken,
    onKey: (made) => step.update(`${made} keys`),
  });
  step.done();
  return folders;
}

/** Has the engine built, so that no exchange waits for it; returns its name. Throws where a package is missing. */
export async function prepareEngine(stage: Stage): Promise<string> {
  const { progress, programs } = stage.surroundings;
  const { board } = stage.settings;
  const [sensor] = stage.cast.sensors;
  const options = launchOptions(stage, sensor);
  const step = progress.begin("engine");
  const launcher = stage.start({
    ...{ name: "engine", script: programs.launch[board], args: ["--prepare", ...options] },
    onEvent: (event) => {
      if (event.event !== "building") return;
      step.update(`${event.detail}`);
      progress.say(`engine: ${event.detail}`);
    },
  });
  const { event, engine, cached, note, reason } = await launcher.waitFor(
    "engine",
    ({ event }) => event === "engine" || event === "unavailable",
    BUILD_MS,
  );
  await launcher.ended;
  await stage.stop(launcher);
  if (event === "unavailable") throw new Error(`--board ${board}: ${reason}`);
  const how = typeof note === "string" ? note : cached === true ? "built before" : "built now";
  step.done(`engine: ${engine}, ${how}`);
  return `${engine}`;
}

/** Starts the Responder and the third parties, each connected when it listens. `onEvent` hears them all. */
export async function startServers(
  stage: Stage,
  { responder, thirdParties, gateway }: Folders,
  onEvent: (name: string, event: PartyEvent) => void,
): Promise<void> {
  const { progress, programs } = stage.surroundings;
  const { deadline, collude, board } = stage.settings;
  // The board's own time stands still meanwhile: acknowledged at once, its part is the same however busy this machine is.
  const pace = board === "cortex-m4" ? ["--piggyback", "0"] : [];
  const { liars } = stage.cast;
  const secret = randomBytes(16).toString("hex");
  const step = progress.begin(`${thirdParties.size} third parties and ${RESPONDER}`);
  let up = 0;
  const serve = async (name: string, command: string, dir: string, more: readonly string[] = []) => {
    const options = ["--dir", dir, "--listen", "127.0.0.1:0", "--deadline", `${deadline}`, ...pace, ...more];
    const [script, args] = liars.includes(name)
      ? [programs.liar, collude ? [...options, "--collude", secret] : options]
      : [programs.main, [command, ...options]];
    const server = stage.start({
      ...{ name, script, args, onFailure: stage.break },
      onEvent(event) {
        if (event.event === "serving" && event.what === "http") stage.paths.http?.connect(Number(event.port));
        if (name === GATEWAY) stage.trial?.hearGateway(event);
        onEvent(name, event);
      },
    });
    const { address, port } = await server.waitFor(
      "listening",
      ({ event }) => event === "listening",
      START_MS,
    );
    if (typeof address !== "string" || typeof port !== "number") {
      throw new TypeError(`${name}: its "listening" event has no address and port`);
    }
    stage.paths.connect(name, { address, port });
    step.update(`${++up} up`);
  };
  await Promise.all([
    serve(RESPONDER, "responder", responder, stage.settings.http ? ["--http", "127.0.0.1:0"] : []),
    ...[...thirdParties].map(([name, folder]) => serve(name, "third-party", folder)),
    ...(gateway === undefined ? [] : [serve(GATEWAY, "gateway", gateway)]),
  ]);
  step.done(`${thirdParties.size} third parties and ${RESPONDER} are listening`);
  if (liars.length === 0) return;
  progress.say(`${liars.join(", ")} ${collude ? "plant a key together" : "will alter their shares"}`);
}

/** Starts a border router for each sensor that needs one. */
export async function startRouters(stage: Stage): Promise<void> {
  const option = stage.settings.link === "gatt" ? "--gatt" : "--serial";
  const route = async (name: string) => {
    const args = ["border-router", option, "udp:127.0.0.1:0", "--listen", "127.0.0.1:0"];
    const script = stage.surroundings.programs.main;
    const router = stage.start({ name, script, args, onFailure: stage.break });
    const { at } = await router.waitFor("line", ({ event }) => event === "attached", START_MS);
    const port = Number(/^udp:127\.0\.0\.1:(\d+)$/.exec(`${at}`)?.[1]);
    stage.paths.connect(name, { address: "127.0.0.1", port });
  };
  await Promise.all([...stage.cast.routers.values()].map(route));
}

/** Stops the third parties that are to be lost. */
export async function stopLost(stage: Stage): Promise<void> {
  const { lost } = stage.cast;
  if (lost.length === 0) return;
  await stage.stopNamed(lost);
  for (const party of lost) stage.paths.connect(party, undefined);
  stage.surroundings.progress.say(`stopped ${lost.join(", ")}`);
}
