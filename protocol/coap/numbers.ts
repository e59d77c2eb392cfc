/**
 * Every number that CoAP puts on the wire, by registry (IANA "Constrained RESTful Environments (CoRE)
 * Parameters"), and the numbers of RFC 7252 that time it.
 */

/** Ver (RFC 7252 §3). */
export const VERSION = 1;

/** Default UDP port of the `coap` scheme (RFC 7252 §6.1). */
export const DEFAULT_PORT = 5683;

/** T: the message type (RFC 7252 §3). */
export const Types = { CON: 0, NON: 1, ACK: 2, RST: 3 } as const;
export type Type = (typeof Types)[keyof typeof Types];

/** Code: class in the upper three bits, detail in the lower five (RFC 7252 §12.1, RFC 7959, 8132, 8516). */
export const Codes = {
  empty: 0x00,
  GET: 0x01,
  POST: 0x02,
  PUT: 0x03,
  DELETE: 0x04,
  FETCH: 0x05,
  PATCH: 0x06,
  iPATCH: 0x07,
  created: 0x41,
  deleted: 0x42,
  valid: 0x43,
  changed: 0x44,
  content: 0x45,
  continue: 0x5f,
  badRequest: 0x80,
  unauthorized: 0x81,
  badOption: 0x82,
  forbidden: 0x83,
  notFound: 0x84,
  methodNotAllowed: 0x85,
  notAcceptable: 0x86,
  requestEntityIncomplete: 0x88,
  preconditionFailed: 0x8c,
  requestEntityTooLarge: 0x8d,
  unsupportedContentFormat: 0x8f,
  tooManyRequests: 0x9d,
  internalServerError: 0xa0,
  notImplemented: 0xa1,
  badGateway: 0xa2,
  serviceUnavailable: 0xa3,
  gatewayTimeout: 0xa4,
  proxyingNotSupported: 0xa5,
} as const;

/** The class of a code: 0 request (or empty), 2 success, 4 client error, 5 server error; others are reserved. */
export function codeClass(code: number): number {
  return code >> 5;
}

/** Whether a code is a method of the request classes (RFC 7252 §12.1.1). */
export function isRequest(code: number): boolean {
  return code !== Codes.empty && codeClass(code) === 0;
}

/** Whether a code is of a response class (RFC 7252 §12.1.2). */
export function isResponse(code: number): boolean {
  const kind = codeClass(code);
  return kind === 2 || kind === 4 || kind === 5;
}

/** A code as people write it: "2.04". */
export function codeName(code: number): string {
  const detail = code & 31;
  return `${codeClass(code)}.${detail < 10 ? "0" : ""}${detail}`;
}

/** Option numbers (RFC 7252 §5.10; RFC 7641, 7959, 7967, 8613, 8768, 9175, 9668). */
export const OptionNumbers = {
  ifMatch: 1,
  uriHost: 3,
  eTag: 4,
  ifNoneMatch: 5,
  observe: 6,
  uriPort: 7,
  locationPath: 8,
  oscore: 9,
  uriPath: 11,
  contentFormat: 12,
  maxAge: 14,
  uriQuery: 15,
  hopLimit: 16,
  accept: 17,
  locationQuery: 20,
  edhoc: 21,
  block2: 23,
  block1: 27,
  size2: 28,
  proxyUri: 35,
  proxyScheme: 39,
  size1: 60,
  echo: 252,
  noResponse: 258,
  requestTag: 292,
} as const;

/** Whether an option must be understood by who receives it (RFC 7252 §5.4.6: the lowest bit). */
export function isCritical(optionNumber: number): boolean {
  return (optionNumber & 1) === 1;
}

/** Content-Formats (RFC 7252 §12.3). MIKEY and triggers have none: theirs are out of the experimental range. */
export const ContentFormats = {
  textPlain: 0,
  linkFormat: 40,
  octetStream: 42,
  oscore: 10001,
  mikey: 65000,
  trigger: 65001,
} as const;

/** Transmission parameters (RFC 7252 §4.8); times in milliseconds, PROBING_RATE in bytes a second. */
export const ACK_TIMEOUT = 2_000;
export const ACK_RANDOM_FACTOR = 1.5;
export const MAX_RETRANSMIT = 4;
export const BACKOFF_FACTOR = 2;
export const NSTART = 1;
export const DEFAULT_LEISURE = 5_000;
export const PROBING_RATE = 1;
/** The longest that a datagram is expected to travel (RFC 7252 §4.8.2). */
export const MAX_LATENCY = 100_000;

/** The longest message and payload that need no knowledge of the path's MTU, in bytes (RFC 7252 §4.6). */
export const MAX_MESSAGE_SIZE = 1152;
export const MAX_PAYLOAD_SIZE = 1024;
