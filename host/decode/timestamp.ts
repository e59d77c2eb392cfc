/** What a timestamp says (RFC 3830 §6.6). */

import { counterValue, type Timestamp, unixMilliseconds } from "../../protocol/mikey/timestamps.js";

/** The date, or the number of a COUNTER. */
export function timestampMeaning(timestamp: Timestamp): string {
  const counter = counterValue(timestamp);
  if (counter !== undefined) return `${counter}`;
  return new Date(Math.round(unixMilliseconds(timestamp)!)).toISOString();
}
