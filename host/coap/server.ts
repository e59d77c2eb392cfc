/**
 * A CoAP server over UDP: the message layer of endpoint.ts around the resources of resources.ts. Nothing leaves
 * before the handler has returned its response or promise, so that an acknowledged request is a stored request.
 *
 * The `coap` package is not used for this: test/host/coap/coap-package.test.ts shows why.
 */

import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { exchangeLifetime, transmissionParameters } from "../../protocol/coap/transmission.js";
import { formatAddress, parseAddress } from "./address.js";
import { Endpoint, type EndpointOptions } from "./endpoint.js";
import { type ProtectedHandler, type ProxyHandler, Resources, type Routes } from "./resources.js";

export interface CoapServerOptions extends Omit<EndpointOptions, "send" | "answer"> {
  /** Name or address to listen on; loopback by default. */
  readonly host?: string;
  /** 0 (default) lets the system choose. */
  readonly port?: number;
  /** What answers POST, by path. */
  readonly routes: Routes;
  /** What answers requests under OSCORE; without it they are refused. Nothing leaves before it has returned. */
  readonly onProtected?: ProtectedHandler;
  /** What answers requests to a proxy; without it they are refused. */
  readonly onProxied?: ProxyHandler;
  /** Hears of handlers that failed and datagrams that could not be sent. The peer hears 5.00 at most. */
  onError(error: unknown, where: string): void;
  /** The longest request body, in bytes. */
  readonly maxBody?: number;
}

export interface CoapServer {
  /** "address:port" where it listens. */
  readonly address: string;
  readonly port: number;
  /** Stops at once; what handlers still return is dropped. */
  close(): Promise<void>;
}

const MAX_BODY = 16 * 1024;
const MAX_TRANSFERS = 256;

/** Starts to listen. Rejects when the address can't be had. */
export async function startCoapServer(options: CoapServerOptions): Promise<CoapServer> {
  const { address, family } = await lookup(options.host ?? "127.0.0.1");
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(options.port ?? 0, address, () => {
      socket.off("error", reject);
      resolve();
    });
  });
  let closed = false;
  const { onError } = options;
  const limits = {
    maxBody: options.maxBody ?? MAX_BODY,
    maxTransfers: MAX_TRANSFERS,
    transferLifetime: exchangeLifetime(transmissionParameters(options.parameters)),
  };
  const resources = new Resources(options.routes, limits, onError, options.onProtected, options.onProxied);
  const endpoint = new Endpoint({
    ...options,
    send(peer, datagram) {
      const { host, port } = parseAddress(peer);
      socket.send(datagram, port, host, (error) => {
        if (error && !closed) onError(error, `datagram to ${peer}`);
      });
    },
    // Resources answer every failure.
    answer: (now, peer, request) => resources.answer(now, peer, request),
  });
  socket.on("error", (error) => onError(error, "socket"));
  socket.on("message", (datagram, sender) => {
    // A plain view: a Buffer's slice() would not copy.
    const bytes = new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.length);
    endpoint.receive(formatAddress({ host: sender.address, port: sender.port }), bytes);
  });
  const bound = socket.address();
  return {
    address: formatAddress({ host: bound.address, port: bound.port }),
    port: bound.port,
    async close() {
      if (closed) return;
      closed = true;
      endpoint.close();
      await new Promise<void>((resolve) => {
        socket.close(resolve);
      });
    },
  };
}
