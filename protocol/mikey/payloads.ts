/**
 * MIKEY's payloads, field by field: the one place that knows how they lie on the wire
 * (RFC 3830 §6.2–§6.15; IDR and RANDR: RFC 6043 §6.6, §6.8).
 *
 * The Next payload byte belongs to the chain in message.ts, not to a payload. Arrays in a payload that was
 * read are views of the message.
 */

import type { Identity } from "./identity.js";
import { HashFunctions, KeyValidities, MacAlgorithms, PayloadTypes } from "./numbers.js";
import type { Reader } from "./reader.js";
import { type Timestamp, timestampLength } from "./timestamps.js";
import type { Writer } from "./writer.js";

export type Payload =
  | Kemac
  | Pke
  | Dh
  | Sign
  | TimestampPayload
  | IdPayload
  | Certificate
  | CertificateHash
  | Verification
  | SecurityPolicy
  | Rand
  | ErrorPayload
  | RoleIdentity
  | RoleRand
  | GeneralExtension;

/** Keys under encryption, and the MAC (§6.2). `encrypted` holds Key data sub-payloads, see key-data.ts. */
export interface Kemac {
  readonly type: typeof PayloadTypes.KEMAC;
  readonly encryption: number;
  readonly encrypted: Uint8Array;
  readonly mac: number;
  readonly tag: Uint8Array;
}

/** The envelope key under the Responder's public key (§6.3). `caching` is the C field. */
export interface Pke {
  readonly type: typeof PayloadTypes.PKE;
  readonly caching: number;
  readonly data: Uint8Array;
}

/** A Diffie–Hellman value (§6.4). */
export interface Dh {
  readonly type: typeof PayloadTypes.DH;
  readonly group: number;
  readonly value: Uint8Array;
  readonly validity: KeyValidity;
}

/** The signature (§6.5): always last, without a Next payload. */
export interface Sign {
  readonly type: typeof PayloadTypes.SIGN;
  readonly algorithm: number;
  readonly signature: Uint8Array;
}

/** T (§6.6). */
export interface TimestampPayload {
  readonly type: typeof PayloadTypes.T;
  readonly timestamp: Timestamp;
}

/** An identity without a role (§6.7). */
export interface IdPayload {
  readonly type: typeof PayloadTypes.ID;
  readonly identity: Identity;
}

/** One certificate; a chain is one payload each (§6.7). */
export interface Certificate {
  readonly type: typeof PayloadTypes.CERT;
  readonly certificateType: number;
  readonly data: Uint8Array;
}

/** The hash of the certificate whose key made PKE (§6.8). */
export interface CertificateHash {
  readonly type: typeof PayloadTypes.CHASH;
  readonly hash: number;
  readonly value: Uint8Array;
}

/** The verification of a message and of who answers (§6.9). */
export interface Verification {
  readonly type: typeof PayloadTypes.V;
  readonly algorithm: number;
  readonly tag: Uint8Array;
}

/** A security policy (§6.10). */
export interface SecurityPolicy {
  readonly type: typeof PayloadTypes.SP;
  readonly policy: number;
  readonly protocol: number;
  readonly parameters: readonly PolicyParameter[];
}
export interface PolicyParameter {
  readonly type: number;
  readonly value: Uint8Array;
}

/** The bundle's random value (§6.11). */
export interface Rand {
  readonly type: typeof PayloadTypes.RAND;
  readonly rand: Uint8Array;
}

/** An error (§6.12). */
export interface ErrorPayload {
  readonly type: typeof PayloadTypes.ERR;
  readonly error: number;
}

/** An identity with its role (RFC 6043 §6.6). */
export interface RoleIdentity {
  readonly type: typeof PayloadTypes.IDR;
  readonly role: number;
  readonly identity: Identity;
}

/** A random value with the role of who chose it (RFC 6043 §6.8). */
export interface RoleRand {
  readonly type: typeof PayloadTypes.RANDR;
  readonly role: number;
  readonly rand: Uint8Array;
}

/** An extension: protected like the rest of the message, never encrypted (§6.15). */
export interface GeneralExtension {
  readonly type: typeof PayloadTypes.generalExtension;
  readonly extension: number;
  readonly data: Uint8Array;
}

/** How long a key holds (§6.14): KV number and its data. */
export type KeyValidity =
  | { readonly type: typeof KeyValidities.none }
  | { readonly type: typeof KeyValidities.spi; readonly spi: Uint8Array }
  | { readonly type: typeof KeyValidities.interval; readonly from: Uint8Array; readonly to: Uint8Array };

/** The name of a payload, as RFC 3830 writes it. */
export function payloadName(type: number): string {
  return codecs[type]?.name ?? (type === PayloadTypes.keyData ? "Key data" : `payload ${type}`);
}

/**
 * Reads one payload of the given type, with its Next payload byte where it has one (SIGN has none).
 * Throws a DecodeError for a type that is not known: MIKEY payloads have no common length to skip by.
 */
export function readPayload(reader: Reader, type: number): { payload: Payload; next: number } {
  const codec = codecs[type];
  if (codec === undefined) {
    throw reader.error(`payload type ${type} is not known, and what follows can't be found`);
  }
  reader.payload = codec.name;
  const next = type === PayloadTypes.SIGN ? PayloadTypes.last : reader.uint("next payload", 1);
  return { payload: codec.read(reader, next), next };
}

/** Writes one payload, with the type of the next one. */
export function writePayload(writer: Writer, payload: Payload, next: number): void {
  if (payload.type !== PayloadTypes.SIGN) writer.uint("next payload", 1, next);
  else if (next !== PayloadTypes.last) throw new RangeError("SIGN: must be the last payload");
  codecs[payload.type].write(writer, payload);
}

/** Tag bytes of a MAC alg, or undefined for an unknown one (§6.2, RFC 6043 §6.2). */
export function macLength(algorithm: number): number | undefined {
  return macLengths[algorithm];
}
const macLengths: Record<number, number | undefined> = {
  [MacAlgorithms.null]: 0,
  [MacAlgorithms.hmacSha1]: 20,
  [MacAlgorithms.hmacSha256]: 32,
  [MacAlgorithms.ccmTag16]: 16,
  [MacAlgorithms.ccmTag8]: 8,
  [MacAlgorithms.hmacSha256Truncated8]: 8,
};

const hashLengths: Record<number, number | undefined> = {
  [HashFunctions.sha1]: 20,
  [HashFunctions.md5]: 16,
  [HashFunctions.sha256]: 32,
};

/** Bytes of the value in each DH-Group: OAKLEY 5, 1, 2 (§6.4). */
const dhLengths: Record<number, number | undefined> = { 0: 192, 1: 96, 2: 128 };

/** Bytes of the largest KEMAC (§6.13). */
const LARGEST_KEMAC = 65536;

interface Codec {
  readonly name: string;
  /** Reads what follows the Next payload byte, whose value is `next`. */
  read(reader: Reader, next: number): Payload;
  write(writer: Writer, payload: Payload): void;
}

/** Ties the two directions of one payload to its type. */
function codec<P extends Payload>(
  name: string,
  read: (reader: Reader, next: number) => P,
  write: (writer: Writer, payload: P) => void,
): Codec {
  return { name, read, write: (writer, payload) => write(writer, payload as P) };
}

/** A field whose length follows from an algorithm number; an unknown number may still end the message. */
function implied(
  reader: Reader,
  name: string,
  lengths: Record<number, number | undefined>,
  algorithm: number,
  next: number,
): Uint8Array {
  const length = lengths[algorithm] ?? (next === PayloadTypes.last ? reader.remaining : undefined);
  if (length === undefined)
    throw reader.error(`the length of ${name} under algorithm ${algorithm} is not known`);
  return reader.take(name, length);
}

/** Writes such a field. Throws a RangeError when the value is not as long as a known algorithm makes it. */
function putImplied(
  writer: Writer,
  name: string,
  lengths: Record<number, number | undefined>,
  algorithm: number,
  value: Uint8Array,
): void {
  const length = lengths[algorithm] ?? value.length;
  if (value.length !== length) {
    throw new RangeError(`${name}: algorithm ${algorithm} takes ${length} bytes, got ${value.length}`);
  }
  writer.put(value);
}

export function readIdentity(reader: Reader): Identity {
  const type = reader.uint("ID type", 1);
  return { type, data: reader.prefixed("identity", 2) };
}

export function writeIdentity(writer: Writer, identity: Identity): void {
  writer.uint("ID type", 1, identity.type);
  writer.prefixed("identity", 2, identity.data);
}

export function readValidity(reader: Reader, type: number): KeyValidity {
  if (type === KeyValidities.none) return { type };
  if (type === KeyValidities.spi) return { type, spi: reader.prefixed("SPI", 1) };
  if (type === KeyValidities.interval) {
    const from = reader.prefixed("valid from", 1);
    return { type, from, to: reader.prefixed("valid to", 1) };
  }
  throw reader.error(`KV ${type} is not known`);
}

export function writeValidity(writer: Writer, validity: KeyValidity): void {
  if (validity.type === KeyValidities.spi) writer.prefixed("SPI", 1, validity.spi);
  if (validity.type === KeyValidities.interval) {
    writer.prefixed("valid from", 1, validity.from);
    writer.prefixed("valid to", 1, validity.to);
  }
}

function readPolicyParameters(reader: Reader): PolicyParameter[] {
  const length = reader.uint("parameters length", 2);
  if (length > reader.remaining) {
    throw reader.error(`parameters take ${length} bytes, ${reader.remaining} left`);
  }
  const end = reader.offset + length;
  const parameters: PolicyParameter[] = [];
  while (reader.offset < end) {
    const type = reader.uint("parameter type", 1);
    parameters.push({ type, value: reader.prefixed("parameter", 1) });
  }
  if (reader.offset !== end) throw reader.error("the last parameter goes past the parameters' length");
  return parameters;
}

function writePolicyParameters(writer: Writer, parameters: readonly PolicyParameter[]): void {
  let length = 0;
  for (const { value } of parameters) length += 2 + value.length;
  writer.uint("parameters length", 2, length);
  for (const { type, value } of parameters) {
    writer.uint("parameter type", 1, type);
    writer.prefixed("parameter", 1, value);
  }
}

const codecs: Record<number, Codec> = {
  [PayloadTypes.KEMAC]: codec<Kemac>(
    "KEMAC",
    (reader, next) => {
      const encryption = reader.uint("Encr alg", 1);
      const encrypted = reader.prefixed("Encr data", 2);
      const mac = reader.uint("MAC alg", 1);
      const tag = implied(reader, "MAC", macLengths, mac, next);
      return { type: PayloadTypes.KEMAC, encryption, encrypted, mac, tag };
    },
    (writer, { encryption, encrypted, mac, tag }) => {
      // Next payload, Encr alg, Encr data len and MAC alg take 5 bytes.
      if (5 + encrypted.length + tag.length > LARGEST_KEMAC) {
        throw new RangeError(`KEMAC: ${encrypted.length} bytes of keys are too many`);
      }
      writer.uint("Encr alg", 1, encryption);
      writer.prefixed("Encr data", 2, encrypted);
      writer.uint("MAC alg", 1, mac);
      putImplied(writer, "MAC", macLengths, mac, tag);
    },
  ),

  [PayloadTypes.PKE]: codec<Pke>(
    "PKE",
    (reader) => {
      const [caching, length] = reader.split("C", "Data length", 2, 14);
      return { type: PayloadTypes.PKE, caching, data: reader.take("Data", length) };
    },
    (writer, { caching, data }) => {
      writer.split("C", "Data length", 2, 14, [caching, data.length]);
      writer.put(data);
    },
  ),

  [PayloadTypes.DH]: codec<Dh>(
    "DH",
    (reader) => {
      const group = reader.uint("DH-Group", 1);
      const length = dhLengths[group];
      if (length === undefined) throw reader.error(`DH-Group ${group} is not known`);
      const value = reader.take("DH-value", length);
      const [, kv] = reader.split("reserved", "KV", 1, 4);
      return { type: PayloadTypes.DH, group, value, validity: readValidity(reader, kv) };
    },
    (writer, { group, value, validity }) => {
      writer.uint("DH-Group", 1, group);
      putImplied(writer, "DH-value", dhLengths, group, value);
      writer.split("reserved", "KV", 1, 4, [0, validity.type]);
      writeValidity(writer, validity);
    },
  ),

  [PayloadTypes.SIGN]: codec<Sign>(
    "SIGN",
    (reader) => {
      const [algorithm, length] = reader.split("S type", "Signature length", 2, 12);
      return { type: PayloadTypes.SIGN, algorithm, signature: reader.take("Signature", length) };
    },
    (writer, { algorithm, signature }) => {
      writer.split("S type", "Signature length", 2, 12, [algorithm, signature.length]);
      writer.put(signature);
    },
  ),

  [PayloadTypes.T]: codec<TimestampPayload>(
    "T",
    (reader) => {
      const type = reader.uint("TS type", 1);
      const length = timestampLength(type);
      if (length === undefined) throw reader.error(`TS type ${type} is not known`);
      return { type: PayloadTypes.T, timestamp: { type, value: reader.take("TS value", length) } };
    },
    (writer, { timestamp }) => {
      if (timestamp.value.length !== timestampLength(timestamp.type)) {
        throw new RangeError(`T: TS type ${timestamp.type} does not take ${timestamp.value.length} bytes`);
      }
      writer.uint("TS type", 1, timestamp.type);
      writer.put(timestamp.value);
    },
  ),

  [PayloadTypes.ID]: codec<IdPayload>(
    "ID",
    (reader) => ({ type: PayloadTypes.ID, identity: readIdentity(reader) }),
    (writer, { identity }) => writeIdentity(writer, identity),
  ),

  [PayloadTypes.CERT]: codec<Certificate>(
    "CERT",
    (reader) => {
      const certificateType = reader.uint("Cert type", 1);
      return { type: PayloadTypes.CERT, certificateType, data: reader.prefixed("certificate", 2) };
    },
    (writer, { certificateType, data }) => {
      writer.uint("Cert type", 1, certificateType);
      writer.prefixed("certificate", 2, data);
    },
  ),

  [PayloadTypes.CHASH]: codec<CertificateHash>(
    "CHASH",
    (reader, next) => {
      const hash = reader.uint("Hash func", 1);
      return { type: PayloadTypes.CHASH, hash, value: implied(reader, "Hash", hashLengths, hash, next) };
    },
    (writer, { hash, value }) => {
      writer.uint("Hash func", 1, hash);
      putImplied(writer, "Hash", hashLengths, hash, value);
    },
  ),

  [PayloadTypes.V]: codec<Verification>(
    "V",
    (reader, next) => {
      const algorithm = reader.uint("Auth alg", 1);
      return {
        type: PayloadTypes.V,
        algorithm,
        tag: implied(reader, "Ver data", macLengths, algorithm, next),
      };
    },
    (writer, { algorithm, tag }) => {
      writer.uint("Auth alg", 1, algorithm);
      putImplied(writer, "Ver data", macLengths, algorithm, tag);
    },
  ),

  [PayloadTypes.SP]: codec<SecurityPolicy>(
    "SP",
    (reader) => {
      const policy = reader.uint("Policy no", 1);
      const protocol = reader.uint("Prot type", 1);
      return { type: PayloadTypes.SP, policy, protocol, parameters: readPolicyParameters(reader) };
    },
    (writer, { policy, protocol, parameters }) => {
      writer.uint("Policy no", 1, policy);
      writer.uint("Prot type", 1, protocol);
      writePolicyParameters(writer, parameters);
    },
  ),

  [PayloadTypes.RAND]: codec<Rand>(
    "RAND",
    (reader) => ({ type: PayloadTypes.RAND, rand: reader.prefixed("RAND", 1) }),
    (writer, { rand }) => writer.prefixed("RAND", 1, rand),
  ),

  [PayloadTypes.ERR]: codec<ErrorPayload>(
    "ERR",
    (reader) => {
      const error = reader.uint("Error no", 1);
      reader.uint("reserved", 2);
      return { type: PayloadTypes.ERR, error };
    },
    (writer, { error }) => {
      writer.uint("Error no", 1, error);
      writer.uint("reserved", 2, 0);
    },
  ),

  [PayloadTypes.IDR]: codec<RoleIdentity>(
    "IDR",
    (reader) => {
      const role = reader.uint("ID role", 1);
      return { type: PayloadTypes.IDR, role, identity: readIdentity(reader) };
    },
    (writer, { role, identity }) => {
      writer.uint("ID role", 1, role);
      writeIdentity(writer, identity);
    },
  ),

  [PayloadTypes.RANDR]: codec<RoleRand>(
    "RANDR",
    (reader) => {
      const role = reader.uint("RAND role", 1);
      return { type: PayloadTypes.RANDR, role, rand: reader.prefixed("RAND", 1) };
    },
    (writer, { role, rand }) => {
      writer.uint("RAND role", 1, role);
      writer.prefixed("RAND", 1, rand);
    },
  ),

  [PayloadTypes.generalExtension]: codec<GeneralExtension>(
    "General Extension",
    (reader) => {
      const extension = reader.uint("Type", 1);
      return { type: PayloadTypes.generalExtension, extension, data: reader.prefixed("Data", 2) };
    },
    (writer, { extension, data }) => {
      writer.uint("Type", 1, extension);
      writer.prefixed("Data", 2, data);
    },
  ),
};
