/** `symbolon responder`: collects shares from third parties and agrees with sensors. */

import { join } from "node:path";
import type { Command } from "commander";
import type { CoapContent } from "../../protocol/oscore/message.js";
import { Channel } from "../channel/channel.js";
import { readingLine } from "../channel/print.js";
import { deadlinesOf } from "../deadlines.js";
import { stateFolder } from "../own-folder.js";
import { evidenceFolder } from "../responder/evidence.js";
import { responderFromFolder } from "../responder/folder.js";
import { Responder } from "../responder/responder.js";
import { openLmdbStore } from "../store/lmdb.js";
import { eventLog, mikeyRoute, type ServeOptions, serve, serverCommand } from "./serve.js";

export function addResponderCommand(program: Command): void {
  const command = serverCommand(
    "responder",
    "collect shares from third parties, agree with sensors, take their readings",
  ).option("--print", "show readings to people, on standard error");
  program.addCommand(command.action(runResponder).copyInheritedSettings(program));
}

interface ResponderCommandOptions extends ServeOptions {
  readonly print?: true;
}

async function runResponder(options: ResponderCommandOptions): Promise<void> {
  const { dir, deadline, print } = options;
  const folder = responderFromFolder(dir);
  const state = stateFolder(dir);
  const store = await openLmdbStore(state);
  const onEvent = eventLog();
  const { hold, session } = deadlinesOf(deadline * 1000);
  const keepEvidence = evidenceFolder(join(state, "evidence"));
  const channel = new Channel({
    store,
    onEvent,
    hold: session,
    onReading(reading) {
      onEvent({ event: "reading", ...reading });
      if (print) process.stderr.write(`${readingLine(reading)}\n`);
    },
  });
  const responder = await Responder.resume({
    ...folder,
    ...{ store, onEvent, keepEvidence, hold },
    deadline: session,
    newSenderId: () => channel.newSenderId(),
    onAgreed: (...agreed) => channel.agreed(...agreed),
  });
  const party = {
    // Anybody's message costs public-key operations here.
    routes: mikeyRoute((peer, payload) => responder.receive(peer, payload), { admission: true }),
    onProtected: (peer: string, request: CoapContent) => channel.receive(peer, request),
    close() {
      channel.close();
      responder.close();
    },
  };
  await serve(party, store, options, onEvent);
}
