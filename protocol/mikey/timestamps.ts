/** T in its forms (RFC 3830 §6.6, RFC 6043 §6.3). */

import { readUint, uint, writeUint } from "../bytes.js";
import { TimestampTypes } from "./numbers.js";

/** A timestamp as it stands on the wire. */
export interface Timestamp {
  readonly type: number;
  readonly value: Uint8Array;
}

/** Seconds from 1900-01-01 (NTP) to 1970-01-01 (Unix). */
const NTP_TO_UNIX = 2208988800;

/** How many bytes a TS type takes, or undefined for an unknown one. */
export function timestampLength(type: number): number | undefined {
  switch (type) {
    case TimestampTypes.ntpUtc:
    case TimestampTypes.ntp:
      return 8;
    case TimestampTypes.counter:
    case TimestampTypes.ntpUtc32:
      return 4;
    default:
      return undefined;
  }
}

/**
 * A COUNTER timestamp (0 to 2^32 − 1): for an Initiator that has no clock. Throws a RangeError for any other
 * number: a counter that wrapped would use an IV again.
 */
export function counterTimestamp(counter: number): Timestamp {
  if (counter >>> 0 !== counter) {
    throw new RangeError(`T: a COUNTER goes from 0 to 2^32 - 1, got ${counter}`);
  }
  return { type: TimestampTypes.counter, value: uint(counter, 4) };
}

/** The number in a COUNTER timestamp, or undefined when it is of another type. */
export function counterValue(timestamp: Timestamp): number | undefined {
  return timestamp.type === TimestampTypes.counter ? readUint(timestamp.value, 0, 4) : undefined;
}

/** An NTP-UTC timestamp of a Unix time in milliseconds. */
export function ntpTimestamp(unixMilliseconds: number): Timestamp {
  const value = new Uint8Array(8);
  const seconds = Math.floor(unixMilliseconds / 1000);
  writeUint(value, 0, 4, (seconds + NTP_TO_UNIX) % 2 ** 32);
  writeUint(value, 4, 4, Math.floor(((unixMilliseconds - seconds * 1000) / 1000) * 2 ** 32));
  return { type: TimestampTypes.ntpUtc, value };
}

/**
 * Unix time in milliseconds of an NTP-UTC, NTP or NTP-UTC-32 timestamp, or undefined for a COUNTER.
 * Seconds below 2^31 belong to the era that begins in 2036 (RFC 4330 §3).
 */
export function unixMilliseconds(timestamp: Timestamp): number | undefined {
  if (timestamp.type === TimestampTypes.counter) return undefined;
  let seconds = readUint(timestamp.value, 0, 4);
  if (seconds < 2 ** 31) seconds += 2 ** 32;
  const fraction = timestamp.value.length === 8 ? readUint(timestamp.value, 4, 4) / 2 ** 32 : 0;
  return (seconds - NTP_TO_UNIX + fraction) * 1000;
}

/**
 * T as 64 bits, as it enters an IV (RFC 3830 §4.2.3): a COUNTER is padded with zeros on the left (§6.6),
 * an NTP-UTC-32 with a zero fraction on the right (RFC 6043 §6.3).
 */
export function timestamp64(timestamp: Timestamp): Uint8Array {
  if (timestamp.value.length === 8) return timestamp.value;
  const padded = new Uint8Array(8);
  padded.set(timestamp.value, timestamp.type === TimestampTypes.ntpUtc32 ? 0 : 4);
  return padded;
}
