/** What a sensor reads of an error message (RFC 3830 §5.1.2, §6.12). Nothing authenticates it. */

import { DataTypes, PayloadTypes } from "./numbers.js";
import { timestampLength } from "./timestamps.js";

/** HDR, with no crypto session. */
const HDR_LENGTH = 10;
const CS_COUNT = 8;

/** The ERR number in HDR, T, ERR, as createErrorMessage writes them; undefined for any other bytes. */
export function errorNumberIn(bytes: Uint8Array): number | undefined {
  if (bytes[1] !== DataTypes.error || bytes[2] !== PayloadTypes.T || bytes[CS_COUNT] !== 0) return undefined;
  const length = timestampLength(bytes[HDR_LENGTH + 1]);
  if (bytes[HDR_LENGTH] !== PayloadTypes.ERR || length === undefined) return undefined;
  // Next payload, TS type, TS value; then Next payload.
  return bytes[HDR_LENGTH + 2 + length + 1];
}
