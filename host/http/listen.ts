/** An HTTP server that strangers can't hold up: connections, headers and times are bounded. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Address, formatAddress } from "../coap/address.js";

export interface HttpListener {
  /** "address:port" where it listens. */
  readonly address: string;
  readonly port: number;
  /** Ends all connections. */
  close(): Promise<void>;
}

/** Milliseconds. */
const TIMES = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const MAX_HEADER = 8 * 1024;
const MAX_CONNECTIONS = 256;

/** Starts to listen; port 0 lets the system choose. Rejects when the address can't be had. */
export async function listenHttp(
  { host, port }: Address,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  onError: (error: Error) => void,
): Promise<HttpListener> {
  const server = createServer({ ...TIMES, maxHeaderSize: MAX_HEADER }, onRequest);
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  server.on("error", onError);
  const bound = server.address() as AddressInfo;
  return {
    address: formatAddress({ host: bound.address, port: bound.port }),
    port: bound.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
