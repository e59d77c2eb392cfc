/**
 * TP_R, from a third party to the Responder: the share, in public-key mode.
 *
 * HDR(same CSB ID), T(NTP-UTC of the third party), RAND(same), IDR(1 sensor), IDR(240 third party),
 * CERT chain, IDR(2 Responder), GenExt 241, GenExt 243 (the sensor's T), GenExt 244 (enrolment statement),
 * KEMAC(inner ID = third party), CHASH(SHA-256), PKE, SIGN(RSA-PSS).
 */

import { concat, equal, uint, wipe } from "../bytes.js";
import { type Identity, identityToText, sameIdentity } from "../mikey/identity.js";
import { tgk } from "../mikey/key-data.js";
import {
  type DecodedMessage,
  decodeMessage,
  payloadsOf,
  refuseOtherDataType,
  requiredPayload,
} from "../mikey/message.js";
import {
  CertificateTypes,
  DataTypes,
  ErrorNumbers,
  ExtensionTypes,
  HashFunctions,
  PayloadTypes,
  Roles,
  SignatureTypes,
  TimestampTypes,
} from "../mikey/numbers.js";
import type { Payload } from "../mikey/payloads.js";
import { checkSignature, consumePublicKeyMessage, createPublicKeyMessage } from "../mikey/public-key.js";
import { Refusal } from "../mikey/refusal.js";
import {
  counterTimestamp,
  counterValue,
  ntpTimestamp,
  type Timestamp,
  unixMilliseconds,
} from "../mikey/timestamps.js";
import type { Primitives, RandomSource } from "../primitives.js";
import { sessionHeader } from "./header.js";
import { type Policy, shareIndex } from "./policy.js";
import { extensionData, shareExtension } from "./profile.js";
import { refuseOtherPolicy, roleIdentity, type Session } from "./session.js";
import { type AcceptedShare, readSession, soleShare } from "./share-message.js";

/** Bytes of an envelope key: as strong as the keys that follow from it. */
const ENVELOPE_KEY_LENGTH = 32;

/** A third party as it presents itself. */
export interface ForwardingParty {
  readonly identity: Identity;
  /** DER, leaf first, without the root. */
  readonly chain: readonly Uint8Array[];
  /** RSA-PSS with SHA-256 and a salt of 32 bytes, under the leaf's key. */
  sign(data: Uint8Array): Uint8Array;
  /** Bytes of a signature. */
  readonly signatureLength: number;
}

/** The Responder as a third party knows it. */
export interface KnownResponder {
  /** SHA-256 of its certificate. */
  readonly certificateHash: Uint8Array;
  /** RSA-OAEP with SHA-256 under its key. */
  wrap(envelopeKey: Uint8Array): Uint8Array;
}

/** A forward message, and the envelope key under which its answer R_TP comes. */
export interface CreatedForwardMessage {
  readonly bytes: Uint8Array;
  readonly envelopeKey: Uint8Array;
}

/** Encodes a TP_R for an accepted share. `statement` is the sensor's enrolment statement (a compact JWS). */
export function createForwardMessage(
  primitives: Primitives,
  random: RandomSource,
  { session, checkValue, share }: AcceptedShare,
  party: ForwardingParty,
  responder: KnownResponder,
  statement: Uint8Array,
  unixTime: number,
): CreatedForwardMessage {
  const timestamp = ntpTimestamp(unixTime);
  const envelopeKey = random(ENVELOPE_KEY_LENGTH);
  const sensorT = counterTimestamp(session.t);
  const certificates = party.chain.map(
    (data): Payload => ({ type: PayloadTypes.CERT, certificateType: CertificateTypes.x509, data }),
  );
  const extension = (extension: number, data: Uint8Array): Payload => ({
    type: PayloadTypes.generalExtension,
    extension,
    data,
  });
  try {
    const bytes = createPublicKeyMessage(
      primitives,
      {
        header: sessionHeader(session, DataTypes.publicKey, true),
        payloads: [
          { type: PayloadTypes.T, timestamp },
          { type: PayloadTypes.RAND, rand: session.rand },
          { type: PayloadTypes.IDR, role: Roles.initiator, identity: session.sensor },
          { type: PayloadTypes.IDR, role: Roles.thirdParty, identity: party.identity },
          ...certificates,
          { type: PayloadTypes.IDR, role: Roles.responder, identity: session.responder },
          shareExtension({ sharing: session.sharing, checkValue }),
          extension(ExtensionTypes.initiatorTimestamp, concat(uint(sensorT.type, 1), sensorT.value)),
          extension(ExtensionTypes.statement, statement),
        ],
        suite: session.suite,
        timestamp,
        rand: session.rand,
        initiator: party.identity,
        keys: [tgk(share)],
        envelopeKey,
        wrappedKey: responder.wrap(envelopeKey),
        certificateHash: responder.certificateHash,
      },
      { algorithm: SignatureTypes.rsaPss, length: party.signatureLength, sign: (data) => party.sign(data) },
    );
    return { bytes, envelopeKey };
  } catch (error) {
    wipe(envelopeKey);
    throw error;
  }
}

/** A forward message as it was read: nothing of it is authenticated yet. */
export interface ForwardMessage {
  readonly message: DecodedMessage;
  readonly session: Session;
  readonly checkValue: Uint8Array;
  readonly thirdParty: Identity;
  /** The third party's certificates, DER, leaf first. */
  readonly chain: readonly Uint8Array[];
  /** The enrolment statement, a compact JWS in ASCII. */
  readonly statement: Uint8Array;
  /** The third party's T, and the same as Unix time in milliseconds. */
  readonly timestamp: Timestamp;
  readonly unixTime: number;
}

/** Reads a TP_R. Throws a DecodeError or a Refusal. */
export function readForwardMessage(bytes: Uint8Array): ForwardMessage {
  const message = decodeMessage(bytes);
  refuseOtherDataType(message, DataTypes.publicKey);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const unixTime = unixMilliseconds(timestamp);
  if (timestamp.type !== TimestampTypes.ntpUtc || unixTime === undefined) {
    throw new Refusal(ErrorNumbers.timestamp, "T of the third party is not NTP-UTC");
  }
  const sensorT = extensionData(message.payloads, ExtensionTypes.initiatorTimestamp);
  if (sensorT === undefined || sensorT.length !== 5) {
    throw new Refusal(ErrorNumbers.timestamp, "the sensor's T is missing");
  }
  const t = counterValue({ type: sensorT[0], value: sensorT.subarray(1) });
  if (t === undefined) throw new Refusal(ErrorNumbers.timestamp, "the sensor's T is not a COUNTER");
  const statement = extensionData(message.payloads, ExtensionTypes.statement);
  if (statement === undefined)
    throw new Refusal(ErrorNumbers.certificate, "the enrolment statement is missing");
  const certificates = payloadsOf(message, PayloadTypes.CERT);
  if (certificates.some(({ certificateType }) => certificateType !== CertificateTypes.x509)) {
    throw new Refusal(ErrorNumbers.certificate, "a certificate is not X.509");
  }
  return {
    message,
    ...readSession(message, t),
    thirdParty: roleIdentity(message.payloads, Roles.thirdParty, "third party"),
    chain: certificates.map(({ data }) => data),
    statement,
    timestamp,
    unixTime,
  };
}

/** The Responder's own keys. */
export interface ReceivingResponder {
  readonly identity: Identity;
  /** SHA-256 of its certificate. */
  readonly certificateHash: Uint8Array;
  /** The envelope key, or undefined when PKE does not open. */
  unwrap(wrappedKey: Uint8Array): Uint8Array | undefined;
}

/** What the Responder holds of an accepted TP_R. */
export interface ForwardedShare extends AcceptedShare {
  /** The share index: the third party's place in the statement, never a number from the wire. */
  readonly x: number;
  readonly thirdParty: Identity;
  /** The key under which R_TP goes back. */
  readonly envelopeKey: Uint8Array;
}

/**
 * Accepts a TP_R whose certificate chain and statement the caller has validated: `policy` is the
 * statement's, `verify` checks a signature under the leaf's key. What is cheap comes first, the signature
 * before anything is decrypted. Throws a DecodeError or a Refusal.
 */
export function consumeForwardMessage(
  primitives: Primitives,
  { message, session, checkValue, thirdParty }: ForwardMessage,
  policy: Policy,
  responder: ReceivingResponder,
  verify: (data: Uint8Array, signature: Uint8Array) => boolean,
): ForwardedShare {
  const x = refuseOutsiders(session, thirdParty, policy, responder.identity);
  const chash = requiredPayload(message, PayloadTypes.CHASH, ErrorNumbers.hash);
  if (chash.hash !== HashFunctions.sha256) {
    throw new Refusal(ErrorNumbers.hash, `Hash func ${chash.hash} of CHASH is not SHA-256`);
  }
  if (!equal(chash.value, responder.certificateHash)) {
    throw new Refusal(ErrorNumbers.certificate, "CHASH is not of this Responder's certificate");
  }
  checkSignature(message, SignatureTypes.rsaPss, verify);
  const { identity, keys, envelopeKey } = consumePublicKeyMessage(primitives, message, (data) =>
    responder.unwrap(data),
  );
  try {
    if (identity === undefined || !sameIdentity(identity, thirdParty)) {
      throw new Refusal(ErrorNumbers.identity, "the identity inside the KEMAC is not the signer's");
    }
    return { session, checkValue, share: soleShare(keys), x, thirdParty, envelopeKey };
  } catch (error) {
    wipe(envelopeKey, ...keys.map(({ key }) => key));
    throw error;
  }
}

/** The cheap checks of who may take part, without any public-key operation. Returns the share index. */
export function refuseOutsiders(
  session: Session,
  thirdParty: Identity,
  policy: Policy,
  responder: Identity,
): number {
  if (!sameIdentity(session.responder, responder)) {
    throw new Refusal(ErrorNumbers.identity, "the sensor authorised another Responder");
  }
  const x = shareIndex(policy, thirdParty);
  if (x === 0) {
    throw new Refusal(
      ErrorNumbers.identity,
      `${identityToText(thirdParty)} is not a third party of this sensor`,
    );
  }
  refuseOtherPolicy(session, policy);
  return x;
}
