/** A message as people have it at hand: bytes, hexadecimal, base64, a line of SDP or RTSP (RFC 4567 §3). */

import { fromHex } from "../../protocol/bytes.js";

export interface MessageInput {
  readonly bytes: Uint8Array;
  /** What the input was found to be. */
  readonly form: "binary" | "hexadecimal" | "base64" | "SDP" | "RTSP";
}

/** `a=key-mgmt:mikey AQAFg…`, with or without what stands before the protocol's name. */
const SDP = /(?:^|\n)[ \t]*(?:(?:a=)?key-mgmt:[ \t]*)?mikey[ \t]+([A-Za-z0-9+/]+={0,2})[ \t]*(?:\r|\n|$)/;
/** `KeyMgmt: prot=mikey; uri="…"; data="AQAFg…"`. */
const RTSP = /keymgmt:[^\n]*prot="?mikey"?[^\n]*data="([A-Za-z0-9+/]+={0,2})"/i;

/** Finds out what the input is. Throws a SyntaxError when it is nothing that can hold a message. */
export function readMessageInput(input: Uint8Array): MessageInput {
  if (input.length === 0) throw new SyntaxError("the input is empty");
  // The first byte of every MIKEY message, its version, is no character of a text.
  if (!isText(input)) return { bytes: input, form: "binary" };
  return readMessageText(new TextDecoder().decode(input));
}

/** The same for text. */
export function readMessageText(text: string): MessageInput {
  const line = SDP.exec(text) ?? undefined;
  if (line !== undefined) return { bytes: fromBase64(line[1]), form: "SDP" };
  const header = RTSP.exec(text) ?? undefined;
  if (header !== undefined) return { bytes: fromBase64(header[1]), form: "RTSP" };
  const digits = text.replace(/^\s*0x/, "").replace(/[\s:]+/g, "");
  if (digits.length === 0) throw new SyntaxError("the input is empty");
  if (/^[0-9a-fA-F]+$/.test(digits)) return { bytes: fromHex(digits), form: "hexadecimal" };
  const base64 = text.replace(/\s+/g, "");
  if (/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64)) return { bytes: fromBase64(base64), form: "base64" };
  throw new SyntaxError("the input is neither hexadecimal nor base64 nor a key-mgmt line");
}

function isText(input: Uint8Array): boolean {
  return input.every((byte) => (byte >= 0x20 && byte < 0x7f) || (byte >= 0x09 && byte <= 0x0d));
}

/** base64 or base64url. Throws a SyntaxError for a length that no bytes give. */
function fromBase64(text: string): Uint8Array {
  const characters = text.replace(/=+$/, "").length;
  if (characters % 4 === 1) throw new SyntaxError(`base64: ${characters} characters give no whole bytes`);
  return new Uint8Array(Buffer.from(text, "base64"));
}
