/** What stands in a General Extension: those of profile 1, and the texts of RFC 3830 §6.15. */

import { toHex } from "../../protocol/bytes.js";
import { readShareExtension } from "../../protocol/exchange/profile.js";
import { ExtensionTypes, PayloadTypes } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { timestampLength } from "../../protocol/mikey/timestamps.js";
import { type Meaning, nameOf, timestampTypes } from "./names.js";
import { timestampMeaning } from "./timestamp.js";

/** The meaning of an extension's Data. */
export function extensionMeaning(type: number, data: Uint8Array): Meaning {
  switch (type) {
    case ExtensionTypes.vendorId:
    case ExtensionTypes.sdpIds:
      return /^[\x20-\x7e]+$/.test(latin1(data)) ? { meaning: latin1(data) } : {};
    case ExtensionTypes.share:
      return shareMeaning(data);
    case ExtensionTypes.confirmation:
      return { meaning: "a message that only the sensor can check", nested: data };
    case ExtensionTypes.initiatorTimestamp:
      return initiatorTimestampMeaning(data);
    case ExtensionTypes.statement:
      return statementMeaning(data);
    case ExtensionTypes.senderId:
      return { meaning: data.length === 0 ? "the empty ID" : toHex(data) };
    default:
      return {};
  }
}

function shareMeaning(data: Uint8Array): Meaning {
  try {
    const { sharing, checkValue } = readShareExtension([
      { type: PayloadTypes.generalExtension, extension: ExtensionTypes.share, data },
    ]);
    return {
      meaning: `profile 1, any ${sharing.threshold} of ${sharing.shares} shares give the key`,
      details: [
        `k ${sharing.threshold}: shares that give the key`,
        `t ${sharing.privacy}: shares that tell nothing`,
        `n ${sharing.shares}: shares`,
        `check value ${toHex(checkValue)}`,
      ],
    };
  } catch (error) {
    if (error instanceof Refusal) return { meaning: error.message };
    throw error;
  }
}

function initiatorTimestampMeaning(data: Uint8Array): Meaning {
  const timestamp = { type: data[0], value: data.subarray(1) };
  if (data.length === 0 || timestamp.value.length !== timestampLength(timestamp.type)) {
    return { meaning: "no TS type with its value" };
  }
  return { meaning: `${nameOf(timestampTypes, timestamp.type)} ${timestampMeaning(timestamp)}` };
}

/** A JWS in compact form (RFC 7515 §3.1): header and claims, the signature unchecked. */
function statementMeaning(data: Uint8Array): Meaning {
  const parts = latin1(data).split(".");
  try {
    if (parts.length !== 3) throw new SyntaxError("expected three parts");
    const [header, claims] = parts.slice(0, 2).map((part) => JSON.parse(fromBase64Url(part)) as unknown);
    return {
      meaning: "a JWS; its signature is not checked here",
      details: [`header ${JSON.stringify(header)}`, ...memberLines(claims)],
    };
  } catch (error) {
    return { meaning: `no compact JWS: ${(error as Error).message}` };
  }
}

function memberLines(claims: unknown): string[] {
  if (typeof claims !== "object" || claims === null) return [JSON.stringify(claims)];
  return Object.entries(claims).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
}

function fromBase64Url(text: string): string {
  return Buffer.from(text, "base64url").toString("utf8");
}

function latin1(data: Uint8Array): string {
  return Buffer.from(data).toString("latin1");
}
