/** Proxy-Uri taken apart (RFC 7252 §5.10.2, §6.4): a request with it means the same as one with Proxy-Scheme. */

import { ascii } from "../../protocol/bytes.js";
import type { Message } from "../../protocol/coap/message.js";
import { DEFAULT_PORT, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../protocol/coap/options.js";

/** Options that Proxy-Uri takes precedence over. */
const replaced: readonly number[] = [
  OptionNumbers.proxyUri,
  OptionNumbers.proxyScheme,
  OptionNumbers.uriHost,
  OptionNumbers.uriPort,
  OptionNumbers.uriPath,
  OptionNumbers.uriQuery,
];

/**
 * The request with Proxy-Scheme and Uri options in the place of its Proxy-Uri; as it is where it has none. Undefined for a
 * URI that can't be read or has another scheme than coap.
 */
export function withoutProxyUri(request: Message): Message | undefined {
  const value = findOption(request.options, OptionNumbers.proxyUri);
  if (value === undefined) return request;
  const uri = readUri(Buffer.from(value).toString("latin1"));
  if (uri === undefined) return undefined;
  const own: Option[] = [{ number: OptionNumbers.uriHost, value: ascii(uri.hostname) }];
  const port = uri.port === "" ? DEFAULT_PORT : Number(uri.port);
  if (port !== DEFAULT_PORT) own.push({ number: OptionNumbers.uriPort, value: encodeUint(port) });
  own.push(...segments(uri.pathname.slice(1), "/", OptionNumbers.uriPath));
  own.push(...segments(uri.search.slice(1), "&", OptionNumbers.uriQuery));
  own.push({ number: OptionNumbers.proxyScheme, value: ascii("coap") });
  const others = request.options.filter(({ number }) => !replaced.includes(number));
  return { ...request, options: [...others, ...own].sort((a, b) => a.number - b.number) };
}

function readUri(text: string): URL | undefined {
  // WHATWG's URL reads what is no special scheme as it stands; userinfo and fragment have no place in a CoAP URI.
  if (!/^coap:\/\/[^/?#@]+(?:[/?][^#]*)?$/i.test(text) || /[^\x21-\x7e]/.test(text)) return undefined;
  try {
    return new URL(text);
  } catch {
    // The board asked for what is no URI; it hears that.
    return undefined;
  }
}

function segments(text: string, separator: string, number: number): Option[] {
  if (text === "") return [];
  return text.split(separator).map((segment) => ({ number, value: Buffer.from(unescaped(segment), "utf8") }));
}

/** Percent-encoding undone; what is none of it stays as it is. */
function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
