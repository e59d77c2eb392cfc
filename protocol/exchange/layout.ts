/**
 * The messages of profile 1 that a sensor makes and takes, each in one piece. mikey/payloads.ts knows every payload
 * and reads whatever comes; here stands how these few messages lie, so that a sensor neither assembles nor takes
 * apart what it knows beforehand. A tag is all zeros until it is made.
 */

import { concat } from "../bytes.js";
import { DataTypes, ExtensionTypes, KeyTypes, KeyValidities, PayloadTypes, Roles } from "../mikey/numbers.js";
import { macLength } from "../mikey/payloads.js";
import { SHARE_LENGTH } from "../shares/points.js";
import { lengthOf, messageHead } from "./confirmation-layout.js";
import { CHECK_VALUE_LENGTH, PROFILE, RAND_LENGTH } from "./profile.js";
import type { Session } from "./session.js";

/** I_TP up to its KEMAC: the same for every third party. */
export function shareMessageHead(
  session: Session,
  timestamp: Uint8Array,
  checkValue: Uint8Array,
): Uint8Array {
  const { sharing, sensor, responder, rand } = session;
  const sensorLength = lengthOf(sensor);
  const responderLength = lengthOf(responder);
  return concat(
    messageHead(session, DataTypes.preSharedKey, true, timestamp, PayloadTypes.RAND),
    // RAND
    PayloadTypes.IDR,
    RAND_LENGTH,
    rand,
    // IDR of the Initiator
    PayloadTypes.IDR,
    Roles.initiator,
    sensor.type,
    sensorLength >> 8,
    sensorLength,
    sensor.data,
    // IDR of the Responder
    PayloadTypes.generalExtension,
    Roles.responder,
    responder.type,
    responderLength >> 8,
    responderLength,
    responder.data,
    // General Extension: profile.ts
    PayloadTypes.KEMAC,
    ExtensionTypes.share,
    0,
    4 + CHECK_VALUE_LENGTH,
    PROFILE,
    sharing.threshold,
    sharing.privacy,
    sharing.shares,
    checkValue,
  );
}

/** Key data before a share: Next payload, Type and KV, length. */
const KEY_DATA_HEAD = 4;

/** Where the contents of the KEMAC begin in I_TP. */
export function contentsOffset(message: Uint8Array, tagLength: number): number {
  return message.length - tagLength - 1 - KEY_DATA_HEAD - SHARE_LENGTH;
}

/** I_TP with its share in the clear, as mikey/kemac.ts seals it in place. `head` is that of shareMessageHead. */
export function openShareMessage({ suite }: Session, head: Uint8Array, share: Uint8Array): Uint8Array {
  return concat(
    head,
    // KEMAC
    PayloadTypes.last,
    suite.encryption,
    0,
    KEY_DATA_HEAD + SHARE_LENGTH,
    // Key data
    PayloadTypes.last,
    (KeyTypes.tgk << 4) | KeyValidities.none,
    0,
    SHARE_LENGTH,
    share,
    // MAC
    suite.mac,
    new Uint8Array(macLength(suite.mac)!),
  );
}
