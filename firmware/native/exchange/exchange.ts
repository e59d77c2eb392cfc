/**
 * The sensor's steps of an exchange in C (protocol/exchange/steps.ts). C knows a session by its bytes: the numbers of
 * its suite, then what the check value covers. RAND is a view of their end.
 */
/// <reference path="../native.d.ts" />

import { readUint } from "../../../protocol/bytes.js";
import { sharingOf } from "../../../protocol/exchange/policy.js";
import type { SensorSteps } from "../../../protocol/exchange/steps.js";
import { Phases } from "../../../protocol/marks.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { suiteByName } from "../../../protocol/mikey/suites.js";

/** At the end of a session's bytes. */
const CSB_ID_LENGTH = 4;
const RAND_LENGTH = 16;
const PSK_LENGTH = 16;
/** Where nonce and sender ID begin in an R_I, behind the nonce its extension's head. */
const CONFIRMATION_NONCE = 19;
const CONFIRMATION_NONCE_END = 27;
const CONFIRMATION_ID = 31;

/** Stands before what takes it as it is: it is a constant where bundle.ts links it. */
function stepPsks(this: void, psks: Uint8Array): void {
  native("xs_exchange_step_psks").call(this, psks);
}

export const steps: SensorSteps = {
  stepPsks,

  createSession(policy, responder, nonce, t) {
    if (t >>> 0 !== t) throw new RangeError(`T: a COUNTER goes from 0 to 2^32 - 1, got ${t}`);
    const { sensor } = policy;
    const suite = suiteByName(policy.suite);
    const { prf, encryption, mac, verification } = suite;
    const sharing = sharingOf(policy);
    const { threshold, privacy, shares } = sharing;
    const { type, data } = sensor;
    const numbers = (prf << 24) | (encryption << 16) | (mac << 8) | verification;
    const bytes = sessionBytes(
      numbers,
      (threshold << 16) | (privacy << 8) | shares,
      type,
      data,
      responder.type,
      responder.data,
      t,
      nonce,
    );
    const offset = bytes.byteLength - RAND_LENGTH;
    const csbId = new Uint8Array(bytes, offset - CSB_ID_LENGTH, CSB_ID_LENGTH);
    return { sensor, responder, sharing, suite, t, csbId, rand: new Uint8Array(bytes, offset) };
  },

  createShareMessages(session, psks, weights, tgk, mark) {
    const { privacy, shares } = session.sharing;
    if (psks.length !== shares) throw new RangeError(`PSKs: expected ${shares}, got ${psks.length}`);
    const bytes = session.rand.buffer;
    const deriving = new Uint8Array(privacy * PSK_LENGTH);
    for (let i = 0; i < privacy; i++) deriving.set(psks[i], i * PSK_LENGTH);
    let all: ArrayBuffer;
    try {
      all = openMessages(bytes, tgk, deriving, weights);
    } finally {
      deriving.fill(0);
    }
    const length = all.byteLength / shares;
    const messages: Uint8Array[] = [];
    try {
      for (let i = 0; i < shares; i++) {
        mark?.(Phases.build);
        const message = new Uint8Array(all, i * length, length);
        seal(bytes, psks[i], message);
        messages.push(message);
      }
      return messages;
    } catch (error) {
      // Those that are not sealed have their shares in the clear.
      new Uint8Array(all).fill(0);
      throw error;
    }
  },

  consumeShareVerification(bytes, session, { type, data }, psk) {
    const offset = shareVerification(session.rand.buffer, type, data, psk, bytes);
    if (offset < 0) throw doesNotHold();
    // Before it stands its length.
    return offset === 0 ? undefined : bytes.subarray(offset, offset + readUint(bytes, offset - 2, 2));
  },

  consumeConfirmation(bytes, session, tgk) {
    const idLength = confirmation(session.rand.buffer, tgk, bytes);
    if (idLength < 0) throw doesNotHold();
    const nonce = bytes.slice(CONFIRMATION_NONCE, CONFIRMATION_NONCE_END);
    return { nonce, senderId: bytes.slice(CONFIRMATION_ID, CONFIRMATION_ID + idLength) };
  },

  channelKeys(session, tgk) {
    const tek = new Uint8Array(16);
    const salt = new Uint8Array(8);
    deriveKeys(session.rand.buffer, tgk, tek, salt);
    return { tek, salt };
  },
};

/** One answer to whatever is wrong: who asks may be anybody. */
function doesNotHold(): Refusal {
  return new Refusal(ErrorNumbers.authentication, "V does not hold");
}

/** `suite` and `sharing` are PRF func, Encr alg, MAC alg and Auth alg of V; and k, t and n: a byte each. */
function sessionBytes(
  this: void,
  suite: number,
  sharing: number,
  sensorType: number,
  sensor: Uint8Array,
  responderType: number,
  responder: Uint8Array,
  t: number,
  nonce: Uint8Array,
): ArrayBuffer {
  return native("xs_exchange_session").call(
    this,
    suite,
    sharing,
    sensorType,
    sensor,
    responderType,
    responder,
    t,
    nonce,
  );
}

/**
 * A buffer with all share messages, one after the other, their shares in the clear. `psks` are those of the first t
 * third parties, joined in the same way.
 */
function openMessages(
  this: void,
  session: ArrayBufferLike,
  tgk: Uint8Array,
  psks: Uint8Array,
  weights: Uint8Array,
): ArrayBuffer {
  return native("xs_exchange_open_messages").call(this, session, tgk, psks, weights);
}

/** Seals one of them in place. */
function seal(this: void, session: ArrayBufferLike, psk: Uint8Array, message: Uint8Array): void {
  native("xs_exchange_seal").call(this, session, psk, message);
}

/** Where R_I begins in a TP_I; 0 where there is none, −1 where the message does not hold. */
function shareVerification(
  this: void,
  session: ArrayBufferLike,
  type: number,
  thirdParty: Uint8Array,
  psk: Uint8Array,
  message: Uint8Array,
): number {
  return native("xs_exchange_share_verification").call(this, session, type, thirdParty, psk, message);
}

/** The length of the sender ID in an R_I; −1 where the message does not hold. */
function confirmation(this: void, session: ArrayBufferLike, tgk: Uint8Array, message: Uint8Array): number {
  return native("xs_exchange_confirmation").call(this, session, tgk, message);
}

function deriveKeys(
  this: void,
  session: ArrayBufferLike,
  tgk: Uint8Array,
  tek: Uint8Array,
  salt: Uint8Array,
): void {
  native("xs_exchange_keys").call(this, session, tgk, tek, salt);
}
