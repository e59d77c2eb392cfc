/** Who a CERT payload speaks of (RFC 3830 §6.7). Nothing of it is checked here. */

import { X509Certificate } from "node:crypto";
import { CertificateTypes } from "../../protocol/mikey/numbers.js";
import type { Meaning } from "./names.js";

/** Subject, issuer and dates of a certificate in DER, or the address of one. */
export function certificateMeaning(type: number, data: Uint8Array): Meaning {
  if (type === CertificateTypes.x509Url) return { meaning: new TextDecoder().decode(data) };
  if (!(Object.values(CertificateTypes) as number[]).includes(type)) return {};
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(data);
  } catch (error) {
    return { meaning: `no certificate in DER: ${(error as Error).message}` };
  }
  const details = [
    `issuer ${oneLine(certificate.issuer)}`,
    `valid from ${date(certificate.validFrom)} to ${date(certificate.validTo)}`,
    `serial ${certificate.serialNumber.toLowerCase()}`,
    `SHA-256 ${certificate.fingerprint256.replaceAll(":", "").toLowerCase()}`,
  ];
  const names = certificate.subjectAltName;
  if (names !== undefined) details.unshift(`names ${names}`);
  return { meaning: oneLine(certificate.subject), details };
}

/** Node separates the parts of a name by line feeds. */
function oneLine(name: string): string {
  return name === "" ? "(no name)" : name.split("\n").join(", ");
}

/** Where a certificate has what is no date, OpenSSL says so in words. */
function date(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}
