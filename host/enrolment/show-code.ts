/** A board's code as people take it from a terminal: a QR code, and digits. */

import { renderUnicodeCompact } from "uqr";
import { codeToDigits } from "../../protocol/enrolment/code.js";

/** What stands before the digits in the QR code, so that a reader knows what they are. */
export const CODE_PREFIX = "SYMBOLON:";

/** Several lines. Capitals and digits make a small QR code: its alphanumeric mode. */
export function showCode(code: Uint8Array): string {
  const digits = codeToDigits(code);
  return `${renderUnicodeCompact(`${CODE_PREFIX}${digits}`, { border: 2 })}\n\n${digits}\n`;
}
