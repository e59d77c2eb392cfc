/** A CoAP server under test, a bare peer before it, and what the handler behind it saw; new for each test. */

import type { CoapRoute, RouteRequest } from "../../../host/coap/resources.js";
import { type CoapServer, type CoapServerOptions, startCoapServer } from "../../../host/coap/server.js";
import type { Message } from "../../../protocol/coap/message.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { type BareEndpoint, bareEndpoint, post } from "./endpoint.js";

/** Fast, and without a random part. */
export const parameters = { ACK_TIMEOUT: 40, ACK_RANDOM_FACTOR: 1, MAX_RETRANSMIT: 2 };

/** Uri-Path /mikey and Content-Format 65000. */
export const [uriPath, contentFormat] = post().options;
export const nothing: Uint8Array = new Uint8Array(0);

export let server: CoapServer;
export let peer: BareEndpoint;
export let requests: RouteRequest[];
export let errors: string[];

/** For each test of the suite in which this is called. */
export function useServer(): void {
  beforeEach(async () => {
    requests = [];
    errors = [];
    peer = await bareEndpoint();
  });
  afterEach(async () => {
    await server.close();
    peer.close();
  });
}

/** Starts the server with one route, /mikey. */
export async function start(
  handler: CoapRoute["handler"],
  options: Partial<CoapServerOptions> = {},
): Promise<CoapServer> {
  server = await startCoapServer({
    routes: {
      "/mikey": {
        contentFormat: ContentFormats.mikey,
        handler(request) {
          requests.push(request);
          return handler(request);
        },
      },
    },
    onError: (error, where) => errors.push(`${where}: ${error instanceof Error ? error.message : error}`),
    parameters,
    piggybackDelay: 20,
    ...options,
  });
  return server;
}

/** The response to one request, by message ID. */
export async function ask(message: Message): Promise<Message> {
  const count = peer.received.length;
  peer.send(server.address, message);
  await peer.until(count + 1);
  return peer.received[count];
}

export const changed: CoapRoute["handler"] = () => ({
  code: Codes.changed,
  payload: Uint8Array.of(9),
  contentFormat: ContentFormats.mikey,
});
export const after =
  (milliseconds: number): CoapRoute["handler"] =>
  (request) =>
    new Promise((resolve) => {
      setTimeout(() => resolve(changed(request)), milliseconds);
    });
