/** What third parties, Responders and gateways have in common as processes: a CoAP server, a log, and an orderly end. */

import { Command, InvalidArgumentError, Option } from "commander";
import pino from "pino";
import { ContentFormats } from "../../protocol/coap/numbers.js";
import { MIKEY_PATH } from "../../protocol/exchange/profile.js";
import { type Address, formatAddress, parseAddress } from "../coap/address.js";
import type { CoapRoute, ProtectedHandler, ProxyHandler, RouteResponse, Routes } from "../coap/resources.js";
import { startCoapServer } from "../coap/server.js";
import { DEFAULT_EXCHANGE } from "../deadlines.js";
import type { OnEvent, PartyEvent } from "../events.js";
import type { Store } from "../store/store.js";
import { seconds, wholeNumber } from "./arguments.js";

/** Requests that may wait for other third parties or for a Responder at a time. */
const MAX_PENDING = 10_000;
/** Nobody is reached from outside unless that was asked for. */
const DEFAULT_LISTEN: Address = { host: "127.0.0.1", port: 5683 };

/** The options of both commands, as commander gives them. */
export interface ServeOptions {
  readonly dir: string;
  readonly listen: Address;
  /** Seconds. */
  readonly deadline: number;
  /** Milliseconds that an answer has until its request is acknowledged without it. */
  readonly piggyback?: number;
}

export interface Party {
  /** What it answers, by path. */
  readonly routes: Routes;
  /** Answers requests under OSCORE, where it takes them. */
  readonly onProtected?: ProtectedHandler;
  /** Answers requests to a proxy, where it is one. */
  readonly onProxied?: ProxyHandler;
  /** Begins what it serves besides, before anything listens for CoAP. */
  open?(): Promise<void>;
  /** Ends what is under way. The store is closed afterwards. */
  close(): void | Promise<void>;
}

/** Answers POST of messages of the exchange. */
export type MessageHandler = (peer: string, payload: Uint8Array) => RouteResponse | Promise<RouteResponse>;

/** POST /mikey. With `admission` senders must be admitted first: see coap/admission.ts. */
export function mikeyRoute(receive: MessageHandler, admission: { readonly admission?: true } = {}): Routes {
  const handler: CoapRoute["handler"] = ({ peer, payload }) => receive(peer, payload);
  const route = { contentFormat: ContentFormats.mikey, resourceType: "symbolon", ...admission, handler };
  return { [MIKEY_PATH]: route };
}

const PARTY_FOLDER = "its folder: key.pem, chain.pem, authority.pem; its state is kept in state/";

/** A command with the options of a server. */
export function serverCommand(name: string, description: string, folder = PARTY_FOLDER): Command {
  return new Command(name)
    .description(description)
    .requiredOption("--dir <dir>", folder)
    .addOption(
      new Option("--listen <host:port>", "where it listens; with port 0 the system chooses")
        .argParser(listenAddress)
        .default(DEFAULT_LISTEN, formatAddress(DEFAULT_LISTEN)),
    )
    .option("--deadline <seconds>", "how long a sensor's exchange may take", seconds, DEFAULT_EXCHANGE / 1000)
    .addOption(
      new Option(
        "--piggyback <ms>",
        "milliseconds until a request is acknowledged without its answer (default: 500)",
      ).argParser(wholeNumber(0, 60_000)),
    );
}

/** Writes events to standard output, one JSON object a line, each written when the call returns. */
export function eventLog(): OnEvent {
  const log = pino({ base: null }, pino.destination({ dest: 1, sync: true }));
  return (event) => log[levelOf(event)](event);
}

/** Serves until SIGINT or SIGTERM. */
export async function serve(
  party: Party,
  store: Store,
  { listen, piggyback }: Pick<ServeOptions, "listen" | "piggyback">,
  onEvent: (event: Extract<PartyEvent, { event: "listening" | "fault" }>) => void,
): Promise<void> {
  const onError = (error: unknown, where: string) =>
    onEvent({ event: "fault", where, reason: (error as Error).message });
  const ended = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
  });
  try {
    await party.open?.();
    const server = await startCoapServer({
      ...listen,
      maxPending: MAX_PENDING,
      ...(piggyback !== undefined && { piggybackDelay: piggyback }),
      routes: party.routes,
      ...(party.onProtected !== undefined && { onProtected: party.onProtected }),
      ...(party.onProxied !== undefined && { onProxied: party.onProxied }),
      onError,
    }).catch((error: Error) => {
      throw new Error(`--listen ${formatAddress(listen)}: ${error.message}`, { cause: error });
    });
    onEvent({ event: "listening", address: parseAddress(server.address).host, port: server.port });
    await ended;
    await server.close();
  } finally {
    await party.close();
    await store.close();
  }
}

function levelOf({ event }: PartyEvent): "info" | "warn" | "error" {
  if (event === "fault") return "error";
  return ["refused", "expired", "misfit", "undecided", "crowded"].includes(event) ? "warn" : "info";
}

/** host:port, port 0 included. */
export function listenAddress(text: string): Address {
  try {
    return text.endsWith(":0") ? { ...parseAddress(text.slice(0, -2)), port: 0 } : parseAddress(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new InvalidArgumentError("Expected HOST:PORT.");
  }
}
