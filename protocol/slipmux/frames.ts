/**
 * What frames of a slipmux line hold (draft-bormann-t2trg-slipmux-04 §2–§4): diagnostic text, CoAP messages with
 * a check sequence, IP packets. The first byte tells which.
 */

import { readUint } from "../bytes.js";
import { encodeEmpty } from "../coap/message.js";
import { MAX_MESSAGE_SIZE, Types } from "../coap/numbers.js";
import { FCS_LENGTH, fcs16, fcsRegister, GOOD_FCS } from "./fcs.js";
import { encodeSlip } from "./slip.js";

const DIAGNOSTIC = 0x0a;
const COAP = 0xa9;

/** The longest frame that has a CoAP message which can be taken. */
export const MAX_FRAME = 1 + MAX_MESSAGE_SIZE + FCS_LENGTH;

export type Frame =
  /** A CoAP message as RFC 7252 has it on UDP. */
  | { readonly kind: "coap"; readonly message: Uint8Array }
  /** UTF-8 text for people. */
  | { readonly kind: "diagnostic"; readonly text: Uint8Array }
  /** Nothing for us: the reason is for counting, the sender hears none. */
  | { readonly kind: "ignored"; readonly reason: IgnoredReason };

export type IgnoredReason = "wrong FCS" | "IP packet" | "unknown frame type";

/** A CoAP message as it goes over the line. */
export function encodeCoapFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + message.length + FCS_LENGTH);
  frame[0] = COAP;
  frame.set(message, 1);
  const fcs = fcs16(frame.subarray(0, 1 + message.length));
  frame[1 + message.length] = fcs & 0xff;
  frame[2 + message.length] = fcs >> 8;
  return encodeSlip(frame);
}

/** A line of text as it goes over the line, its newline included. */
export function encodeDiagnosticFrame(text: string): Uint8Array {
  const frame = [DIAGNOSTIC];
  for (const character of text) {
    const codePoint = character.codePointAt(0) as number;
    // Text that is cut in the middle of a pair has no UTF-8.
    appendUtf8(frame, codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint);
  }
  frame.push(0x0a);
  return encodeSlip(new Uint8Array(frame));
}

/** What is in a frame that the line brought; message and text are views of it. Throws nothing. */
export function readFrame(frame: Uint8Array): Frame {
  const type = frame[0];
  if (type === DIAGNOSTIC) return { kind: "diagnostic", text: frame.subarray(1) };
  if (type === COAP) {
    if (frame.length <= FCS_LENGTH || fcsRegister(frame) !== GOOD_FCS) {
      return { kind: "ignored", reason: "wrong FCS" };
    }
    return { kind: "coap", message: frame.subarray(1, frame.length - FCS_LENGTH) };
  }
  // The version of an IPv4 header with its length, or of an IPv6 header.
  const isIp = (type >= 0x45 && type <= 0x4f) || (type >= 0x60 && type <= 0x6f);
  return { kind: "ignored", reason: isIp ? "IP packet" : "unknown frame type" };
}

/**
 * The Reset with which an end that has no CoAP, or none now, answers a Confirmable or Non-confirmable message
 * (§4), out of the message's first four bytes. Undefined for what gets none.
 */
export function courtesyReset(message: Uint8Array): Uint8Array | undefined {
  if (message.length < 4 || message[0] < 0x40 || message[0] > 0x5f) return undefined;
  return encodeEmpty(Types.RST, readUint(message, 2, 2));
}

function appendUtf8(bytes: number[], codePoint: number): void {
  if (codePoint < 0x80) {
    bytes.push(codePoint);
    return;
  }
  const following = codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
  const lead = [0xc0, 0xe0, 0xf0][following - 1];
  bytes.push(lead | (codePoint >> (6 * following)));
  for (let i = following - 1; i >= 0; i--) bytes.push(0x80 | ((codePoint >> (6 * i)) & 0x3f));
}
