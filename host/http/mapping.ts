/**
 * OSCORE messages over HTTP and back: method POST, the OSCORE option as the header field OSCORE, the ciphertext as
 * application/oscore, success as 200 (RFC 8613 §11). Codes of what is not protected are those of RFC 8075 §7.
 */

import { Codes, codeClass, OptionNumbers } from "../../protocol/coap/numbers.js";
import { decodeUint, encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import type { CoapContent } from "../../protocol/oscore/message.js";

export const OSCORE_MEDIA_TYPE = "application/oscore";

/** What stands for an option without a value (RFC 8613 §11.1). */
const EMPTY = "AA";
/** The longest value of an option that CoAP's OSCORE knows (RFC 8613 §2). */
const LONGEST_OPTION = 255;

/** RFC 8075 §7, table 2; a success without payload is 204. */
const statuses = new Map<number, number>([
  [Codes.created, 201],
  [Codes.valid, 304],
  [Codes.badRequest, 400],
  // 401 would need a WWW-Authenticate.
  [Codes.unauthorized, 403],
  [Codes.badOption, 400],
  [Codes.forbidden, 403],
  [Codes.notFound, 404],
  [Codes.methodNotAllowed, 405],
  [Codes.notAcceptable, 406],
  [Codes.preconditionFailed, 412],
  [Codes.requestEntityTooLarge, 413],
  [Codes.unsupportedContentFormat, 415],
  [Codes.tooManyRequests, 429],
  [Codes.internalServerError, 500],
  [Codes.notImplemented, 501],
  [Codes.badGateway, 502],
  [Codes.serviceUnavailable, 503],
  [Codes.gatewayTimeout, 504],
  [Codes.proxyingNotSupported, 502],
]);

/** The way back; whatever else a server says is 5.02, and may be otherwise another time. */
const codes = new Map<number, number>([
  [201, Codes.created],
  [204, Codes.changed],
  [400, Codes.badRequest],
  [403, Codes.forbidden],
  [404, Codes.notFound],
  [405, Codes.methodNotAllowed],
  [406, Codes.notAcceptable],
  [412, Codes.preconditionFailed],
  [413, Codes.requestEntityTooLarge],
  [415, Codes.unsupportedContentFormat],
  [429, Codes.tooManyRequests],
  [500, Codes.internalServerError],
  [501, Codes.notImplemented],
  [503, Codes.serviceUnavailable],
  [504, Codes.gatewayTimeout],
]);

/** The header field of an OSCORE option: its value in base64url without padding. */
export function oscoreHeader(option: Uint8Array): string {
  return option.length === 0 ? EMPTY : Buffer.from(option).toString("base64url");
}

/** The OSCORE option of a header field; undefined for what is none. */
export function readOscoreHeader(text: string): Uint8Array | undefined {
  if (text === EMPTY) return new Uint8Array(0);
  const bytes = Buffer.from(text, "base64url");
  // Node reads past what is not base64url; what is written back shows it.
  if (text === "" || bytes.length > LONGEST_OPTION || bytes.toString("base64url") !== text) return undefined;
  return Uint8Array.from(bytes);
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A CoAP response as HTTP. */
export function toHttp({ code, options, payload }: CoapContent): HttpResponse {
  const oscore = findOption(options, OptionNumbers.oscore);
  const headers: Record<string, string> = { "Cache-Control": "no-store" };
  if (oscore !== undefined) {
    Object.assign(headers, { OSCORE: oscoreHeader(oscore), "Content-Type": OSCORE_MEDIA_TYPE });
    return { status: 200, headers, body: payload };
  }
  // What is left are diagnostic payloads (RFC 7252 §5.5.2).
  if (payload.length > 0) headers["Content-Type"] = "text/plain; charset=utf-8";
  const maxAge = findOption(options, OptionNumbers.maxAge);
  const mayRetry = code === Codes.serviceUnavailable || code === Codes.tooManyRequests;
  if (mayRetry && maxAge !== undefined) headers["Retry-After"] = `${decodeUint(maxAge)}`;
  const success = payload.length > 0 ? 200 : 204;
  return { status: statuses.get(code) ?? (codeClass(code) === 2 ? success : 502), headers, body: payload };
}

/** What an HTTP server has answered to an OSCORE message, as CoAP. */
export function fromHttp(
  status: number,
  { oscore, retryAfter }: { readonly oscore?: string; readonly retryAfter?: string },
  body: Uint8Array,
): CoapContent {
  if (status === 200) {
    const option = oscore === undefined ? undefined : readOscoreHeader(oscore);
    if (option === undefined) return { code: Codes.badGateway, options: [], payload: new Uint8Array(0) };
    return {
      code: Codes.changed,
      options: [{ number: OptionNumbers.oscore, value: option }],
      payload: body,
    };
  }
  const options: Option[] = [];
  // The other form of Retry-After is a date, which needs a clock that agrees.
  if (retryAfter !== undefined && /^\d{1,9}$/.test(retryAfter))
    options.push({ number: OptionNumbers.maxAge, value: encodeUint(Number(retryAfter)) });
  return { code: codes.get(status) ?? Codes.badGateway, options, payload: new Uint8Array(0) };
}
