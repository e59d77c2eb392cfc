/** The list of a server's resources, as /.well-known/core gives it (RFC 6690). */

import { blockSize, encodeBlock } from "../../protocol/coap/block.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import { type Answer, bare } from "./answer.js";
import { blockOf } from "./options.js";

/** Blocks of 32 bytes: a response is not three times as long as the shortest request (RFC 9175 §2.6). */
const LINKS_SZX = 1;

/** What is listed of a route. */
export interface ListedRoute {
  readonly contentFormat?: number;
  readonly resourceType?: string;
}

/** `</mikey>;ct=65000`, one link a route (RFC 6690 §2). */
export function linkFormat(routes: ReadonlyMap<string, ListedRoute>): Uint8Array {
  const links: string[] = [];
  for (const [path, { contentFormat, resourceType }] of routes) {
    const type = resourceType === undefined ? "" : `;rt="${resourceType}"`;
    const format = contentFormat === undefined ? "" : `;ct=${contentFormat}`;
    links.push(`</${path.replace(/\/\*$/, "")}>${type}${format}`);
  }
  return new TextEncoder().encode(links.join(","));
}

/** In small blocks (RFC 7959 §2.4), and smaller ones for who asks for them: anybody may ask, from any address. */
export function answerLinks(links: Uint8Array, options: readonly Option[]): Answer {
  const format = { number: OptionNumbers.contentFormat, value: encodeUint(ContentFormats.linkFormat) };
  const value = findOption(options, OptionNumbers.block2);
  const asked = value === undefined ? { num: 0, more: false, szx: LINKS_SZX } : blockOf(value);
  if (asked === undefined) return bare(Codes.badRequest);
  const szx = Math.min(asked.szx, LINKS_SZX);
  const size = blockSize(szx);
  const offset = asked.num * blockSize(asked.szx);
  const more = offset + size < links.length;
  if (offset > 0 && offset >= links.length) return bare(Codes.badOption);
  const payload = links.subarray(offset, offset + size);
  if (offset === 0 && !more) return { code: Codes.content, options: [format], payload };
  const block = { number: OptionNumbers.block2, value: encodeBlock({ num: offset / size, more, szx }) };
  return { code: Codes.content, options: [format, block], payload };
}
