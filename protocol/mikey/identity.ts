/** Identities, on the wire and as people write them (RFC 3830 §6.7, RFC 6043 §6.5). */

import { ascii, concat, equal, fromHex, toHex } from "../bytes.js";

/**
 * An identity as MIKEY's ID and IDR payloads carry it (RFC 3830 §6.7, RFC 6043 §6.5, §6.6):
 * a type and at most 65,535 bytes.
 */
export interface Identity {
  readonly type: IdentityType;
  readonly data: Uint8Array;
}

/** ID type numbers: NAI and URI of RFC 3830 §6.7, byte string of RFC 6043 §6.5. */
export const IdentityTypes = { nai: 0, uri: 1, byteString: 2 } as const;
export type IdentityType = number;

const unprintable = /[^\x21-\x7e]/;
/** How a URI begins (RFC 3986 §3.1). */
const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/;

/** Characters of the longest identity that is read from text or shown as text. */
const LONGEST_TEXT = 1024;

/**
 * Reads the form in which people write identities: `0x…` is a byte string in hexadecimal, `scheme:…` a URI,
 * everything else a NAI (RFC 7542). Throws a SyntaxError that says what is wrong.
 */
export function identityFromText(text: string): Identity {
  if (text.length === 0 || text.length > LONGEST_TEXT) {
    throw new SyntaxError(`identity: expected 1 to ${LONGEST_TEXT} characters, got ${text.length}`);
  }
  if (text.startsWith("0x")) {
    if (text.length === 2) throw new SyntaxError("identity: a byte string needs at least one byte");
    return { type: IdentityTypes.byteString, data: fromHex(text.slice(2)) };
  }
  if (unprintable.test(text)) throw new SyntaxError("identity: expected printable ASCII without spaces");
  const type = scheme.test(text) ? IdentityTypes.uri : IdentityTypes.nai;
  return { type, data: ascii(text) };
}

/** The inverse of identityFromText; a NAI or URI that could not be read back is shown as a byte string. */
export function identityToText({ type, data }: Identity): string {
  const isText = type === IdentityTypes.nai || type === IdentityTypes.uri;
  if (isText && data.length > 0 && data.length <= LONGEST_TEXT) {
    const text = String.fromCharCode(...data);
    const printable = !unprintable.test(text) && !text.startsWith("0x");
    if (printable && identityFromText(text).type === type) return text;
  }
  return `0x${toHex(data)}`;
}

/** Whether two identities are the same in type and bytes. */
export function sameIdentity(a: Identity, b: Identity): boolean {
  return a.type === b.type && equal(a.data, b.data);
}

/** Type ‖ length ‖ data, as in an ID payload: two identities never run into each other. */
export function identityBytes({ type, data }: Identity): Uint8Array {
  return concat(type, data.length >> 8, data.length, data);
}
