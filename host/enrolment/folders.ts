/**
 * What stands in which file. The authority's folder: `key.pem` (secret), `certificate.pem`. A party's folder:
 * `key.pem` (secret), `chain.pem` (leaf first, root not included), `authority.pem` (the root); a third party's also
 * `enrolments/*.json` (secret) and `responders.json`. The party's programs keep their state in its `state/`.
 */

import { createHash, createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fromHex, toHex } from "../../protocol/bytes.js";
import { LAST_HANDLE } from "../../protocol/exchange/bundle.js";
import {
  memberIdentity,
  type Policy,
  type PolicyJson,
  policyFromJson,
} from "../../protocol/exchange/policy.js";
import { PSK_LENGTH } from "../../protocol/exchange/profile.js";
import { type Identity, identityFromText, identityToText } from "../../protocol/mikey/identity.js";
import { type TrustAnchor, trustAnchor } from "../authority/certificate.js";
import { keyComplaint, privateKeyPem } from "../authority/rsa-keys.js";
import {
  asFileError,
  FileError,
  inFile,
  overwriteText,
  readJson,
  readText,
  type WriteOptions,
  writeJson,
  writeText,
} from "./files.js";
import { type Pseudonyms, type PseudonymsJson, pseudonymsFromJson } from "./pseudonyms.js";

export const THIRD_PARTY_FORMAT = "symbolon-third-party-1";

/** The authority with its key. */
export interface Authority extends TrustAnchor {
  readonly privateKey: KeyObject;
}

/** A third party or responder with its key and certificates (DER, leaf first). Nobody has validated them yet. */
export interface PartyKeys {
  readonly privateKey: KeyObject;
  readonly chain: readonly Uint8Array[];
  readonly root: TrustAnchor;
}

/** What a third party was given when a sensor was enrolled. */
export interface ThirdPartyEnrolment {
  readonly policy: Policy;
  /** Undefined once the third party's store has taken it: it is zeros then. */
  readonly psk: Uint8Array | undefined;
  /** The T that it is for. */
  readonly t: number;
  /** Compact JWS. */
  readonly statement: string;
  /** How bundles name the sensor and its Responders. */
  readonly gateway?: { readonly handle: number; readonly responders: readonly Identity[] };
  /** The same of a sensor that they name otherwise each time. */
  readonly pseudonyms?: Pseudonyms;
}

/** The same of a sensor with a gateway, in the file. */
export interface BundleNamesJson {
  readonly handle: number;
  readonly responders: readonly string[];
}

/** A responder as a third party knows it. */
export interface ResponderEntry {
  readonly identity: Identity;
  /** host:port */
  readonly address: string;
  /** DER. */
  readonly certificate: Uint8Array;
}

const LAST_T = 2 ** 32 - 1;
const KEY = "key.pem";
const CERTIFICATE = "certificate.pem";
const CHAIN = "chain.pem";
const ROOT = "authority.pem";
const ENROLMENTS = "enrolments";
const RESPONDERS = "responders.json";

export function writeAuthority(
  folder: string,
  { certificate, privateKey }: Pick<Authority, "certificate" | "privateKey">,
  options: WriteOptions = {},
): void {
  writeTogether(folder, options, [
    { name: KEY, text: privateKeyPem(privateKey), secret: true },
    { name: CERTIFICATE, text: certificatePem(certificate) },
  ]);
}

export function readAuthority(folder: string): Authority {
  const root = readRoot(join(folder, CERTIFICATE));
  return { ...root, privateKey: readPrivateKey(join(folder, KEY), root.publicKey) };
}

export function writeParty(
  folder: string,
  { privateKey, chain, root }: PartyKeys,
  options: WriteOptions = {},
): void {
  writeTogether(folder, options, [
    { name: KEY, text: privateKeyPem(privateKey), secret: true },
    { name: CHAIN, text: chain.map(certificatePem).join("") },
    { name: ROOT, text: certificatePem(root.certificate) },
  ]);
}

/**
 * Gives a party a new key and certificate, while its program runs or not. At any moment, and after an end at any moment,
 * there is a key of the certificate that stands beside it; at the end the old key is overwritten.
 */
export function renewParty(folder: string, { privateKey, chain }: Omit<PartyKeys, "root">): void {
  const key = join(folder, KEY);
  const pem = privateKeyPem(privateKey);
  const options = { secret: true, replace: true };
  writeText(key, readText(key, { secret: true }) + pem, options);
  writeText(join(folder, CHAIN), chain.map(certificatePem).join(""), { replace: true });
  writeText(key, pem, options);
}

export function readParty(folder: string): PartyKeys {
  const { chain, root } = readPartyCertificates(folder);
  return {
    chain,
    root,
    privateKey: readPrivateKey(join(folder, KEY), new X509Certificate(chain[0]).publicKey),
  };
}

/** What of a party is for everybody to know. */
export function readPartyCertificates(folder: string): Omit<PartyKeys, "privateKey"> {
  return { chain: readCertificates(join(folder, CHAIN)), root: readRoot(join(folder, ROOT)) };
}

/** Where a third party's folder has the enrolment of a sensor. */
export function enrolmentPath(folder: string, sensor: Identity): string {
  return join(folder, ENROLMENTS, `${fileNameOf(sensor)}.json`);
}

export function writeEnrolment(
  folder: string,
  enrolment: {
    policy: PolicyJson;
    t?: number;
    psk: string;
    statement: string;
    gateway?: BundleNamesJson;
    pseudonyms?: PseudonymsJson;
  },
  options: WriteOptions = {},
): void {
  const path = enrolmentPath(folder, identityFromText(enrolment.policy.sensor));
  makeFolder(join(folder, ENROLMENTS));
  writeJson(path, { format: THIRD_PARTY_FORMAT, ...enrolment }, { ...options, secret: true });
}

/** All enrolments of a third party, in the order of their files' names; none when there is no folder of them. */
export function readEnrolments(folder: string): ThirdPartyEnrolment[] {
  const path = join(folder, ENROLMENTS);
  const files = list(path).filter((name) => name.endsWith(".json") && !name.startsWith("."));
  return files.map((name) => readJson(join(path, name), enrolmentFromJson, { secret: true }));
}

/**
 * Overwrites a PSK in the file of its enrolment with zeros, in its place, so that the disk has it nowhere else. A file
 * with another PSK, of a later enrolment, stays as it is. Throws a FileError.
 */
export function forgetPsk(path: string, psk: Uint8Array): void {
  overwriteText(path, toHex(psk), "0".repeat(2 * psk.length));
}

/** Adds a responder to those that a third party knows, or replaces what it knew of that one. */
export function addResponder(folder: string, { identity, address, certificate }: ResponderEntry): void {
  const path = join(folder, RESPONDERS);
  const name = identityToText(identity);
  const known = exists(path) ? readJson(path, responderList) : [];
  const others = known.filter((entry) => (entry as { identity?: unknown } | null)?.identity !== name);
  const added = { identity: name, address, certificate: certificatePem(certificate) };
  writeJson(path, [...others, added], { replace: true });
}

export function readResponders(folder: string): ResponderEntry[] {
  return readJson(join(folder, RESPONDERS), (json) => responderList(json).map(responderFromJson));
}

function enrolmentFromJson(json: unknown): ThirdPartyEnrolment {
  if (typeof json !== "object" || json === null) throw new SyntaxError("expected an object");
  const { format, policy, t = 1, psk, statement, gateway, pseudonyms } = json as Record<string, unknown>;
  if (format !== THIRD_PARTY_FORMAT) throw new SyntaxError(`format: expected "${THIRD_PARTY_FORMAT}"`);
  if (typeof psk !== "string" || !/^[0-9a-fA-F]*$/.test(psk) || psk.length !== 2 * PSK_LENGTH) {
    throw new SyntaxError(`psk: expected ${PSK_LENGTH} bytes in hex`);
  }
  if (typeof statement !== "string") throw new SyntaxError("statement: expected a compact JWS");
  if (typeof t !== "number" || !Number.isInteger(t) || t < 1 || t > LAST_T) {
    throw new RangeError(`t: expected 1 to ${LAST_T}`);
  }
  const isTaken = /^0*$/.test(psk);
  return {
    policy: policyFromJson(policy),
    psk: isTaken ? undefined : fromHex(psk),
    t,
    statement,
    ...(gateway !== undefined && { gateway: bundleNamesFromJson(gateway) }),
    ...(pseudonyms !== undefined && { pseudonyms: pseudonymsFromJson(pseudonyms) }),
  };
}

function bundleNamesFromJson(json: unknown): NonNullable<ThirdPartyEnrolment["gateway"]> {
  const { handle, responders } = (json ?? {}) as Record<string, unknown>;
  if (!Array.isArray(responders)) throw new SyntaxError("gateway.responders: expected a list");
  return {
    handle: handleFromJson("gateway.handle", handle),
    responders: responders.map((name, i) => memberIdentity(`gateway.responders[${i}]`, name)),
  };
}

/** A sensor's handle. Throws a SyntaxError that names the member. */
export function handleFromJson(member: string, handle: unknown): number {
  if (typeof handle !== "number" || !Number.isInteger(handle) || handle < 0 || handle > LAST_HANDLE) {
    throw new SyntaxError(`${member}: expected a whole number from 0 to ${LAST_HANDLE}`);
  }
  return handle;
}

function responderList(json: unknown): unknown[] {
  if (!Array.isArray(json)) throw new SyntaxError("expected a list of responders");
  return json;
}

function responderFromJson(json: unknown, i: number): ResponderEntry {
  if (typeof json !== "object" || json === null) throw new SyntaxError(`[${i}]: expected an object`);
  const { identity, address, certificate } = json as Record<string, unknown>;
  for (const [member, value] of Object.entries({ identity, address, certificate })) {
    if (typeof value !== "string") throw new SyntaxError(`[${i}].${member}: expected text`);
  }
  const certificates = certificatesFromPem(certificate as string, `[${i}].certificate`);
  if (certificates.length !== 1) throw new SyntaxError(`[${i}].certificate: expected one certificate in PEM`);
  return {
    identity: responderIdentity(identity as string, i),
    address: address as string,
    certificate: certificates[0],
  };
}

function responderIdentity(text: string, i: number): Identity {
  try {
    return identityFromText(text);
  } catch (error) {
    throw new SyntaxError(`[${i}].${(error as Error).message}`);
  }
}

function readPrivateKey(path: string, publicKey: KeyObject): KeyObject {
  const pem = readText(path, { secret: true });
  // In the middle of a renewal there are two.
  for (const block of pem.match(/-----BEGIN[^-]*-----[^-]*-----END[^-]*-----/g) ?? [pem]) {
    let key: KeyObject;
    try {
      key = createPrivateKey(block);
    } catch {
      // OpenSSL's reason names no place; nothing of what may be a key is shown.
      throw new FileError(path, "expected a private key in PEM");
    }
    const complaint = keyComplaint(key);
    if (complaint !== undefined) throw new FileError(path, `an ${complaint} is not accepted`);
    if (createPublicKey(key).equals(publicKey)) return key;
  }
  throw new FileError(path, "is not the key of the certificate beside it");
}

function readRoot(path: string): TrustAnchor {
  const certificates = readCertificates(path);
  if (certificates.length !== 1)
    throw new FileError(path, `expected one certificate, got ${certificates.length}`);
  try {
    return trustAnchor(certificates[0]);
  } catch (error) {
    throw new FileError(path, (error as Error).message, { cause: error });
  }
}

function readCertificates(path: string): Uint8Array[] {
  const pem = readText(path);
  return inFile(path, () => certificatesFromPem(pem, "chain"));
}

/** DER of each certificate in a PEM text (RFC 7468); what stands between them is explanation. */
function certificatesFromPem(text: string, member: string): Uint8Array[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) throw new SyntaxError(`${member}: expected certificates in PEM`);
  return blocks.map((block, i) => {
    try {
      return new Uint8Array(new X509Certificate(block).raw);
    } catch (error) {
      throw new SyntaxError(`${member}: certificate ${i + 1} is malformed`, { cause: error });
    }
  });
}

function certificatePem(der: Uint8Array): string {
  return new X509Certificate(der).toString();
}

interface Part {
  readonly name: string;
  readonly text: string;
  readonly secret?: boolean;
}

/** Writes files that belong together: when one is there and may not be replaced, none is written. */
function writeTogether(folder: string, options: WriteOptions, parts: readonly Part[]): void {
  makeFolder(folder);
  for (const { name } of parts) if (!options.replace) refuseExisting(join(folder, name));
  for (const { name, text, secret = false } of parts)
    writeText(join(folder, name), text, { ...options, secret });
}

/** Throws a FileError when there is something at `path`. */
export function refuseExisting(path: string): void {
  if (exists(path)) throw new FileError(path, "is there already");
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw asFileError(path, error);
  }
}

/** What is in a folder, in order; nothing where there is none. */
export function list(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw asFileError(path, error);
  }
}

/** A name for files that every system takes and that no two identities share. */
export function fileNameOf(identity: Identity): string {
  const name = identityToText(identity).replace(
    /[^A-Za-z0-9._@+-]|^\./g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return name.length <= 200 ? name : createHash("sha256").update(name).digest("hex");
}
