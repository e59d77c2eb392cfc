/** One CoAP message as bytes (RFC 7252 §3). */

import { concat, readUint } from "../bytes.js";
import { Codes, type Type, Types, VERSION } from "./numbers.js";
import {
  encodeOptions,
  extensionOf,
  MAX_OPTION_NUMBER,
  ONE_BYTE_BASE,
  type Option,
  RESERVED,
  TWO_BYTES_BASE,
} from "./options.js";

export interface Message {
  readonly type: Type;
  /** Class in the upper three bits, detail in the lower five. */
  readonly code: number;
  /** 16 bits. */
  readonly messageId: number;
  /** 0 to 8 bytes. */
  readonly token: Uint8Array;
  /** In ascending order of number; an option that is repeatable may come more than once. */
  readonly options: readonly Option[];
  /** No bytes: no payload. */
  readonly payload: Uint8Array;
}

/** The most options that are taken from one message: ours, not the RFC's, so that no datagram fills a board. */
export const MAX_OPTIONS = 32;

const MAX_TOKEN_LENGTH = 8;
const HEADER_LENGTH = 4;
const PAYLOAD_MARKER = 0xff;
const nothing: Uint8Array = new Uint8Array(0);
const noOptions: readonly Option[] = [];

/** The message as a datagram. Throws a RangeError that names the field which can't be written. */
export function encodeMessage({ type, code, messageId, token, options, payload }: Message): Uint8Array {
  return joinMessage(type, code, messageId, token, encodeOptions(options), payload);
}

/** encodeMessage out of its parts, with options that were encoded before: those of many messages are the same. */
export function joinMessage(
  type: Type,
  code: number,
  messageId: number,
  token: Uint8Array,
  options: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  checkHeader(type, code, messageId, token);
  const first = (VERSION << 6) | (type << 4) | token.length;
  const bytes =
    payload.length > 0
      ? concat(first, code, messageId >> 8, messageId, token, options, PAYLOAD_MARKER, payload)
      : concat(first, code, messageId >> 8, messageId, token, options);
  if (code === Codes.empty && bytes.length > HEADER_LENGTH) {
    throw new RangeError("code: an Empty message has no token, options or payload");
  }
  return bytes;
}

/** An Empty message (RFC 7252 §4.1): an acknowledgement without a response, a Reset, a CoAP ping. */
export function encodeEmpty(type: Type, messageId: number): Uint8Array {
  return concat((VERSION << 6) | (type << 4), Codes.empty, messageId >> 8, messageId);
}

/**
 * The message in a datagram; token, option values and payload are views of it. Undefined when the version
 * is unknown: such a message is ignored silently (RFC 7252 §3). Throws a SyntaxError that names the field
 * and its offset for a message format error.
 */
export function decodeMessage(datagram: Uint8Array): Message | undefined {
  const { length: end } = datagram;
  const first = datagram[0];
  if (end > 0 && first >> 6 !== VERSION) return undefined;
  if (end < HEADER_LENGTH) {
    throw malformed("header", 0, `expected ${HEADER_LENGTH} bytes, got ${end}`);
  }
  const type = ((first >> 4) & 3) as Type;
  const tokenLength = first & 15;
  const code = datagram[1];
  const messageId = (datagram[2] << 8) | datagram[3];
  if (tokenLength > MAX_TOKEN_LENGTH) throw malformed("token length", 0, `${tokenLength} is reserved`);
  if (code === Codes.empty) {
    // RFC 7252 §4.1
    if (tokenLength !== 0) throw malformed("token length", 0, `expected 0 in an Empty message`);
    if (end > HEADER_LENGTH) {
      throw malformed("code", 1, `an Empty message ends here, got ${end - HEADER_LENGTH} bytes more`);
    }
    return { type, code, messageId, token: nothing, options: noOptions, payload: nothing };
  }
  let offset = HEADER_LENGTH + tokenLength;
  if (offset > end) {
    throw malformed("token", HEADER_LENGTH, `expected ${tokenLength} bytes, got ${end - HEADER_LENGTH}`);
  }
  const token = datagram.subarray(HEADER_LENGTH, offset);

  const options: Option[] = [];
  let number = 0;
  while (offset < end && datagram[offset] !== PAYLOAD_MARKER) {
    const start = offset++;
    if (options.length === MAX_OPTIONS) throw malformed("options", start, `more than ${MAX_OPTIONS}`);
    const deltaNibble = datagram[start] >> 4;
    const lengthNibble = datagram[start] & 15;
    if (deltaNibble === RESERVED) throw malformed("option delta", start, "15 is reserved");
    if (lengthNibble === RESERVED) throw malformed("option length", start, "15 is reserved");
    number += readExtended(datagram, offset, deltaNibble, "option delta");
    offset += extensionOf(deltaNibble);
    if (number > MAX_OPTION_NUMBER) throw malformed("option number", start, `${number} is over 16 bits`);
    const length = readExtended(datagram, offset, lengthNibble, "option length");
    offset += extensionOf(lengthNibble);
    if (offset + length > end) {
      throw malformed(`value of option ${number}`, offset, `expected ${length} bytes, got ${end - offset}`);
    }
    options.push({ number, value: datagram.subarray(offset, offset + length) });
    offset += length;
  }

  if (offset === end) return { type, code, messageId, token, options, payload: nothing };
  // A marker is there, so bytes must follow.
  if (offset + 1 === end) throw malformed("payload", offset, "a marker and no payload");
  return { type, code, messageId, token, options, payload: datagram.subarray(offset + 1) };
}

/**
 * The Reset that a Confirmable message gets which can't be processed (RFC 7252 §4.2), out of its first four
 * bytes. Undefined where there is nobody to tell: another type or version, or no whole header.
 */
export function encodeReset(datagram: Uint8Array): Uint8Array | undefined {
  if (datagram.length < HEADER_LENGTH) return undefined;
  if (datagram[0] >> 6 !== VERSION || ((datagram[0] >> 4) & 3) !== Types.CON) return undefined;
  return encodeEmpty(Types.RST, readUint(datagram, 2, 2));
}

function checkHeader(type: number, code: number, messageId: number, token: Uint8Array): void {
  if ((type & 3) !== type) {
    throw new RangeError(`type: expected 0 to 3, got ${type}`);
  }
  if ((code & 0xff) !== code) {
    throw new RangeError(`code: expected 8 bits, got ${code}`);
  }
  if ((messageId & 0xffff) !== messageId) {
    throw new RangeError(`message ID: expected 16 bits, got ${messageId}`);
  }
  if (token.length > MAX_TOKEN_LENGTH) {
    throw new RangeError(`token: expected at most ${MAX_TOKEN_LENGTH} bytes, got ${token.length}`);
  }
}

function readExtended(datagram: Uint8Array, offset: number, nibble: number, field: string): number {
  const size = extensionOf(nibble);
  if (size === 0) return nibble;
  if (offset + size > datagram.length) {
    throw malformed(field, offset, `expected ${size} bytes, got ${datagram.length - offset}`);
  }
  return (size === 1 ? ONE_BYTE_BASE : TWO_BYTES_BASE) + readUint(datagram, offset, size);
}

function malformed(field: string, offset: number, what: string): SyntaxError {
  return new SyntaxError(`CoAP ${field} at offset ${offset}: ${what}`);
}
