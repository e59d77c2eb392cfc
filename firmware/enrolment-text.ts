/** The enrolment as boards keep it: the text of `sensor.json`, full of keys. */

import { type Enrolment, enrolmentFromJson } from "./enrolment.js";

/** Reads the text. Throws a SyntaxError or RangeError that says where it is wrong and quotes nothing of it. */
export function enrolmentFromText(text: string): Enrolment {
  return enrolmentFromJson(parse(text));
}

/** The same file with zeros in the place of its PSKs, which the chain has taken. Its bytes, for any encoding of ASCII. */
export function withoutPsks(file: Uint8Array): Uint8Array {
  let text = "";
  for (const byte of file) text += String.fromCharCode(byte);
  const [whole] = /"psks"\s*:\s*\[[^\]]*\]/.exec(text) ?? [""];
  const start = text.indexOf(whole) + whole.indexOf("[");
  const end = text.indexOf(whole) + whole.length;
  return file.map((byte, i) => (i > start && i < end && isHexDigit(byte) ? ZERO : byte));
}

const ZERO = 0x30;

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= ZERO && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

/** JSON.parse, but for its message, which may show what it stumbled over: XS tells the line, Node the position. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [place] = /^\d+(?=:)|position \d+/.exec((error as Error).message) ?? [];
    throw new SyntaxError(
      `malformed JSON${place === undefined ? "" : ` at ${place.replace(/^(?=\d)/, "line ")}`}`,
    );
  }
}
