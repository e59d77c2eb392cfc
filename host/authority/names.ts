/**
 * Identities in certificates: a NAI is an rfc822Name, a URI a uniformResourceIdentifier, a byte string the URI
 * `urn:symbolon:id:HEX` of subjectAltName (RFC 5280 §4.2.1.6).
 */

import "reflect-metadata";
import { GeneralName } from "@peculiar/x509";
import { ascii, fromHex, toHex } from "../../protocol/bytes.js";
import { type Identity, IdentityTypes, identityToText } from "../../protocol/mikey/identity.js";

const BYTE_STRING_URN = "urn:symbolon:id:";

/** Longest identity that is certified or enrolled: state is kept under keys that name up to three of them. */
export const MAX_IDENTITY_LENGTH = 255;

/** The name that stands for an identity. Throws a RangeError for one that has none, or none of its own. */
export function nameOfIdentity(identity: Identity): GeneralName {
  const { type, data } = identity;
  if (data.length === 0 || data.length > MAX_IDENTITY_LENGTH) {
    throw new RangeError(`identity: expected 1 to ${MAX_IDENTITY_LENGTH} bytes, got ${data.length}`);
  }
  if (type === IdentityTypes.byteString) return new GeneralName("url", BYTE_STRING_URN + toHex(data));
  const text = String.fromCharCode(...data);
  if (/[^\x21-\x7e]/.test(text)) throw new RangeError("identity: expected printable ASCII without spaces");
  if (type === IdentityTypes.nai) return new GeneralName("email", text);
  if (type !== IdentityTypes.uri) throw new RangeError(`identity: type ${type} has no name in a certificate`);
  // In a certificate it would be somebody else's: that of the byte string.
  if (text.toLowerCase().startsWith(BYTE_STRING_URN)) {
    throw new RangeError(
      `identity: ${identityToText(identity)} is the name of a byte string; write it as 0x…`,
    );
  }
  return new GeneralName("url", text);
}

/** The identity that a name stands for, or undefined for names of other kinds. */
export function identityOfName({ type, value }: GeneralName): Identity | undefined {
  if (type !== "email" && type !== "url") return undefined;
  if (value.length === 0 || /[^\x21-\x7e]/.test(value)) return undefined;
  if (type === "email") return { type: IdentityTypes.nai, data: ascii(value) };
  if (!value.startsWith(BYTE_STRING_URN)) return { type: IdentityTypes.uri, data: ascii(value) };
  const hex = value.slice(BYTE_STRING_URN.length);
  return /^([0-9a-f]{2})+$/.test(hex) ? { type: IdentityTypes.byteString, data: fromHex(hex) } : undefined;
}
