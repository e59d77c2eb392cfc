/** Endpoints as people write them: "192.0.2.1:5683", "[2001:db8::1]:5683", "gateway.example". */

import { DEFAULT_PORT } from "../../protocol/coap/numbers.js";

export interface Address {
  /** A name, or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Reads "host", "host:port" or "[IPv6]:port"; the port is 5683 where there is none. Throws a SyntaxError. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[^\]]+)?)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (host === undefined || port < 1 || port > 65535) {
    throw new SyntaxError(`address: expected host:port, got ${JSON.stringify(text)}`);
  }
  return { host, port };
}

/** The inverse of parseAddress. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
