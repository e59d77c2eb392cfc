/**
 * Making certificates (X.509 version 3, RFC 5280). Small on purpose: a party's stands in every message that it
 * forwards. So names are short, key identifiers have 8 bytes, and there is no extension that nobody reads.
 */

import "reflect-metadata";
import { createHash, type KeyObject, randomBytes, webcrypto } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import { toHex } from "../../protocol/bytes.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { nameOfIdentity } from "./names.js";
import { type Role, roleUsages } from "./roles.js";

/** Clocks differ: a certificate is good from a little before it was made. */
const BACKDATE_MS = 5 * 60_000;
const DAY_MS = 24 * 60 * 60_000;

/** ub-common-name (RFC 5280, appendix A). */
const MAX_COMMON_NAME = 64;

export interface Validity {
  /** When it is made, Unix time in milliseconds; it holds from five minutes before. */
  readonly now: number;
  readonly days: number;
}

/** Who signs: a certificate (DER) and its private key. */
export interface Issuer {
  readonly certificate: Uint8Array;
  readonly privateKey: KeyObject;
}

/** A self-signed root, DER. Its name has the key's identifier in it: authorities with other keys have other names. */
export async function createRoot(
  publicKey: KeyObject,
  privateKey: KeyObject,
  validity: Validity,
): Promise<Uint8Array> {
  const name = commonName(`Symbolon authority ${keyIdentifier(publicKey)}`);
  return certify({
    subject: name,
    issuer: name,
    publicKey,
    signingKey: privateKey,
    validity,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      new SubjectKeyIdentifierExtension(keyIdentifier(publicKey)),
    ],
  });
}

/** A party's certificate, DER: its identity, its role, its key. */
export async function createLeaf(
  issuer: Issuer,
  subject: { readonly identity: Identity; readonly role: Role; readonly publicKey: KeyObject },
  validity: Validity,
): Promise<Uint8Array> {
  const { identity, role, publicKey } = subject;
  return certify({
    subject: commonName(identityToText(identity)),
    issuer: subjectOf(issuer.certificate),
    publicKey,
    signingKey: issuer.privateKey,
    validity,
    extensions: [
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([roleUsages[role]]),
      new SubjectAlternativeNameExtension([nameOfIdentity(identity).toJSON()]),
      new AuthorityKeyIdentifierExtension(subjectKeyIdentifierOf(issuer.certificate)),
    ],
  });
}

interface Contents {
  readonly subject: Name;
  readonly issuer: Name;
  readonly publicKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: Extension[];
}

/** Makes one certificate of any kind, signed with RSASSA-PKCS1-v1_5 and SHA-256 (PSS would add 100 bytes). */
export async function certify(contents: Contents): Promise<Uint8Array> {
  const { subject, issuer, publicKey, validity, extensions } = contents;
  const signingAlgorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const signingKey = await webcrypto.subtle.importKey(
    "pkcs8",
    contents.signingKey.export({ type: "pkcs8", format: "der" }),
    signingAlgorithm,
    false,
    ["sign"],
  );
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject,
    issuer,
    notBefore: new Date(validity.now - BACKDATE_MS),
    notAfter: new Date(validity.now + validity.days * DAY_MS),
    publicKey: publicKey.export({ type: "spki", format: "der" }),
    signingKey,
    signingAlgorithm,
    extensions,
  });
  return new Uint8Array(certificate.rawData);
}

/** A name of one part, cut to what a common name may have. */
export function commonName(text: string): Name {
  return new Name([{ CN: [{ utf8String: text.slice(0, MAX_COMMON_NAME) }] }]);
}

/** First 8 bytes of the SHA-256 of the SubjectPublicKeyInfo, in hex (RFC 5280 §4.2.1.2 leaves the method open). */
export function keyIdentifier(publicKey: KeyObject): string {
  const spki = publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("hex").slice(0, 16);
}

function subjectOf(certificate: Uint8Array): Name {
  return new X509Certificate(certificate).subjectName;
}

function subjectKeyIdentifierOf(certificate: Uint8Array): string {
  const extension = new X509Certificate(certificate).getExtension(SubjectKeyIdentifierExtension);
  if (extension === null) throw new SyntaxError("issuer's certificate: has no subjectKeyIdentifier");
  return extension.keyId;
}

/** 126 random bits in 16 bytes: positive, never zero, never shorter (RFC 5280 §4.1.2.2). */
function randomSerial(): string {
  const serial = new Uint8Array(randomBytes(16));
  serial[0] = (serial[0] & 0x3f) | 0x40;
  return toHex(serial);
}
