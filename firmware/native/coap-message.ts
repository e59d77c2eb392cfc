/**
 * protocol/coap/message.ts in C: what reads and writes datagrams. A board's build puts this module in the place of that
 * one. Both pass the same tests. It lies as deep as the other, since its imports are resolved from there too.
 */
/// <reference path="native.d.ts" />

import type { Message } from "../../protocol/coap/message.js";
import type { Type } from "../../protocol/coap/numbers.js";
import { encodeOptions, type Option } from "../../protocol/coap/options.js";

export type { Message };

/** COAP_MOST_OPTIONS of datagram.h. */
export const MAX_OPTIONS = 32;

const nothing: Uint8Array = new Uint8Array(0);
const noOptions: readonly Option[] = [];

export function encodeMessage({ type, code, messageId, token, options, payload }: Message): Uint8Array {
  return joinMessage(type, code, messageId, token, encodeOptions(options), payload);
}

export function joinMessage(
  this: void,
  type: Type,
  code: number,
  messageId: number,
  token: Uint8Array,
  options: Uint8Array,
  payload: Uint8Array,
): Uint8Array {
  return native("xs_coap_join").call(this, type, code, messageId, token, options, payload);
}

export function encodeEmpty(this: void, type: Type, messageId: number): Uint8Array {
  return native("xs_coap_encode_empty").call(this, type, messageId);
}

export function decodeMessage(datagram: Uint8Array): Message | undefined {
  return decode(datagram, datagram.buffer, nothing, noOptions);
}

export function encodeReset(this: void, datagram: Uint8Array): Uint8Array | undefined {
  return native("xs_coap_encode_reset").call(this, datagram);
}

/**
 * `nothing` and `noOptions` stand for what a message does not have: arrays of a script's constants cost no memory. The
 * buffer comes from here since an image has only those of the engine's getters that a script names.
 */
function decode(
  this: void,
  datagram: Uint8Array,
  buffer: ArrayBufferLike,
  nothing: Uint8Array,
  noOptions: readonly Option[],
): Message | undefined {
  return native("xs_coap_decode").call(this, datagram, buffer, nothing, noOptions);
}
