/**
 * I_TP, from the sensor to a third party: a share, in pre-shared-key mode.
 *
 * HDR(#CS 0, empty map), T(COUNTER), RAND, IDR(1 sensor), IDR(2 Responder), GenExt 241, KEMAC. The n
 * messages of a session differ in their KEMAC only. The Responder's identity under the sensor's MAC is the
 * authorization to pass the share on, which RFC 3830 §4.3.2 asks for.
 */

import { wipe } from "../bytes.js";
import { type Mark, Phases } from "../marks.js";
import { refuseUnsupportedKemac, sealMessage } from "../mikey/kemac.js";
import type { KeyData } from "../mikey/key-data.js";
import { prfHash } from "../mikey/keys.js";
import {
  type DecodedMessage,
  decodeMessage,
  refuseOtherDataType,
  requiredPayload,
} from "../mikey/message.js";
import { DataTypes, ErrorNumbers, KeyTypes, PayloadTypes, Roles } from "../mikey/numbers.js";
import { macLength } from "../mikey/payloads.js";
import { consumePreSharedKeyMessage } from "../mikey/pre-shared-key.js";
import { Refusal } from "../mikey/refusal.js";
import { suiteByNumbers } from "../mikey/suites.js";
import { counterTimestamp, counterValue } from "../mikey/timestamps.js";
import type { Primitives } from "../primitives.js";
import { encodeShares } from "../shares/encode.js";
import { SHARE_LENGTH } from "../shares/points.js";
import { contentsOffset, openShareMessage, shareMessageHead } from "./layout.js";
import type { Policy } from "./policy.js";
import { RAND_LENGTH, readShareExtension } from "./profile.js";
import {
  checkValue,
  derivedShare,
  labelContextOf,
  refuseOtherPolicy,
  roleIdentity,
  type Session,
} from "./session.js";

/**
 * The n share messages of a session, for third parties 1…n in order.
 *
 * `psks` has one 16-byte PSK for each, all different; `weights` is the matrix of the enrolment; `tgk` is
 * fresh from the random source, 16 · (k − t) bytes. `mark` hears where a message begins.
 */
export function createShareMessages(
  primitives: Primitives,
  session: Session,
  psks: readonly Uint8Array[],
  weights: Uint8Array,
  tgk: Uint8Array,
  mark?: Mark,
): Uint8Array[] {
  const { sharing, suite } = session;
  if (psks.length !== sharing.shares) {
    throw new RangeError(`PSKs: expected ${sharing.shares}, got ${psks.length}`);
  }
  const derived: Uint8Array[] = [];
  const shares: Uint8Array[] = [];
  const messages: Uint8Array[] = [];
  try {
    for (const psk of psks.slice(0, sharing.privacy)) derived.push(derivedShare(primitives, session, psk));
    shares.push(...encodeShares(sharing, weights, tgk, derived));
    const timestamp = counterTimestamp(session.t);
    const context = labelContextOf(session);
    const head = shareMessageHead(session, timestamp.value, checkValue(primitives, session, tgk, derived));
    for (let i = 0; i < psks.length; i++) {
      mark?.(Phases.build);
      const message = openShareMessage(session, head, shares[i]);
      messages.push(message);
      const offset = contentsOffset(message, macLength(suite.mac)!);
      const protection = { key: psks[i], context, timestamp };
      sealMessage(primitives, protection, suite.encryption, suite.mac, message, offset);
    }
    return messages;
  } catch (error) {
    // The last one may have its share in the clear.
    wipe(...messages);
    throw error;
  } finally {
    wipe(...derived, ...shares);
  }
}

/** A share message as it was read: nothing of it is authenticated yet. */
export interface ShareMessage {
  readonly message: DecodedMessage;
  readonly session: Session;
  readonly checkValue: Uint8Array;
}

/** Reads an I_TP. Throws a DecodeError or a Refusal. */
export function readShareMessage(bytes: Uint8Array): ShareMessage {
  const message = decodeMessage(bytes);
  refuseOtherDataType(message, DataTypes.preSharedKey);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const t = counterValue(timestamp);
  if (t === undefined) throw new Refusal(ErrorNumbers.timestamp, "T is not a COUNTER");
  return { message, ...readSession(message, t) };
}

/** What a third party holds once a share message is found good. */
export interface AcceptedShare {
  readonly session: Session;
  readonly checkValue: Uint8Array;
  /** 16 bytes. */
  readonly share: Uint8Array;
}

/**
 * Accepts an I_TP under the sensor's PSK and policy. Whether its T is new is the caller's to check: it
 * alone has the memory. Throws a DecodeError or a Refusal.
 */
export function consumeShareMessage(
  primitives: Primitives,
  { message, session, checkValue }: ShareMessage,
  policy: Policy,
  psk: Uint8Array,
): AcceptedShare {
  const { keys } = consumePreSharedKeyMessage(primitives, message, psk);
  try {
    // After the MAC: a forger learns nothing of the policy.
    refuseOtherPolicy(session, policy);
    return { session, checkValue, share: soleShare(keys) };
  } catch (error) {
    wipe(...keys.map(({ key }) => key));
    throw error;
  }
}

/** The one 16-byte TGK that a KEMAC of the distributed mode holds. */
export function soleShare(keys: readonly KeyData[]): Uint8Array {
  const [key] = keys;
  if (keys.length !== 1 || key.type !== KeyTypes.tgk || key.key.length !== SHARE_LENGTH) {
    throw new Refusal(ErrorNumbers.share, `KEMAC does not hold one share of ${SHARE_LENGTH} bytes`);
  }
  return key.key;
}

/** The session that a message with RAND, roles, GenExt 241 and KEMAC speaks of, and its check value. */
export function readSession(
  message: DecodedMessage,
  t: number,
): { session: Session; checkValue: Uint8Array } {
  const { rand } = requiredPayload(message, PayloadTypes.RAND, ErrorNumbers.unspecified);
  if (rand.length !== RAND_LENGTH) {
    throw new Refusal(ErrorNumbers.unspecified, `RAND: expected ${RAND_LENGTH} bytes, got ${rand.length}`);
  }
  const { sharing, checkValue } = readShareExtension(message.payloads);
  const kemac = requiredPayload(message, PayloadTypes.KEMAC, ErrorNumbers.authentication);
  const { prf, csbId } = message.header;
  const suite = suiteByNumbers(prf, kemac.encryption, kemac.mac);
  if (suite === undefined) {
    if (prfHash(prf) === undefined) throw new Refusal(ErrorNumbers.prf, `PRF func ${prf} is not supported`);
    refuseUnsupportedKemac(kemac);
    throw new Refusal(
      ErrorNumbers.encryption,
      `PRF func ${prf}, Encr alg ${kemac.encryption} and MAC alg ${kemac.mac} make no suite of profile 1`,
    );
  }
  const sensor = roleIdentity(message.payloads, Roles.initiator, "sensor");
  const responder = roleIdentity(message.payloads, Roles.responder, "Responder");
  return { session: { sensor, responder, sharing, suite, t, csbId, rand }, checkValue };
}
