/** A TP_R on its way into a session, and what of it may outlive it. */

import { toHex } from "../../protocol/bytes.js";
import {
  type ForwardedShare,
  type ForwardMessage,
  readForwardMessage,
} from "../../protocol/exchange/forward-message.js";
import type { ForwardContext } from "../../protocol/exchange/forward-verification.js";
import type { Session } from "../../protocol/exchange/session.js";
import { type Identity, identityToText } from "../../protocol/mikey/identity.js";
import { messageDigest } from "../refusals.js";
import type { MessagePlace } from "./records.js";
import type { OpenSession } from "./sessions.js";

/** A TP_R as it came. */
export interface Arrival {
  readonly message: ForwardMessage;
  readonly place: MessagePlace;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Reads a TP_R. Throws a DecodeError or a Refusal. */
export function arrivalOf(bytes: Uint8Array): Arrival {
  const message = readForwardMessage(bytes);
  return { message, place: placeOf(message), digest: messageDigest(bytes), bytes };
}

function placeOf({ thirdParty, unixTime, timestamp }: ForwardMessage): MessagePlace {
  return { thirdParty: identityToText(thirdParty), unixTime, timestamp: toHex(timestamp.value) };
}

/** What its R_TP will be made of. */
export function contextOf({ timestamp }: ForwardMessage, share: ForwardedShare): ForwardContext {
  const { session, thirdParty, envelopeKey } = share;
  return { session, thirdParty, timestamp, envelopeKey };
}

/** What outlives a message must not be a view of it: that would keep all of it, and what it came in. */
export function copyOf({ session, checkValue }: ForwardedShare): {
  session: Session;
  checkValue: Uint8Array;
} {
  const { csbId, rand, sensor, responder } = session;
  return {
    session: {
      ...session,
      csbId: csbId.slice(),
      rand: rand.slice(),
      sensor: copyOfIdentity(sensor),
      responder: copyOfIdentity(responder),
    },
    checkValue: checkValue.slice(),
  };
}

/** The same of a contribution, whose session says what the open one says. */
export function lasting(
  { thirdParty, timestamp, envelopeKey }: ForwardContext,
  { group }: OpenSession,
): ForwardContext {
  return {
    session: group.session,
    thirdParty: copyOfIdentity(thirdParty),
    timestamp: { ...timestamp, value: timestamp.value.slice() },
    envelopeKey: envelopeKey.slice(),
  };
}

function copyOfIdentity({ type, data }: Identity): Identity {
  return { type, data: data.slice() };
}
