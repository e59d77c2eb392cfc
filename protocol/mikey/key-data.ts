/**
 * What stands inside a KEMAC once it is decrypted: Key data sub-payloads (RFC 3830 §6.13), after an ID
 * payload in public-key mode (§3.2). The type of the first one is implied by the mode.
 */

import type { Identity } from "./identity.js";
import { KeyTypes, KeyValidities, PayloadTypes } from "./numbers.js";
import { type KeyValidity, readIdentity, readValidity, writeIdentity, writeValidity } from "./payloads.js";
import { type Field, Reader } from "./reader.js";
import { Writer } from "./writer.js";

export interface KeyData {
  /** One of KeyTypes. */
  readonly type: number;
  readonly key: Uint8Array;
  /** Present in the types with a salt; it goes before a salt derived from the key (§4.1.3). */
  readonly salt?: Uint8Array;
  readonly validity: KeyValidity;
}

/** The contents of a KEMAC. `identity` is the Initiator's, in public-key mode. */
export interface KemacContents {
  readonly identity?: Identity;
  readonly keys: readonly KeyData[];
}

/** A TGK without salt or validity: what a share travels as. */
export function tgk(key: Uint8Array): KeyData {
  return { type: KeyTypes.tgk, key, validity: { type: KeyValidities.none } };
}

/**
 * Reads the plaintext of a KEMAC. An empty one (an update without keys, §4.5) has no keys.
 * Throws a DecodeError, also for bytes behind the last sub-payload. Arrays are views of `plaintext`.
 * `base` is where Encr data begins in the message: decryption moves no byte, so errors and fields can say
 * where in the message they are.
 */
export function readKemacContents(
  plaintext: Uint8Array,
  mode: "preSharedKey" | "publicKey",
  base: number,
  onField?: (field: Field) => void,
): KemacContents {
  const reader = new Reader(plaintext, onField, base);
  const keys: KeyData[] = [];
  let identity: Identity | undefined;
  let next: number = PayloadTypes.last;
  reader.payload = "Key data";
  if (mode === "publicKey") {
    reader.payload = "ID";
    next = reader.uint("next payload", 1);
    identity = readIdentity(reader);
  } else if (reader.remaining > 0) {
    next = PayloadTypes.keyData;
  }
  while (next !== PayloadTypes.last) {
    if (next !== PayloadTypes.keyData) throw reader.error(`payload type ${next} has no place in a KEMAC`);
    reader.payload = "Key data";
    next = reader.uint("next payload", 1);
    keys.push(readKeyData(reader));
  }
  if (reader.remaining > 0) throw reader.error(`${reader.remaining} bytes behind the last sub-payload`);
  return identity === undefined ? { keys } : { identity, keys };
}

/** The inverse of readKemacContents. */
export function writeKemacContents({ identity, keys }: KemacContents): Uint8Array {
  const writer = new Writer(64);
  if (identity !== undefined) {
    writer.uint("next payload", 1, keys.length > 0 ? PayloadTypes.keyData : PayloadTypes.last);
    writeIdentity(writer, identity);
  }
  keys.forEach((key, i) => {
    writer.uint("next payload", 1, i + 1 < keys.length ? PayloadTypes.keyData : PayloadTypes.last);
    writeKeyData(writer, key);
  });
  return writer.finish();
}

function hasSalt(type: number): boolean {
  return type === KeyTypes.tgkAndSalt || type === KeyTypes.tekAndSalt || type === KeyTypes.gtgkAndSalt;
}

function readKeyData(reader: Reader): KeyData {
  const [type, kv] = reader.split("Type", "KV", 1, 4);
  const key = reader.prefixed("Key", 2);
  if (!hasSalt(type)) return { type, key, validity: readValidity(reader, kv) };
  const salt = reader.prefixed("Salt", 2);
  return { type, key, salt, validity: readValidity(reader, kv) };
}

function writeKeyData(writer: Writer, { type, key, salt, validity }: KeyData): void {
  if ((salt !== undefined) !== hasSalt(type)) {
    throw new RangeError(`Key data: type ${type} ${salt === undefined ? "needs a salt" : "takes no salt"}`);
  }
  writer.split("Type", "KV", 1, 4, [type, validity.type]);
  writer.prefixed("Key", 2, key);
  if (salt !== undefined) writer.prefixed("Salt", 2, salt);
  writeValidity(writer, validity);
}
