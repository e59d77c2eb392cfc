/** The enrolment as boards keep it: the text of `sensor.json`, full of keys. */

import { type Enrolment, enrolmentFromJson } from "./enrolment.js";

/** Reads the text. Throws a SyntaxError or RangeError that says where it is wrong and quotes nothing of it. */
export function enrolmentFromText(text: string): Enrolment {
  return enrolmentFromJson(parse(text));
}

/**
 * The same file with zeros in the place of its PSKs, which the chain has taken. Its bytes, for any encoding of ASCII;
 * searched as bytes, since a board takes a file's length of memory for its text.
 */
export function withoutPsks(file: Uint8Array): Uint8Array {
  const copy = file.slice();
  const start = listOfPsks(copy);
  if (start < 0) return copy;
  const end = copy.indexOf(CLOSING, start);
  for (let open = copy.indexOf(QUOTE, start); open >= 0 && open < end; ) {
    const close = copy.indexOf(QUOTE, open + 1);
    copy.fill(ZERO, open + 1, close);
    open = copy.indexOf(QUOTE, close + 1);
  }
  return copy;
}

const QUOTE = 0x22;
const ZERO = 0x30;
const COLON = 0x3a;
const OPENING = 0x5b;
const CLOSING = 0x5d;
const SPACE = 0x20;
/** "psks", with its quotes. */
const NAME: readonly number[] = [QUOTE, 0x70, 0x73, 0x6b, 0x73, QUOTE];

/** Where the list behind "psks": begins, or −1. */
function listOfPsks(file: Uint8Array): number {
  for (let p = file.indexOf(NAME[1]); p >= 0; p = file.indexOf(NAME[1], p + 1)) {
    if (!NAME.every((byte, i) => file[p - 1 + i] === byte)) continue;
    const colon = behindSpace(file, p - 1 + NAME.length);
    if (file[colon] !== COLON) continue;
    const list = behindSpace(file, colon + 1);
    if (file[list] === OPENING) return list;
  }
  return -1;
}

/** The next byte that is no white space. */
function behindSpace(file: Uint8Array, offset: number): number {
  while (file[offset] <= SPACE) offset++;
  return offset;
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
