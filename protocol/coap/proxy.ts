/** A request to a forward-proxy: which options say where it is to go (RFC 7252 §5.7.2, §5.10.1, §5.10.2). */

import { ascii } from "../bytes.js";
import { DEFAULT_PORT, OptionNumbers } from "./numbers.js";
import { decodeUint, encodeUint, findOption, type Option } from "./options.js";

const SCHEME = "coap";
const MAX_HOST = 255;

/** A server as options name it. */
export interface ProxyTarget {
  /** A name, an IPv4 address, or an IPv6 address in brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * The options that send a request through a proxy to "host:port": Uri-Host, Uri-Port unless it is 5683, and
 * Proxy-Scheme. Three bytes shorter than Proxy-Uri, and the other options stay what they are without a proxy.
 * Throws a RangeError for what is no such address.
 */
export function proxyOptions(address: string): Option[] {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon);
  const port = Number(address.slice(colon + 1));
  if (colon < 1 || host.length > MAX_HOST || !(port > 0 && port <= 65535)) {
    throw new RangeError(`address: expected host:port, got ${address}`);
  }
  const options: Option[] = [{ number: OptionNumbers.uriHost, value: ascii(host) }];
  if (port !== DEFAULT_PORT) options.push({ number: OptionNumbers.uriPort, value: encodeUint(port) });
  options.push({ number: OptionNumbers.proxyScheme, value: ascii(SCHEME) });
  return options;
}

/**
 * Where a request is to go; undefined when it is no request to a proxy, or to a scheme, that we can serve.
 * Throws nothing.
 */
export function proxyTarget(options: readonly Option[]): ProxyTarget | undefined {
  const scheme = findOption(options, OptionNumbers.proxyScheme);
  const host = findOption(options, OptionNumbers.uriHost);
  const port = findOption(options, OptionNumbers.uriPort);
  if (scheme === undefined || text(scheme).toLowerCase() !== SCHEME) return undefined;
  if (host === undefined || host.length === 0 || host.length > MAX_HOST) return undefined;
  if (port === undefined) return { host: text(host), port: DEFAULT_PORT };
  if (port.length > 2 || decodeUint(port) === 0) return undefined;
  return { host: text(host), port: decodeUint(port) };
}

/** Names and schemes are ASCII; other bytes make a name that nobody has. */
function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
