/** `symbolon third-party`: takes shares from sensors and passes them on to Responders. */

import { join } from "node:path";
import type { Command } from "commander";
import { ContentFormats } from "../../protocol/coap/numbers.js";
import { PART_PATH } from "../../protocol/exchange/bundle-cut.js";
import { VOUCH_PATH } from "../../protocol/exchange/trigger.js";
import type { RouteRequest } from "../coap/resources.js";
import { deadlinesOf } from "../deadlines.js";
import { stateFolder } from "../own-folder.js";
import { openLmdbStore } from "../store/lmdb.js";
import { thirdPartyFromFolder } from "../third-party/folder.js";
import type { ThirdPartyOptions } from "../third-party/options.js";
import { ThirdParty } from "../third-party/third-party.js";
import { FileVault } from "../third-party/vault.js";
import { eventLog, mikeyRoute, type ServeOptions, serve, serverCommand } from "./serve.js";

export function addThirdPartyCommand(program: Command): void {
  const command = serverCommand("third-party", "take shares from sensors, pass them on to responders");
  command.action((options: ServeOptions) => runThirdParty(options));
  program.addCommand(command.copyInheritedSettings(program));
}

/** Serves until SIGINT or SIGTERM. `lie` is for the simulation's liar alone. */
export async function runThirdParty(options: ServeOptions, lie?: ThirdPartyOptions["lie"]): Promise<void> {
  const { dir, deadline } = options;
  const onEvent = eventLog();
  const folder = thirdPartyFromFolder(dir, onEvent);
  const state = stateFolder(dir);
  const store = await openLmdbStore(state);
  const vault = new FileVault(join(state, "vault"));
  const { forward, attempt } = deadlinesOf(deadline * 1000);
  const party = new ThirdParty({
    ...folder,
    store,
    vault,
    onEvent,
    deadline: forward,
    attempt,
    ...(lie && { lie }),
  });
  const routes = {
    ...mikeyRoute((peer, payload) => party.receive(peer, payload)),
    [PART_PATH]: {
      contentFormat: ContentFormats.octetStream,
      resourceType: "symbolon.part",
      handler: ({ peer, payload }: RouteRequest) => party.receivePart(peer, payload),
    },
    [VOUCH_PATH]: {
      contentFormat: ContentFormats.octetStream,
      resourceType: "symbolon.vouch",
      // Anybody's question may cost public-key operations.
      admission: true,
      handler: ({ peer, payload }: RouteRequest) => party.vouch(peer, payload),
    } as const,
  };
  try {
    await serve({ routes, close: () => party.close() }, store, options, onEvent);
  } finally {
    vault.close();
  }
}
