/**
 * CoAP messages as GATT values (draft-ietf-core-coap-over-gatt-00 §3.2.1): no version, type and 16-bit message ID;
 * four bits stand in their place.
 */

import { concat } from "../bytes.js";
import { decodeMessage, encodeMessage, type Message } from "../coap/message.js";
import { Codes, Types, VERSION } from "../coap/numbers.js";
import { MAX_VALUE } from "./service.js";

/** A message without what the message layer adds. */
export type Content = Pick<Message, "code" | "token" | "options" | "payload">;

export type Bit = 0 | 1;

/** One value. */
export interface GattMessage {
  /** M: the sender's current message ID. */
  readonly messageId: Bit;
  /** C: whether the sender waits for an acknowledgement. */
  readonly confirm: boolean;
  /** A: the last message ID with C set that the sender has received. */
  readonly acknowledged: Bit;
  /** Undefined in an empty message. */
  readonly content: Content | undefined;
}

const M = 0x40;
const C = 0x20;
const A = 0x10;
/** Reserved: the value is ignored. */
const R = 0x80;

/** Throws a RangeError when the content can't be written, or not in 512 bytes. */
export function encodeGatt({ messageId, confirm, acknowledged, content }: GattMessage): Uint8Array {
  const bits = (messageId ? M : 0) | (confirm ? C : 0) | (acknowledged ? A : 0);
  if (content === undefined) return Uint8Array.of(bits);
  if (content.code === Codes.empty) throw new RangeError("code: an empty message has no content");
  // All behind the message ID of RFC 7252 is the same: code, token, options, payload.
  const whole = encodeMessage({ ...content, type: Types.CON, messageId: 0 });
  const value = concat(Uint8Array.of(bits | content.token.length, content.code), whole.subarray(4));
  if (value.length > MAX_VALUE) {
    throw new RangeError(`value: expected at most ${MAX_VALUE} bytes, got ${value.length}`);
  }
  return value;
}

/**
 * The message in a value; what is in it are views of a copy. Undefined for a value with the reserved bit set: it is
 * ignored. Throws a SyntaxError for what is malformed.
 */
export function decodeGatt(value: Uint8Array): GattMessage | undefined {
  if (value.length === 0 || value.length > MAX_VALUE) {
    throw new SyntaxError(`value: expected 1 to ${MAX_VALUE} bytes, got ${value.length}`);
  }
  const [first] = value;
  if (first & R) return undefined;
  const bits = {
    messageId: (first & M ? 1 : 0) as Bit,
    confirm: (first & C) !== 0,
    acknowledged: (first & A ? 1 : 0) as Bit,
  };
  const tokenLength = first & 15;
  if (value.length === 1) {
    if (tokenLength > 0) throw new SyntaxError("token length: expected 0 in an empty message");
    return { ...bits, content: undefined };
  }
  if (value[1] === Codes.empty) throw new SyntaxError("code: an empty message has none");
  const head = Uint8Array.of((VERSION << 6) | tokenLength, value[1], 0, 0);
  const { code, token, options, payload } = decodeMessage(concat(head, value.subarray(2))) as Message;
  return { ...bits, content: { code, token, options, payload } };
}
