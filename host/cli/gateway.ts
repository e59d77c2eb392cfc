/** `symbolon gateway`: carries bundles, and keeps messages for those who are away. It holds no key. */

import type { Command } from "commander";
import pino from "pino";
import { identityToText } from "../../protocol/mikey/identity.js";
import { deadlinesOf } from "../deadlines.js";
import { FreshFile } from "../fresh-file.js";
import type { GatewayEvent } from "../gateway/events.js";
import { readGatewaySensors, sensorsFolder } from "../gateway/folder.js";
import { Gateway } from "../gateway/gateway.js";
import { openGatewayProxy } from "../gateway/proxy.js";
import { stateFolder } from "../own-folder.js";
import { openLmdbStore } from "../store/lmdb.js";
import { type ServeOptions, serve, serverCommand } from "./serve.js";

const FOLDER =
  "its folder: sensors/*.json, as `symbolon enrol --gateway` writes them; its state is kept in state/";

export function addGatewayCommand(program: Command): void {
  const command = serverCommand(
    "gateway",
    "carry the bundles of sensors that sleep, keep what is for them; it holds no key",
    FOLDER,
  );
  program.addCommand(command.action(runGateway).copyInheritedSettings(program));
}

async function runGateway({ dir, listen, deadline }: ServeOptions): Promise<void> {
  const onEvent = eventLog();
  const onError = (error: unknown) =>
    onEvent({ event: "fault", where: "sensors", reason: (error as Error).message });
  const sensors = new FreshFile(sensorsFolder(dir), () => readGatewaySensors(dir), onError);
  const store = await openLmdbStore(stateFolder(dir));
  const { forward, attempt } = deadlinesOf(deadline * 1000);
  const gateway = new Gateway({
    sensor: (handle) => sensors.current().get(handle),
    named: (name) => [...sensors.current().values()].find(({ sensor }) => identityToText(sensor) === name),
    sensors: () => sensors.current(),
    ...{ store, onEvent, attempt, deadline: forward },
  });
  const proxy = await openGatewayProxy({ ...listen, port: 0 }, () => sensors.current().values(), onEvent);
  const party = {
    routes: gateway.routes,
    onProxied: proxy.forward,
    async close() {
      proxy.close();
      await gateway.close();
    },
  };
  await serve(party, store, { listen }, onEvent);
}

/** To standard output, one JSON object a line. */
function eventLog(): (event: GatewayEvent) => void {
  const log = pino({ base: null }, pino.destination({ dest: 1, sync: true }));
  return (event) => {
    const { event: kind } = event;
    const level = kind === "fault" ? "error" : kind === "refused" || kind === "dropped" ? "warn" : "info";
    log[level](event);
  };
}
