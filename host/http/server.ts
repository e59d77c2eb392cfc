/**
 * Takes OSCORE messages over HTTP, whatever the path: what they are for is inside (RFC 8613 §11.3). Protection is
 * OSCORE's alone; who wants to hide as well who talks to whom puts a reverse proxy with TLS before it.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { type Address, formatAddress } from "../coap/address.js";
import type { ProtectedHandler } from "../coap/resources.js";
import { BodyTooLongError, readBody } from "./body.js";
import { type HttpListener, listenHttp } from "./listen.js";
import { type HttpResponse, OSCORE_MEDIA_TYPE, readOscoreHeader, toHttp } from "./mapping.js";

export interface OscoreServerOptions {
  readonly listen: Address;
  /** Nothing leaves before it has returned: an answered request is a stored one. */
  readonly onProtected: ProtectedHandler;
  /** Hears of handlers that failed; the client hears 500. */
  onError(error: unknown, where: string): void;
}

/** Bytes of a request: no CoAP message has more (RFC 7252 §4.6). */
const MAX_BODY = 1152;

/** Starts to listen. Rejects when the address can't be had. */
export function startOscoreServer(options: OscoreServerOptions): Promise<HttpListener> {
  const { listen, onError } = options;
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      send(response, await answer(options, request));
    } catch (error) {
      // A client that is gone is no fault of ours; the others are told nothing of what went wrong here.
      if (request.socket.destroyed) return;
      onError(error, `HTTP request from ${peerOf(request)}`);
      send(response, refusal(500));
    }
  };
  return listenHttp(
    listen,
    (request, response) => void handle(request, response),
    (error) => onError(error, "HTTP server"),
  );
}

async function answer({ onProtected }: OscoreServerOptions, request: IncomingMessage): Promise<HttpResponse> {
  const { method, headers } = request;
  if (method !== "POST") return refusal(405, { Allow: "POST" });
  if (headers["content-type"] !== OSCORE_MEDIA_TYPE) return refusal(415);
  const option = typeof headers.oscore === "string" ? readOscoreHeader(headers.oscore) : undefined;
  if (option === undefined) return refusal(400);
  try {
    const payload = await readBody(request, MAX_BODY);
    const oscore = { number: OptionNumbers.oscore, value: option };
    return toHttp(onProtected(peerOf(request), { code: Codes.POST, options: [oscore], payload }));
  } catch (error) {
    if (!(error instanceof BodyTooLongError)) throw error;
    return refusal(413);
  }
}

/** The answer to what is no OSCORE message; what may follow of it is not read. */
function refusal(status: number, headers: Readonly<Record<string, string>> = {}): HttpResponse {
  return { status, headers: { ...headers, Connection: "close" }, body: new Uint8Array(0) };
}

function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  // 204 has no body, and so no length (RFC 9110 §8.6).
  response.writeHead(status, status === 204 ? headers : { ...headers, "Content-Length": body.length });
  response.end(body);
}

function peerOf({ socket: { remoteAddress, remotePort } }: IncomingMessage): string {
  return formatAddress({ host: remoteAddress ?? "", port: remotePort ?? 0 });
}
