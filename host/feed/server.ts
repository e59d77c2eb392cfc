/**
 * GET /readings: the feed over HTTP. Readings are in clear there, so that it is for programs on this machine, or for
 * those that a reverse proxy lets in.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { isIP } from "node:net";
import type { Address } from "../coap/address.js";
import { type HttpListener, listenHttp } from "../http/listen.js";
import type { Feed } from "./feed.js";

const PATH = "/readings";
/** Milliseconds between two signs of life. */
const KEEP_ALIVE = 15_000;
/** Milliseconds after which a reader whose connection is gone is to come again. */
const RETRY = 2_000;

/** Starts to listen. Rejects when the address can't be had. */
export async function startFeedServer(
  listen: Address,
  feed: Feed,
  onError: (error: unknown, where: string) => void,
): Promise<HttpListener> {
  const listener = await listenHttp(
    listen,
    (request, response) => answer(feed, listen.host, request, response),
    (error) => onError(error, "feed"),
  );
  const timer = setInterval(() => feed.keepAlive(), KEEP_ALIVE).unref();
  return {
    ...listener,
    close() {
      clearInterval(timer);
      return listener.close();
    },
  };
}

function answer(feed: Feed, host: string, request: IncomingMessage, response: ServerResponse): void {
  const refused = refusalOf(feed, host, request);
  if (refused !== undefined) {
    const { status, headers } = refused;
    response.writeHead(status, { ...headers, Connection: "close", "Content-Length": 0 }).end();
    return;
  }
  const lastId = request.headers["last-event-id"];
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write(`retry: ${RETRY}\n\n`);
  feed.add(response, typeof lastId === "string" ? lastId : undefined);
}

function refusalOf(
  feed: Feed,
  host: string,
  { method, url = "", headers }: IncomingMessage,
): { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | undefined {
  if (!isOurs(headers.host ?? "", host)) return { status: 421 };
  if (url.split("?", 1)[0] !== PATH) return { status: 404 };
  if (method !== "GET") return { status: 405, headers: { Allow: "GET" } };
  return feed.isFull ? { status: 503, headers: { "Retry-After": "5" } } : undefined;
}

/**
 * A page from elsewhere whose name was bent to this machine asks in its own name (DNS rebinding): only addresses,
 * localhost and the name that was asked for are ours.
 */
function isOurs(field: string, host: string): boolean {
  const name = field
    .replace(/:\d+$/, "")
    .replace(/^\[(.*)\]$/, "$1")
    .toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || name === host.toLowerCase();
}
