/**
 * Sealing and opening the KEMAC payload (RFC 3830 §4.2.3, §4.2.4, §6.2).
 *
 * RFC 3830 knows AES in counter mode with an HMAC. AES-CCM is Symbolon's own, in private numbers: the
 * nonce is built as the IV of §4.2.3 is, and the tag stands in the MAC field, so that "the MAC covers the
 * whole message" stays true.
 */

import { concat, equal, wipe } from "../bytes.js";
import type { HashName, Primitives } from "../primitives.js";
import { deriveMessageKey, type LabelContext, MessageKeys } from "./keys.js";
import { EncryptionAlgorithms, ErrorNumbers, MacAlgorithms, PayloadTypes } from "./numbers.js";
import { type Kemac, macLength } from "./payloads.js";
import { Refusal } from "./refusal.js";
import { type Timestamp, timestamp64 } from "./timestamps.js";

/** Bytes of a KEMAC before Encr data: Next payload, Encr alg, Encr data len. MAC alg and MAC follow. */
export const KEMAC_HEAD = 4;

const AES_KEY = 16;
const CM_SALT = 14;
const CCM_NONCE = 13;

/** What a KEMAC is sealed with. */
export interface KemacProtection {
  /** The PSK, or the envelope key in public-key mode. */
  readonly key: Uint8Array;
  /** Hash of the PRF, CSB ID and RAND. */
  readonly context: LabelContext;
  /** The Initiator's T. */
  readonly timestamp: Timestamp;
  /** The bytes that the MAC covers before the KEMAC: the message in pre-shared-key mode, none in public-key mode. */
  readonly cover: Uint8Array;
}

/**
 * Seals the contents (see key-data.ts) under an Encr alg and a MAC alg.
 * Throws a RangeError for algorithms that this implementation does not seal with (NULL among them).
 */
export function sealKemac(
  primitives: Primitives,
  protection: KemacProtection,
  encryption: number,
  mac: number,
  contents: Uint8Array,
): Kemac {
  const ccmTag = ccmTagLength(mac);
  if (encryption === EncryptionAlgorithms.aesCcm128 && ccmTag !== undefined) {
    const { key, nonce } = ccmKeys(primitives, protection);
    const aad = ccmAad(protection.cover, encryption, contents.length, mac);
    try {
      const sealed = primitives.ccmSeal(key, nonce, aad, contents, ccmTag);
      const encrypted = sealed.subarray(0, contents.length);
      return { type: PayloadTypes.KEMAC, encryption, encrypted, mac, tag: sealed.subarray(contents.length) };
    } finally {
      wipe(key);
    }
  }
  const macHash = hmacHash(mac);
  if (encryption !== EncryptionAlgorithms.aesCm128 || macHash === undefined) {
    throw new RangeError(`KEMAC: Encr alg ${encryption} with MAC alg ${mac} is not supported`);
  }
  const encrypted = counterMode(primitives, protection, contents);
  const tag = kemacHmac(primitives, protection, macHash, encryption, encrypted, mac);
  return { type: PayloadTypes.KEMAC, encryption, encrypted, mac, tag };
}

/**
 * Seals the KEMAC that ends `message` in place: from `dataOffset` its contents stand in the clear, then MAC alg, then
 * room for the MAC. What the MAC covers before the KEMAC is the message up to there.
 */
export function sealMessage(
  primitives: Primitives,
  { key, context, timestamp }: Omit<KemacProtection, "cover">,
  encryption: number,
  mac: number,
  message: Uint8Array,
  dataOffset: number,
): void {
  const tagOffset = message.length - macLength(mac)!;
  const contents = message.slice(dataOffset, tagOffset - 1);
  const cover = message.subarray(0, dataOffset - KEMAC_HEAD);
  try {
    const kemac = sealKemac(primitives, { key, context, timestamp, cover }, encryption, mac, contents);
    message.set(kemac.encrypted, dataOffset);
    message.set(kemac.tag, tagOffset);
  } finally {
    wipe(contents);
  }
}

/**
 * Encr data of AES-CCM alone, without its tag: CTR from counter block 1 (RFC 3610 §2.3, L = 2), which encrypts and
 * decrypts. It authenticates nothing; whoever restores a message with it checks its MAC afterwards.
 */
export function ccmEncryptedData(
  primitives: Primitives,
  protection: Omit<KemacProtection, "cover">,
  data: Uint8Array,
): Uint8Array {
  const { key, nonce } = ccmKeys(primitives, protection);
  try {
    return primitives.aesCtr(key, concat(1, nonce, 0, 1), data);
  } finally {
    wipe(key);
  }
}

/**
 * Checks a KEMAC's MAC and decrypts it. Throws a Refusal: Invalid EA or MAC for algorithms that are not
 * supported, Auth failure for everything that does not hold.
 */
export function openKemac(primitives: Primitives, protection: KemacProtection, kemac: Kemac): Uint8Array {
  refuseUnsupportedKemac(kemac);
  const { encryption, encrypted, mac, tag } = kemac;
  const ccmTag = ccmTagLength(mac);
  if (ccmTag !== undefined) {
    const { key, nonce } = ccmKeys(primitives, protection);
    const aad = ccmAad(protection.cover, encryption, encrypted.length, mac);
    try {
      const contents = primitives.ccmOpen(key, nonce, aad, concat(encrypted, tag), ccmTag);
      if (contents === undefined)
        throw new Refusal(ErrorNumbers.authentication, "the MAC of KEMAC does not hold");
      return contents;
    } finally {
      wipe(key);
    }
  }
  const expected = kemacHmac(primitives, protection, hmacHash(mac)!, encryption, encrypted, mac);
  if (!equal(expected, tag)) {
    throw new Refusal(ErrorNumbers.authentication, "the MAC of KEMAC does not hold");
  }
  return counterMode(primitives, protection, encrypted);
}

/**
 * Throws a Refusal for algorithms that openKemac does not open, NULL among them: without a MAC nothing is
 * authenticated. It needs no key, so it can go before any operation with one.
 */
export function refuseUnsupportedKemac({ encryption, mac }: Kemac): void {
  const isCcm = encryption === EncryptionAlgorithms.aesCcm128;
  if (!isCcm && encryption !== EncryptionAlgorithms.aesCm128) {
    throw new Refusal(ErrorNumbers.encryption, `Encr alg ${encryption} is not supported`);
  }
  if ((isCcm ? ccmTagLength(mac) : hmacHash(mac)) === undefined) {
    throw new Refusal(ErrorNumbers.mac, `MAC alg ${mac} does not go with Encr alg ${encryption}`);
  }
}

/** The bytes of a KEMAC that its own MAC covers, up to Encr data len, with Next payload 0 (§6.2). */
function kemacHead(encryption: number, length: number): Uint8Array {
  return concat(PayloadTypes.last, encryption, length >> 8, length);
}

/** AAD of AES-CCM: everything that the MAC covers but the Encr data, which CCM authenticates itself. */
function ccmAad(cover: Uint8Array, encryption: number, length: number, mac: number): Uint8Array {
  return concat(cover, kemacHead(encryption, length), mac);
}

function kemacHmac(
  primitives: Primitives,
  { key, context, cover }: KemacProtection,
  hash: HashName,
  encryption: number,
  encrypted: Uint8Array,
  mac: number,
): Uint8Array {
  const authKey = deriveMessageKey(primitives, key, MessageKeys.authentication, context, hashLength(hash));
  const covered = concat(cover, kemacHead(encryption, encrypted.length), encrypted, mac);
  try {
    return primitives.hmac(hash, authKey, covered);
  } finally {
    wipe(authKey);
  }
}

/** AES-CM: IV = (S xor (0x0000 || CSB ID || T)) || 0x0000 (§4.2.3). */
function counterMode(primitives: Primitives, protection: KemacProtection, data: Uint8Array): Uint8Array {
  const { key, context, timestamp } = protection;
  const iv = new Uint8Array(16);
  iv.set(context.csbId, 2);
  iv.set(timestamp64(timestamp), 6);
  const salt = deriveMessageKey(primitives, key, MessageKeys.salt, context, CM_SALT);
  for (let i = 0; i < CM_SALT; i++) iv[i] ^= salt[i];
  wipe(salt);
  const encryptionKey = deriveMessageKey(primitives, key, MessageKeys.encryption, context, AES_KEY);
  try {
    return primitives.aesCtr(encryptionKey, iv, data);
  } finally {
    wipe(encryptionKey);
  }
}

/** AES-CCM: nonce = salt xor (0x00 || CSB ID || T), as the IV above with one byte less. */
function ccmKeys(primitives: Primitives, { key, context, timestamp }: Omit<KemacProtection, "cover">) {
  const nonce = deriveMessageKey(primitives, key, MessageKeys.salt, context, CCM_NONCE);
  const t = timestamp64(timestamp);
  for (let i = 0; i < 4; i++) nonce[1 + i] ^= context.csbId[i];
  for (let i = 0; i < 8; i++) nonce[5 + i] ^= t[i];
  // Last, so that nothing can fail between it and who wipes it.
  const encryptionKey = deriveMessageKey(primitives, key, MessageKeys.encryption, context, AES_KEY);
  return { key: encryptionKey, nonce };
}

function ccmTagLength(mac: number): 8 | 16 | undefined {
  if (mac === MacAlgorithms.ccmTag16) return 16;
  return mac === MacAlgorithms.ccmTag8 ? 8 : undefined;
}

function hmacHash(mac: number): HashName | undefined {
  if (mac === MacAlgorithms.hmacSha1) return "sha-1";
  if (mac === MacAlgorithms.hmacSha256) return "sha-256";
  return undefined;
}

/** Bytes of an auth_key: as many as the hash gives (§4.2.4). */
export function hashLength(hash: HashName): number {
  return hash === "sha-1" ? 20 : 32;
}
