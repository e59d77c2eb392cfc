/**
 * How R_I and TP_I lie, each in one piece, and the beginning that all messages of a sensor have. Apart from layout.ts, since
 * a board that has the rest in C still puts R_I together when it comes through a gateway, and the receipt of a third
 * party that answers without names.
 */

import { concat } from "../bytes.js";
import type { Identity } from "../mikey/identity.js";
import {
  DataTypes,
  ExtensionTypes,
  MapTypes,
  PayloadTypes,
  Roles,
  TimestampTypes,
  VERSION,
} from "../mikey/numbers.js";
import type { Session } from "./session.js";

const LONGEST_IDENTITY = 0xffff;

/** HDR and T of a message whose third payload is `next`. `timestamp` is the T of the session, 4 bytes. */
export function messageHead(
  { suite, csbId }: Session,
  dataType: number,
  verify: boolean,
  timestamp: Uint8Array,
  next: number,
): Uint8Array {
  return concat(
    // HDR, with no crypto session
    VERSION,
    dataType,
    PayloadTypes.T,
    verify ? suite.prf | 0x80 : suite.prf,
    csbId,
    0,
    MapTypes.empty,
    // T
    next,
    TimestampTypes.counter,
    timestamp,
  );
}

/** Where the nonce stands in R_I: behind HDR (10 bytes), T (6), and RANDR's Next payload, role and length. */
export const CONFIRMATION_NONCE_OFFSET = 10 + 6 + 3;

/** R_I up to its tag. */
export function coveredConfirmation(
  session: Session,
  timestamp: Uint8Array,
  nonce: Uint8Array,
  senderId: Uint8Array,
): Uint8Array {
  const { suite, responder } = session;
  const length = lengthOf(responder);
  return concat(
    messageHead(session, DataTypes.preSharedKeyVerification, false, timestamp, PayloadTypes.RANDR),
    // RANDR
    PayloadTypes.generalExtension,
    Roles.responder,
    nonce.length,
    nonce,
    // General Extension
    PayloadTypes.IDR,
    ExtensionTypes.senderId,
    0,
    senderId.length,
    senderId,
    // IDR of the Responder
    PayloadTypes.V,
    Roles.responder,
    responder.type,
    length >> 8,
    length,
    responder.data,
    // V
    PayloadTypes.last,
    suite.verification,
  );
}

/** TP_I with an R_I of that many bytes, up to the R_I; or without one, up to V. */
export function shareVerificationHead(
  session: Session,
  timestamp: Uint8Array,
  thirdParty: Identity,
  confirmationLength: number | undefined,
): Uint8Array {
  const length = lengthOf(thirdParty);
  const upToIdentity = concat(
    messageHead(session, DataTypes.preSharedKeyVerification, false, timestamp, PayloadTypes.IDR),
    // IDR of the third party
    confirmationLength === undefined ? PayloadTypes.V : PayloadTypes.generalExtension,
    Roles.thirdParty,
    thirdParty.type,
    length >> 8,
    length,
    thirdParty.data,
  );
  if (confirmationLength === undefined) return upToIdentity;
  return concat(
    upToIdentity,
    // General Extension
    PayloadTypes.V,
    ExtensionTypes.confirmation,
    confirmationLength >> 8,
    confirmationLength,
  );
}

/** Bytes of an identity. Throws a RangeError for more than its length field can say. */
export function lengthOf({ data }: Identity): number {
  const { length } = data;
  if (length > LONGEST_IDENTITY) throw new RangeError(`identity: ${length} bytes are too many`);
  return length;
}
