/** The enrolment as boards keep it: the text of `sensor.json`, full of keys. */

import { type Enrolment, enrolmentFromJson } from "./enrolment.js";

/** Reads the text. Throws a SyntaxError or RangeError that says where it is wrong and quotes nothing of it. */
export function enrolmentFromText(text: string): Enrolment {
  return enrolmentFromJson(parse(text));
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
