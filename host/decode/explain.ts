/**
 * A MIKEY message explained field by field: where each stands, its bytes, its name and what it means.
 * Pure: bytes in, data out; render.ts makes it text or JSON.
 */

import { KEMAC_HEAD } from "../../protocol/mikey/kemac.js";
import { readKemacContents } from "../../protocol/mikey/key-data.js";
import { type DecodedMessage, decodeMessage } from "../../protocol/mikey/message.js";
import { DataTypes, EncryptionAlgorithms, PayloadTypes } from "../../protocol/mikey/numbers.js";
import type { Kemac } from "../../protocol/mikey/payloads.js";
import { DecodeError, type Field } from "../../protocol/mikey/reader.js";
import { fingerprint, meaningOf } from "./meaning.js";

/** One field. */
export interface ExplainedField {
  readonly name: string;
  readonly offset: number;
  /** Bytes that it takes; 0 for the lower part of a byte that the field before it counts. */
  readonly size: number;
  /** The bytes at that place; absent for keys that are not to be shown. */
  readonly bytes?: Uint8Array;
  /** What they stand for, in a field that is a number or a part of one. */
  readonly value?: number;
  readonly meaning?: string;
  /** More of the meaning, line by line. */
  readonly details?: readonly string[];
  /** A message inside the field. */
  readonly nested?: Explanation;
}

/** HDR, a payload or a sub-payload. */
export interface ExplainedPayload {
  readonly name: string;
  readonly offset: number;
  readonly fields: readonly ExplainedField[];
  /** What stands inside a KEMAC that is not encrypted, or was opened. */
  readonly contents?: Contents;
}

/** The sub-payloads of a KEMAC, as far as they could be read. */
export interface Contents {
  readonly payloads: readonly ExplainedPayload[];
  readonly error?: DecodeError;
}

export interface Explanation {
  /** Bytes of the whole input. */
  readonly length: number;
  readonly payloads: readonly ExplainedPayload[];
  /** What stands behind the message. */
  readonly trailing: Uint8Array;
  /** Why reading stopped. */
  readonly error?: DecodeError;
  /** The message, when all of it could be read. */
  readonly message?: DecodedMessage;
}

export interface ExplainOptions {
  /** Whether keys are shown; else their SHA-256 fingerprints. */
  readonly showKeys: boolean;
}

/** How deep messages may stand in messages: R_I in an answer, no deeper. */
const MAX_DEPTH = 2;

/** Explains a message, as far as it can be read. */
export function explainMessage(bytes: Uint8Array, options: ExplainOptions, depth = 0): Explanation {
  const explain = (data: Uint8Array) =>
    depth < MAX_DEPTH ? explainMessage(data, options, depth + 1) : undefined;
  const collector = new Collector(bytes, 0, options, explain);
  let message: DecodedMessage;
  try {
    message = decodeMessage(bytes, (field) => collector.take(field));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    const payloads = collector.payloads();
    return { length: bytes.length, payloads, trailing: bytes.subarray(bytes.length), error };
  }
  const payloads = collector.payloads().map((payload) => {
    const contents = clearContents(message, payload.offset, options);
    return contents === undefined ? payload : { ...payload, contents };
  });
  return { length: bytes.length, payloads, trailing: message.trailing, message };
}

/** Explains what stands inside a KEMAC whose Encr data begin at `base`. */
export function explainContents(
  plaintext: Uint8Array,
  mode: "preSharedKey" | "publicKey",
  base: number,
  options: ExplainOptions,
): Contents {
  const collector = new Collector(plaintext, base, options, () => undefined);
  try {
    readKemacContents(plaintext, mode, base, (field) => collector.take(field));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { payloads: collector.payloads(), error };
  }
  return { payloads: collector.payloads() };
}

/** The mode whose rules hold for the contents of a message's KEMAC (RFC 3830 §6.2). */
export function modeOf(message: DecodedMessage): "preSharedKey" | "publicKey" {
  return message.header.dataType === DataTypes.publicKey ? "publicKey" : "preSharedKey";
}

/** The contents of the KEMAC at an offset, when there is one and it is not encrypted. */
function clearContents(
  message: DecodedMessage,
  offset: number,
  options: ExplainOptions,
): Contents | undefined {
  const kemac = message.payloads[message.offsets.indexOf(offset)] as Kemac | undefined;
  if (kemac?.type !== PayloadTypes.KEMAC || kemac.encryption !== EncryptionAlgorithms.null) return undefined;
  return explainContents(kemac.encrypted, modeOf(message), offset + KEMAC_HEAD, options);
}

/** Sorts fields into payloads as they come. */
class Collector {
  private readonly sections: { name: string; offset: number; fields: ExplainedField[] }[] = [];
  private context = new Map<string, number | Uint8Array>();

  constructor(
    private readonly bytes: Uint8Array,
    /** Where `bytes` begin in the message that offsets count from. */
    private readonly base: number,
    private readonly options: ExplainOptions,
    private readonly explain: (bytes: Uint8Array) => Explanation | undefined,
  ) {}

  take(field: Field): void {
    let section = this.sections[this.sections.length - 1];
    const begins = field.name === "next payload" && field.payload !== "HDR";
    if (section === undefined || section.name !== field.payload || begins) {
      section = { name: field.payload, offset: field.offset, fields: [] };
      this.sections.push(section);
      this.context = new Map();
    }
    this.context.set(field.name, field.value);
    section.fields.push(this.explained(field));
  }

  payloads(): ExplainedPayload[] {
    return this.sections;
  }

  private explained(field: Field): ExplainedField {
    const { name, offset, size, value } = field;
    const place = { name, offset, size };
    if (isSecret(field, this.context) && !this.options.showKeys) {
      return { ...place, meaning: `not shown, SHA-256 ${fingerprint(value as Uint8Array)}` };
    }
    const { nested, ...meaning } = meaningOf(field, this.context);
    const inner = nested === undefined ? undefined : this.explain(nested);
    const start = offset - this.base;
    return {
      ...place,
      bytes: this.bytes.subarray(start, start + size),
      ...(typeof value === "number" ? { value } : {}),
      ...meaning,
      ...(inner === undefined ? {} : { nested: inner }),
    };
  }
}

/** Keys and salts in the clear, and Encr data that are none. */
function isSecret(
  { payload, name, value }: Field,
  context: ReadonlyMap<string, number | Uint8Array>,
): boolean {
  if (typeof value === "number") return false;
  if (payload === "Key data") return name === "Key" || name === "Salt";
  return payload === "KEMAC" && name === "Encr data" && context.get("Encr alg") === EncryptionAlgorithms.null;
}
