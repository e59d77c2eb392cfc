/** `symbolon responder`: collects shares from third parties and agrees with sensors. */

import { join } from "node:path";
import { type Command, Option } from "commander";
import type { CoapContent } from "../../protocol/oscore/message.js";
import { Channel } from "../channel/channel.js";
import { answerLine, readingLine } from "../channel/print.js";
import { type Address, formatAddress, parseAddress } from "../coap/address.js";
import type { ProtectedHandler } from "../coap/resources.js";
import { type ControlServer, type Obeying, startControlServer } from "../control/server.js";
import { controlSocket } from "../control/socket.js";
import { deadlinesOf } from "../deadlines.js";
import type { OnEvent } from "../events.js";
import { Feed } from "../feed/feed.js";
import { startFeedServer } from "../feed/server.js";
import type { HttpListener } from "../http/listen.js";
import { startOscoreServer } from "../http/server.js";
import { stateFolder } from "../own-folder.js";
import { Asking } from "../responder/asking.js";
import { evidenceFolder } from "../responder/evidence.js";
import { responderFromFolder } from "../responder/folder.js";
import { Responder } from "../responder/responder.js";
import { hasServed, markServed } from "../responder/served.js";
import { openLmdbStore } from "../store/lmdb.js";
import { hostPort } from "./arguments.js";
import { addAskCommand } from "./responder-ask.js";
import { addTriggerCommand } from "./responder-trigger.js";
import { eventLog, listenAddress, mikeyRoute, type ServeOptions, serve, serverCommand } from "./serve.js";

export function addResponderCommand(program: Command): void {
  const command = serverCommand(
    "responder",
    "collect shares from third parties, agree with sensors, take their readings",
  )
    .option("--print", "show readings to people, on standard error")
    .addOption(
      new Option(
        "--http <host:port>",
        "take OSCORE messages over HTTP too; TLS is a reverse proxy's",
      ).argParser(listenAddress),
    )
    .addOption(
      new Option(
        "--feed <host:port>",
        "GET /readings: readings in clear as Server-Sent Events; name a host of this machine",
      ).argParser(listenAddress),
    )
    .addOption(
      new Option("--gateway <host:port>", "where requests wait for sensors that sleep").argParser(hostPort),
    );
  command.action(runResponder).copyInheritedSettings(program);
  addTriggerCommand(command);
  addAskCommand(command);
  program.addCommand(command);
}

interface ResponderCommandOptions extends ServeOptions {
  readonly print?: true;
  readonly http?: Address;
  readonly feed?: Address;
  /** host:port */
  readonly gateway?: string;
}

async function runResponder(options: ResponderCommandOptions): Promise<void> {
  const { dir, deadline, print, gateway } = options;
  const feed = new Feed();
  const onEvent = eventLog();
  const folder = responderFromFolder(dir, onEvent);
  const state = stateFolder(dir);
  const store = await openLmdbStore(state);
  const { hold, session } = deadlinesOf(deadline * 1000);
  const keepEvidence = evidenceFolder(join(state, "evidence"));
  const channel = new Channel({
    store,
    onEvent,
    hold: session,
    onReading(reading) {
      onEvent({ event: "reading", ...reading });
      feed.publish(reading);
      if (print) process.stderr.write(`${readingLine(reading)}\n`);
    },
    onAnswer(answer) {
      onEvent({ event: "answer", ...answer });
      feed.publishAnswer(answer);
      if (print) process.stderr.write(`${answerLine(answer)}\n`);
      asking.answered(answer);
    },
  });
  const asking = new Asking({ channel, onEvent, ...(gateway !== undefined && { gateway }) });
  const responder = await Responder.resume({
    ...folder,
    ...{ store, onEvent, keepEvidence, hold, hasServed: hasServed(dir) },
    deadline: session,
    newSenderId: () => channel.newSenderId(),
    onAgreed: (...agreed) => channel.agreed(...agreed),
  });
  markServed(dir);
  const onProtected = (peer: string, request: CoapContent) => channel.receive(peer, request);
  let besides: { close(): Promise<void> }[] = [];
  const party = {
    async open() {
      besides = await openBesides(options, { feed, onProtected, onEvent });
      const control = await openControl(dir, { asking, takesFrom: responder.takesFrom }, onEvent);
      if (control !== undefined) besides.push(control);
    },
    // Anybody's message costs public-key operations here.
    routes: mikeyRoute((peer, payload) => responder.receive(peer, payload), { admission: true }),
    onProtected,
    async close() {
      await Promise.all(besides.map((listener) => listener.close()));
      await asking.close();
      channel.close();
      responder.close();
    },
  };
  await serve(party, store, options, onEvent);
}

/** What listens for HTTP, as the options ask. */
async function openBesides(
  { http, feed: feedAt }: ResponderCommandOptions,
  { feed, onProtected, onEvent }: { feed: Feed; onProtected: ProtectedHandler; onEvent: OnEvent },
): Promise<HttpListener[]> {
  const onError = (error: unknown, where: string) =>
    onEvent({ event: "fault", where, reason: (error as Error).message });
  const open = async (what: "http" | "feed", at: Address, opening: Promise<HttpListener>) => {
    const listener = await opening.catch((error: Error) => {
      throw new Error(`--${what} ${formatAddress(at)}: ${error.message}`, { cause: error });
    });
    onEvent({ event: "serving", what, address: parseAddress(listener.address).host, port: listener.port });
    return listener;
  };
  return Promise.all([
    ...(http === undefined
      ? []
      : [open("http", http, startOscoreServer({ listen: http, onProtected, onError }))]),
    ...(feedAt === undefined ? [] : [open("feed", feedAt, startFeedServer(feedAt, feed, onError))]),
  ]);
}

/** Takes orders of this machine's; without them it serves all the same. */
async function openControl(
  dir: string,
  obeying: Obeying,
  onEvent: OnEvent,
): Promise<ControlServer | undefined> {
  const onError = (error: unknown) =>
    onEvent({ event: "fault", where: "control", reason: (error as Error).message });
  try {
    return await startControlServer(controlSocket(dir), obeying, onError);
  } catch (error) {
    onError(error);
    return undefined;
  }
}
