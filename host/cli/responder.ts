/** `symbolon responder`: collects shares from third parties and agrees with sensors. */

import { join } from "node:path";
import type { Command } from "commander";
import { deadlinesOf } from "../deadlines.js";
import { stateFolder } from "../own-folder.js";
import { evidenceFolder } from "../responder/evidence.js";
import { responderFromFolder } from "../responder/folder.js";
import { Responder } from "../responder/responder.js";
import { openLmdbStore } from "../store/lmdb.js";
import { eventLog, type ServeOptions, serve, serverCommand } from "./serve.js";

export function addResponderCommand(program: Command): void {
  const command = serverCommand("responder", "collect shares from third parties, agree with sensors");
  program.addCommand(command.action(runResponder).copyInheritedSettings(program));
}

async function runResponder({ dir, listen, deadline }: ServeOptions): Promise<void> {
  const folder = responderFromFolder(dir);
  const state = stateFolder(dir);
  const store = await openLmdbStore(state);
  const onEvent = eventLog();
  const { hold, session } = deadlinesOf(deadline * 1000);
  const keepEvidence = evidenceFolder(join(state, "evidence"));
  const party = await Responder.resume({ ...folder, store, onEvent, keepEvidence, deadline: session, hold });
  await serve(party, store, listen, onEvent);
}
