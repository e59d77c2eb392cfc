/**
 * Validating a party's certificate chain (RFC 5280 §6.1): from the root, which the caller trusts, down to the
 * leaf, so that a chain of somebody else's costs one comparison or one signature, however long it is.
 *
 * Signatures, issuers and keys are OpenSSL's to judge (node:crypto); extensions are read with @peculiar/x509.
 */

import "reflect-metadata";
import { createHash, type KeyObject, X509Certificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  X509Certificate as ParsedCertificate,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
} from "@peculiar/x509";
import { equal } from "../../protocol/bytes.js";
import { type Identity, identityToText, sameIdentity } from "../../protocol/mikey/identity.js";
import { identityOfName } from "./names.js";
import { type Role, roles, roleUsages } from "./roles.js";
import { keyComplaint } from "./rsa-keys.js";

/** What a refused certificate failed on. */
export type CertificateClause =
  | "malformed"
  | "too long"
  | "other authority"
  | "signature"
  | "key"
  | "not yet valid"
  | "expired"
  | "not an authority"
  | "path length"
  | "unknown critical extension"
  | "key usage"
  | "role"
  | "identity";

/** A certificate or chain that is refused, and on which clause. */
export class CertificateError extends Error {
  override readonly name = "CertificateError";
  readonly clause: CertificateClause;

  constructor(clause: CertificateClause, message: string, options?: ErrorOptions) {
    super(`certificate: ${message}`, options);
    this.clause = clause;
  }
}

/** The authority's root, as it is trusted. */
export interface TrustAnchor {
  /** DER. */
  readonly certificate: Uint8Array;
  readonly publicKey: KeyObject;
}

/** A party as its certificates show it. Times are Unix times in milliseconds. */
export interface CertifiedParty {
  readonly identity: Identity;
  readonly role: Role;
  readonly publicKey: KeyObject;
  /** SHA-256 of the leaf's DER, as CHASH carries it. */
  readonly certificateHash: Uint8Array;
  /** From and until when the whole chain, root included, is valid: the answer holds that long. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ChainQuestion {
  /** DER, leaf first, root not included. */
  readonly chain: readonly Uint8Array[];
  readonly root: TrustAnchor;
  /** Unix time in milliseconds. */
  readonly now: number;
  /** Who the leaf must be; without it, the leaf must name one identity and is that one. */
  readonly identity?: Identity;
  readonly role: Role;
  /** Whether it is asked for a signature, in a role that needs none else. */
  readonly signs?: true;
}

/** A leaf and intermediate authorities. The protocol knows no bound; a stranger's message needs one. */
const MAX_CHAIN = 4;
/** The key that the signature of each role's messages, or the envelope to it, is made with. */
const roleKeyUsages: Readonly<Record<Role, KeyUsageFlags>> = {
  "third-party": KeyUsageFlags.digitalSignature,
  responder: KeyUsageFlags.keyEncipherment,
};
const ANY_USAGE = "2.5.29.37.0";

/** The extensions that are read below; keyUsage, subjectAltName, basicConstraints, extKeyUsage may be critical. */
const understood = new Set(["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37"]);
const goodHashes = new Set(["SHA-256", "SHA-384", "SHA-512"]);

/** Reads a root certificate (DER). Throws a CertificateError unless it is a self-signed authority's. */
export function trustAnchor(certificate: Uint8Array): TrustAnchor {
  const root = readCertificate(certificate, "root");
  checkAuthority(root);
  checkSignature(root, root);
  return { certificate, publicKey: root.publicKey };
}

/** Answers for the leaf of a chain; a pure function of its question. Throws a CertificateError. */
export function validateChain({ chain, root: anchor, now, ...leafIs }: ChainQuestion): CertifiedParty {
  const { identity, role, signs } = leafIs;
  if (chain.length === 0) throw new CertificateError("malformed", "there is none");
  if (chain.length > MAX_CHAIN) {
    throw new CertificateError("too long", `${chain.length} in the chain are more than ${MAX_CHAIN}`);
  }
  let issuer = readCertificate(anchor.certificate, "root");
  checkDates(issuer, now);
  let { notBefore, notAfter } = issuer;
  let pathLength = issuer.pathLength;
  for (let i = chain.length - 1; i >= 0; i--) {
    const certificate = readCertificate(chain[i], i === 0 ? "leaf" : `intermediate authority ${i}`);
    checkSignature(certificate, issuer);
    checkDates(certificate, now);
    checkExtensions(certificate);
    notBefore = Math.max(notBefore, certificate.notBefore);
    notAfter = Math.min(notAfter, certificate.notAfter);
    if (i > 0) {
      checkAuthority(certificate);
      if (pathLength === 0) {
        throw new CertificateError(
          "path length",
          `the ${certificate.place} is one authority more than allowed`,
        );
      }
      pathLength = Math.min(pathLength - 1, certificate.pathLength);
    }
    checkRole(certificate, role, i === 0);
    if (signs && i === 0) checkUsage(certificate, role, KeyUsageFlags.digitalSignature);
    issuer = certificate;
  }
  const leaf = issuer;
  return {
    identity: identityOf(leaf, identity),
    role,
    publicKey: leaf.publicKey,
    certificateHash: certificateHash(chain[0]),
    notBefore,
    notAfter,
  };
}

/** SHA-256 of a certificate's DER. */
export function certificateHash(certificate: Uint8Array): Uint8Array {
  return new Uint8Array(createHash("sha256").update(certificate).digest());
}

/** The roles that a certificate (DER) gives by its extended key usage. Says nothing of who vouches for it. */
export function certifiedRoles(certificate: Uint8Array): Role[] {
  const { usages } = readCertificate(certificate, "leaf");
  return roles.filter((role) => usages?.includes(roleUsages[role]));
}

interface ReadCertificate {
  /** What messages call it. */
  readonly place: string;
  readonly x509: X509Certificate;
  readonly publicKey: KeyObject;
  readonly issuerName: string;
  readonly subjectName: string;
  readonly signatureHash: string;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly critical: readonly string[];
  readonly isAuthority: boolean;
  /** How many authorities may stand between this one and the leaf; Infinity when nothing is said. */
  readonly pathLength: number;
  readonly keyUsage: number | undefined;
  /** Extended key usages. */
  readonly usages: readonly string[] | undefined;
  readonly identities: readonly Identity[];
  readonly subjectKey: string | undefined;
  readonly authorityKey: string | undefined;
}

function readCertificate(der: Uint8Array, place: string): ReadCertificate {
  try {
    const x509 = new X509Certificate(der);
    // OpenSSL also takes PEM, and ignores what follows: the bytes would not be those that were hashed and sent.
    if (!equal(x509.raw, der)) throw new SyntaxError("not just DER");
    const parsed = new ParsedCertificate(der);
    const identifiers = parsed.extensions.map(({ type }) => type);
    if (new Set(identifiers).size !== identifiers.length) throw new SyntaxError("an extension stands twice");
    const constraints = parsed.getExtension(BasicConstraintsExtension);
    const names = parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
    const notBefore = parsed.notBefore.getTime();
    const notAfter = parsed.notAfter.getTime();
    if (Number.isNaN(notBefore + notAfter)) throw new SyntaxError("a date can't be read");
    return {
      place,
      x509,
      publicKey: x509.publicKey,
      issuerName: x509.issuer,
      subjectName: x509.subject,
      signatureHash: signatureHashOf(parsed),
      notBefore,
      notAfter,
      critical: parsed.extensions.filter(({ critical }) => critical).map(({ type }) => type),
      isAuthority: constraints?.ca ?? false,
      pathLength: constraints?.pathLength ?? Number.POSITIVE_INFINITY,
      keyUsage: parsed.getExtension(KeyUsagesExtension)?.usages,
      // node:crypto calls the extended key usages so. The other library can't write arcs as long as ours.
      usages: x509.keyUsage,
      identities: names.flatMap((name) => identityOfName(name) ?? []),
      subjectKey: parsed.getExtension(SubjectKeyIdentifierExtension)?.keyId,
      authorityKey: parsed.getExtension(AuthorityKeyIdentifierExtension)?.keyId,
    };
  } catch (error) {
    throw new CertificateError("malformed", `the ${place} is malformed`, { cause: error });
  }
}

/** The hash of a signature, "SHA-256" for instance; empty when the algorithm names none. */
function signatureHashOf({ signatureAlgorithm }: ParsedCertificate): string {
  const { hash } = signatureAlgorithm as { hash?: { name: string } };
  return hash?.name ?? "";
}

function checkSignature(certificate: ReadCertificate, issuer: ReadCertificate): void {
  const { place, x509, issuerName, authorityKey } = certificate;
  if (
    issuerName !== issuer.subjectName ||
    (authorityKey !== undefined && authorityKey !== issuer.subjectKey)
  ) {
    throw new CertificateError(
      "other authority",
      `the ${place} is of another authority (${oneLine(issuerName)})`,
    );
  }
  const complaint = keyComplaint(certificate.publicKey);
  if (complaint !== undefined) throw new CertificateError("key", `the ${place} has an ${complaint}`);
  if (!goodHashes.has(certificate.signatureHash) || !x509.verify(issuer.publicKey)) {
    throw new CertificateError("signature", `the signature on the ${place} does not hold`);
  }
}

function checkDates({ place, notBefore, notAfter }: ReadCertificate, now: number): void {
  const day = (time: number) => new Date(time).toISOString();
  if (now < notBefore) {
    throw new CertificateError("not yet valid", `the ${place} is not valid before ${day(notBefore)}`);
  }
  if (now > notAfter) throw new CertificateError("expired", `the ${place} expired at ${day(notAfter)}`);
}

function checkExtensions({ place, critical }: ReadCertificate): void {
  const unknown = critical.find((type) => !understood.has(type));
  if (unknown === undefined) return;
  throw new CertificateError(
    "unknown critical extension",
    `the ${place} has the critical extension ${unknown}`,
  );
}

function checkAuthority({ place, isAuthority, keyUsage = 0 }: ReadCertificate): void {
  if (isAuthority && keyUsage & KeyUsageFlags.keyCertSign) return;
  throw new CertificateError("not an authority", `the ${place} may not certify others`);
}

/** An authority may be confined to roles; one that says nothing is not. A leaf must name the role. */
function checkRole(certificate: ReadCertificate, role: Role, isLeaf: boolean): void {
  const { place, usages } = certificate;
  const confined = isLeaf || (usages !== undefined && !usages.includes(ANY_USAGE));
  if (confined && !usages?.includes(roleUsages[role])) {
    throw new CertificateError("role", `the ${place} is not for the role ${role}`);
  }
  if (isLeaf) checkUsage(certificate, role, roleKeyUsages[role]);
}

function checkUsage({ place, keyUsage = 0 }: ReadCertificate, role: Role, needed: KeyUsageFlags): void {
  if (keyUsage & needed) return;
  throw new CertificateError("key usage", `the ${place}'s key is not for what the role ${role} does with it`);
}

function identityOf({ identities }: ReadCertificate, expected: Identity | undefined): Identity {
  const named = identities.map(identityToText).join(", ") || "nobody";
  if (expected === undefined) {
    if (identities.length === 1) return identities[0];
    throw new CertificateError("identity", `the leaf names ${named}, not one identity`);
  }
  if (identities.some((identity) => sameIdentity(identity, expected))) return expected;
  throw new CertificateError("identity", `the leaf is that of ${named}, not of ${identityToText(expected)}`);
}

/** A distinguished name has a line for each part. What a stranger wrote is shown without control characters. */
function oneLine(name: string): string {
  return name.replace(/[^\x20-\x7e]+/g, ", ").slice(0, 100);
}
