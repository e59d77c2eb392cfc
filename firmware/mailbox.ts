/**
 * What a sensor keeps of its gateway: where its mailbox is, and the exchange whose R_I is to come there. Both outlast
 * the sleep between two wake-ups.
 */

import { concat, readUint, uint, wipe } from "../protocol/bytes.js";
import type { SuspendedExchange } from "../protocol/exchange/initiator.js";
import { type Identity, sameIdentity } from "../protocol/mikey/identity.js";
import type { Storage } from "./device.js";

/** Uri-Path of mailboxes: POST /m/NAME. */
export const MAILBOX_PATH = "m";

const MAILBOX = "mailbox";
const PENDING = "pending";
const FORMAT = 1;
const NONCE = 5;
const TGK = 13;

/** The name of the mailbox; undefined where there is none. */
export function readMailbox(storage: Storage): string | undefined {
  const name = storage.read(MAILBOX);
  return name === undefined || name.length === 0 ? undefined : String.fromCharCode(...name);
}

/** Uri-Path of the mailbox, which must be there. */
export function mailboxPath(storage: Storage): string {
  return `${MAILBOX_PATH}/${readMailbox(storage)}`;
}

/** `name` as the gateway gave it, ASCII. */
export function writeMailbox(storage: Storage, name: Uint8Array): void {
  storage.write(MAILBOX, name);
}

/** Format 1 ‖ T 4 ‖ N 8 ‖ TGK, length before it ‖ ID type and data of the Responder. */
export function writePending(
  storage: Storage,
  responder: Identity,
  { t, nonce, tgk }: SuspendedExchange,
): void {
  const name = concat(responder.type, responder.data);
  const value = concat(FORMAT, uint(t, 4), nonce, uint(tgk.length, 2), tgk, name);
  storage.write(PENDING, value);
  wipe(value);
}

/** The exchange with this Responder that waits; undefined where none does. Throws a RangeError for other contents. */
export function readPending(storage: Storage, responder: Identity): SuspendedExchange | undefined {
  const bytes = storage.read(PENDING);
  if (bytes === undefined || bytes.length === 0) return undefined;
  const end = TGK + 2 + readUint(bytes, TGK, 2);
  if (bytes[0] !== FORMAT || !(end < bytes.length)) {
    throw new RangeError("exchange: what is stored is of another format");
  }
  const known = { type: bytes[end], data: bytes.subarray(end + 1) };
  if (!sameIdentity(known, responder)) return undefined;
  return { t: readUint(bytes, 1, 4), nonce: bytes.slice(NONCE, TGK), tgk: bytes.slice(TGK + 2, end) };
}

/** Whether an exchange waits, with whomever. */
export function isPending(storage: Storage): boolean {
  return (storage.read(PENDING)?.length ?? 0) > 0;
}

/** Wipes both: the sensor that they are of is no more. */
export function forgetMailbox(storage: Storage): void {
  for (const name of [MAILBOX, PENDING]) {
    if ((storage.read(name)?.length ?? 0) > 0) storage.write(name, new Uint8Array(0));
  }
}

/** No exchange waits any more, and its TGK is unreadable where the board can do that. */
export function clearPending(storage: Storage): void {
  if (!isPending(storage)) return;
  storage.write(PENDING, new Uint8Array(0));
  storage.wipeOld?.();
}
