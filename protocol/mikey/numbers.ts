/**
 * Every number that MIKEY puts on the wire, by registry (IANA "Multimedia Internet KEYing (MIKEY) Payload
 * Name Spaces"). Numbers from 241 (ID roles: 240) are Symbolon's own, out of the ranges that RFC 3830 §10
 * and RFC 6043 §14 leave to private use.
 */

/** Header version (RFC 3830 §6.1). */
export const VERSION = 1;

/** Data type of HDR (RFC 3830 §6.1). */
export const DataTypes = {
  preSharedKey: 0,
  preSharedKeyVerification: 1,
  publicKey: 2,
  publicKeyVerification: 3,
  error: 6,
} as const;

/** Next payload (RFC 3830 §6.1; RFC 6043 §6.6, §6.8). */
export const PayloadTypes = {
  last: 0,
  KEMAC: 1,
  PKE: 2,
  DH: 3,
  SIGN: 4,
  T: 5,
  ID: 6,
  CERT: 7,
  CHASH: 8,
  V: 9,
  SP: 10,
  RAND: 11,
  ERR: 12,
  IDR: 14,
  RANDR: 15,
  keyData: 20,
  generalExtension: 21,
} as const;

/** PRF func (RFC 3830 §6.1, RFC 6043 §6.1). */
export const PrfFunctions = { hmacSha1: 0, hmacSha256: 1 } as const;

/** CS ID map type (RFC 3830 §6.1.1, RFC 4563 §5, RFC 6043 §6.1.1). */
export const MapTypes = { srtpId: 0, empty: 1, genericId: 2 } as const;

/** Encr alg of KEMAC (RFC 3830 §6.2, RFC 6043 §6.2); 241 is AES-CCM with a 13-byte nonce. */
export const EncryptionAlgorithms = {
  null: 0,
  aesCm128: 1,
  aesKw128: 2,
  aesCm256: 3,
  aesCcm128: 241,
} as const;

/** MAC alg of KEMAC and Auth alg of V (RFC 3830 §6.2, RFC 6043 §6.2). */
export const MacAlgorithms = {
  null: 0,
  hmacSha1: 1,
  hmacSha256: 2,
  /** The AES-CCM tag of 16 bytes, in the MAC field. */
  ccmTag16: 241,
  /** The AES-CCM tag of 8 bytes, in the MAC field. */
  ccmTag8: 242,
  /** HMAC-SHA-256 truncated to its first 8 bytes. */
  hmacSha256Truncated8: 243,
} as const;

/** TS type of T (RFC 3830 §6.6, RFC 6043 §6.3). */
export const TimestampTypes = { ntpUtc: 0, ntp: 1, counter: 2, ntpUtc32: 3 } as const;

/** Cert type (RFC 3830 §6.7). */
export const CertificateTypes = { x509: 0, x509Url: 1, x509Sign: 2, x509Encrypt: 3 } as const;

/** Hash func of CHASH (RFC 3830 §6.8, RFC 6043 §6.7). */
export const HashFunctions = { sha1: 0, md5: 1, sha256: 2 } as const;

/** S type of SIGN (RFC 3830 §6.5, RFC 6509 §4.3). */
export const SignatureTypes = { rsaPkcs1: 0, rsaPss: 1, eccsi: 2 } as const;

/** C field of PKE: whether the receiver keeps the envelope key (RFC 3830 §6.3). */
export const EnvelopeCaching = { none: 0, always: 1, thisSession: 2 } as const;

/** Type of a Key data sub-payload (RFC 3830 §6.13, RFC 6043 §6.2.1, RFC 6267). */
export const KeyTypes = {
  tgk: 0,
  tgkAndSalt: 1,
  tek: 2,
  tekAndSalt: 3,
  gtgk: 4,
  gtgkAndSalt: 5,
  mpk: 6,
  kPr: 7,
} as const;

/** KV: how long a key is valid (RFC 3830 §6.13, §6.14). */
export const KeyValidities = { none: 0, spi: 1, interval: 2 } as const;

/** Role of an IDR (RFC 6043 §6.6) or RANDR (§6.8) payload; 240 is a third party of the distributed mode. */
export const Roles = { initiator: 1, responder: 2, kms: 3, thirdParty: 240 } as const;

/** Prot type of SP (RFC 3830 §6.10, RFC 4442); 241 is OSCORE. */
export const ProtocolTypes = { srtp: 0, tesla: 1, oscore: 241 } as const;

/** Type of a General Extension (RFC 3830 §6.15). */
export const ExtensionTypes = {
  vendorId: 0,
  sdpIds: 1,
  /** Profile, k, t, n and check value of the distributed mode. */
  share: 241,
  /** A confirmation R_I on its way to the Initiator. */
  confirmation: 242,
  /** The Initiator's T, in messages between third party and Responder. */
  initiatorTimestamp: 243,
  /** The enrolment statement. */
  statement: 244,
  /** The OSCORE sender ID that the Responder assigns to the Initiator. */
  senderId: 245,
} as const;

/** Error no of ERR (RFC 3830 §6.12, RFC 4738, RFC 6043); 241–243 are the distributed mode's. */
export const ErrorNumbers = {
  authentication: 0,
  timestamp: 1,
  prf: 2,
  mac: 3,
  encryption: 4,
  hash: 5,
  dhGroup: 6,
  identity: 7,
  certificate: 8,
  securityPolicy: 9,
  securityPolicyParameters: 10,
  dataType: 11,
  unspecified: 12,
  messageType: 13,
  share: 241,
  quorum: 242,
  unreachable: 243,
} as const;
export type ErrorNumber = (typeof ErrorNumbers)[keyof typeof ErrorNumbers];
