/** An explanation as text for people, and as JSON for programs. */

import { toHex } from "../../protocol/bytes.js";
import type { Check } from "./check.js";
import type { Contents, ExplainedField, ExplainedPayload, Explanation } from "./explain.js";

/** Bytes of a value in a line of text; what is longer is cut. */
const SHOWN = 16;
const OFFSET_WIDTH = 6;
const HEX_WIDTH = 2 * SHOWN + 2;
const NAME_WIDTH = 22;

/** The explanation, line by line. */
export function renderText(explanation: Explanation, check?: Check): string[] {
  const opened = check?.contents;
  const lines = explanation.payloads.flatMap((payload) => payloadLines(payload, opened, ""));
  lines.push(...trailingLines(explanation, ""));
  if (check !== undefined) {
    lines.push(
      "",
      `${check.payload}: ${check.holds ? "holds under this key" : `does not hold: ${clean(check.reason ?? "")}`}`,
    );
  }
  return lines;
}

function payloadLines(payload: ExplainedPayload, opened: Contents | undefined, indent: string): string[] {
  const lines = [`${indent}${payload.name}`, ...payload.fields.flatMap((field) => fieldLines(field, indent))];
  const contents = payload.contents ?? (payload.name === "KEMAC" ? opened : undefined);
  if (contents !== undefined) {
    const inner = `${indent}    `;
    lines.push(...contents.payloads.flatMap((sub) => payloadLines(sub, undefined, inner)));
    if (contents.error !== undefined) lines.push(`${inner}can't be read: ${clean(contents.error.message)}`);
  }
  return lines;
}

function fieldLines(field: ExplainedField, indent: string): string[] {
  const { name, offset, size, bytes, value, meaning, details = [], nested } = field;
  const shown = bytesText(bytes) + (value === undefined ? "" : ` (${value})`);
  const words: string[] = [];
  if (size > SHOWN) words.push(`${size} bytes`);
  if (meaning !== undefined) words.push(clean(meaning));
  const place = `${offset}`.padStart(OFFSET_WIDTH);
  const start = `${indent}${place}  ${shown.padEnd(HEX_WIDTH)}  `;
  const lines = [`${start}${name.padEnd(NAME_WIDTH)}  ${words.join(": ")}`.trimEnd()];
  const margin = " ".repeat(start.length + NAME_WIDTH + 2);
  for (const detail of details) lines.push(`${margin}${clean(detail)}`);
  if (nested !== undefined) {
    const inner = `${indent}    `;
    lines.push(...nested.payloads.flatMap((payload) => payloadLines(payload, undefined, inner)));
    lines.push(...trailingLines(nested, inner));
    if (nested.error !== undefined) lines.push(`${inner}can't be read: ${clean(nested.error.message)}`);
  }
  return lines;
}

function bytesText(value: Uint8Array | undefined): string {
  if (value === undefined) return "…";
  return value.length > SHOWN ? `${toHex(value.subarray(0, SHOWN))}…` : toHex(value);
}

function trailingLines({ trailing, length }: Explanation, indent: string): string[] {
  if (trailing.length === 0) return [];
  const place = `${length - trailing.length}`.padStart(OFFSET_WIDTH);
  return [
    `${indent}behind the message`,
    `${indent}${place}  ${bytesText(trailing).padEnd(HEX_WIDTH)}  ${trailing.length} bytes that nothing protects`,
  ];
}

/** The same as one object. Bytes are hexadecimal, and whole. */
export function renderJson(explanation: Explanation, check?: Check): Record<string, unknown> {
  const { length, payloads, trailing, error } = explanation;
  return {
    bytes: length,
    payloads: payloads.map(payloadJson),
    trailing: toHex(trailing),
    ...(error === undefined ? {} : { error: errorJson(error) }),
    ...(check === undefined ? {} : { check: checkJson(check) }),
  };
}

function payloadJson({ name, offset, fields, contents }: ExplainedPayload): Record<string, unknown> {
  return {
    payload: name,
    offset,
    fields: fields.map(fieldJson),
    ...(contents === undefined ? {} : { contents: contentsJson(contents) }),
  };
}

function fieldJson(field: ExplainedField): Record<string, unknown> {
  const { name, offset, size, bytes, value, meaning, details, nested } = field;
  return {
    name,
    offset,
    size,
    ...(bytes === undefined ? {} : { hex: toHex(bytes) }),
    ...(value === undefined ? {} : { value }),
    ...(meaning === undefined ? {} : { meaning }),
    ...(details === undefined ? {} : { details }),
    ...(nested === undefined ? {} : { message: renderJson(nested) }),
  };
}

function contentsJson({ payloads, error }: Contents): Record<string, unknown> {
  return {
    payloads: payloads.map(payloadJson),
    ...(error === undefined ? {} : { error: errorJson(error) }),
  };
}

function checkJson({ payload, holds, reason, contents }: Check): Record<string, unknown> {
  return {
    payload,
    holds,
    ...(reason === undefined ? {} : { reason }),
    ...(contents === undefined ? {} : { contents: contentsJson(contents) }),
  };
}

function errorJson(error: { payload: string; offset: number; message: string }): Record<string, unknown> {
  return { payload: error.payload, offset: error.offset, message: error.message };
}

/** Text out of a message must not steer the terminal. */
function clean(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones to take out
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
