/**
 * Rows of a CSV file as columns of numbers, read byte by byte: a recording has more lines than there are bytes in
 * memory. What is no number, or a line with other columns than the first one, ends the reading with its line.
 */

import { createReadStream } from "node:fs";
import { malformed } from "./trace.js";
import { CHUNK } from "./zip.js";

/** A column that is wanted. */
export type Column =
  /** A number; empty or "nan" is NaN. It is multiplied by `scale`. */
  | { readonly kind: "number"; readonly scale: number }
  /** A level: 0, 1, X (both) or - (not known) of Nordic's app, in this bit. */
  | { readonly kind: "bit"; readonly bit: number }
  /** Eight of those, the first in bit 0. */
  | { readonly kind: "bits" }
  | undefined;

export interface Layout {
  readonly delimiter: "," | ";" | "\t";
  /** As many as a line has. */
  readonly columns: readonly Column[];
  /** Lines before the first row. */
  readonly headerLines: number;
}

/** Rows that follow each other. Valid until the next ones are asked for. */
export interface Rows {
  readonly length: number;
  /** The columns that are numbers, in their order. */
  readonly numbers: readonly Float64Array[];
  /** Levels; what is not known holds its last level. */
  readonly levels: Uint8Array;
  /** The line of each row, from 1. */
  readonly lines: Uint32Array;
}

const NEWLINE = 10;
const RETURN = 13;
const HASH = 35;
const QUOTE = 34;
const ZERO = 48;
const NINE = 57;
/** Digits of a mantissa that a double holds exactly; powers of ten that it does. */
const EXACT_DIGITS = 15;
const POWERS = Array.from({ length: 23 }, (_, i) => 10 ** i);
const SHORTEST_ROW = 2;

/** All rows of a file. */
export async function* readRows(
  file: string,
  layout: Layout,
  notes: string[],
  onRead: (bytes: number) => void = () => {},
): AsyncGenerator<Rows, void, void> {
  const parser = new RowParser(file, layout);
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK })) {
    onRead((chunk as Buffer).length);
    const bytes = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    rest = Buffer.from(bytes.subarray(end));
    if (rest.length > CHUNK) throw malformed(file, `line ${parser.line}`, "longer than any row; no CSV?");
    if (end > 0) yield parser.parse(bytes.subarray(0, end));
  }
  if (rest.toString("latin1").trim() !== "") {
    // It may have been longer: 12.3 can be the beginning of 12.345.
    notes.push(
      `${file}: line ${parser.line} has no end and is left out: the file is cut off, or was not ended`,
    );
  }
}

class RowParser {
  readonly #file: string;
  readonly #layout: Layout;
  readonly #delimiter: number;
  readonly #decimal: number;
  #skip: number;
  #levels = 0;
  #numbers: Float64Array[];
  #out = new Uint8Array(0);
  #lines = new Uint32Array(0);
  /** Of what is parsed next. */
  line = 1;

  constructor(file: string, layout: Layout) {
    this.#file = file;
    this.#layout = layout;
    this.#delimiter = layout.delimiter.charCodeAt(0);
    this.#decimal = (layout.delimiter === ";" ? "," : ".").charCodeAt(0);
    this.#skip = layout.headerLines;
    this.#numbers = layout.columns.flatMap((column) =>
      column?.kind === "number" ? [new Float64Array(0)] : [],
    );
  }

  /** Whole lines. */
  parse(bytes: Buffer): Rows {
    const most = Math.ceil(bytes.length / SHORTEST_ROW);
    if (this.#out.length < most) {
      this.#numbers = this.#numbers.map(() => new Float64Array(most));
      this.#out = new Uint8Array(most);
      this.#lines = new Uint32Array(most);
    }
    let length = 0;
    for (let at = 0; at < bytes.length; ) {
      const first = bytes[at];
      const nothing = first === NEWLINE || first === RETURN || first === HASH;
      if (nothing || this.#skip > 0) {
        if (this.#skip > 0) this.#skip--;
        at = bytes.indexOf(NEWLINE, at) + 1;
      } else {
        this.#lines[length] = this.line;
        at = this.#row(bytes, at, length++);
      }
      this.line++;
    }
    return { length, numbers: this.#numbers, levels: this.#out, lines: this.#lines };
  }

  /** One row; returns where the next line begins. */
  #row(bytes: Buffer, from: number, row: number): number {
    const { columns } = this.#layout;
    const delimiter = this.#delimiter;
    const decimal = this.#decimal;
    let at = from;
    let number = 0;
    for (let c = 0; c < columns.length; c++) {
      const column = columns[c];
      if (column?.kind === "number") {
        const start = at;
        let byte = bytes[at];
        const negative = byte === 45;
        if (negative) byte = bytes[++at];
        let mantissa = 0;
        let digits = 0;
        let places = 0;
        while (byte >= ZERO && byte <= NINE) {
          mantissa = mantissa * 10 + byte - ZERO;
          digits++;
          byte = bytes[++at];
        }
        if (byte === decimal) {
          byte = bytes[++at];
          while (byte >= ZERO && byte <= NINE) {
            mantissa = mantissa * 10 + byte - ZERO;
            places++;
            byte = bytes[++at];
          }
          digits += places;
        }
        const ended = byte === delimiter || byte === NEWLINE || byte === RETURN;
        let value: number;
        if (ended && digits > 0 && digits <= EXACT_DIGITS) {
          value = places === 0 ? mantissa : mantissa / POWERS[places];
          if (negative) value = -value;
        } else {
          at = this.#fieldEnd(bytes, start);
          value = this.#slow(bytes, start, at);
        }
        this.#numbers[number++][row] = column.scale === 1 ? value : value * column.scale;
      } else if (column?.kind === "bits") {
        for (let bit = 0; bit < 8; bit++) this.#level(bytes, at++, bit);
      } else if (column?.kind === "bit") {
        this.#level(bytes, at++, column.bit);
      } else {
        at = this.#fieldEnd(bytes, at);
      }
      if (bytes[at] === RETURN) at++;
      const last = c === columns.length - 1;
      if (bytes[at] !== (last ? NEWLINE : delimiter)) throw this.#wrongColumns(bytes, from);
      at++;
    }
    this.#out[row] = this.#levels;
    return at;
  }

  #fieldEnd(bytes: Buffer, from: number): number {
    let at = from;
    if (bytes[at] === QUOTE) {
      const closing = bytes.indexOf(QUOTE, at + 1);
      if (closing > 0) at = closing + 1;
    }
    while (bytes[at] !== this.#delimiter && bytes[at] !== NEWLINE && bytes[at] !== RETURN) at++;
    return at;
  }

  /** What is rare: exponents, many digits, quotes, blanks, nothing. */
  #slow(bytes: Buffer, from: number, to: number): number {
    const field = bytes
      .toString("latin1", from, to)
      .trim()
      .replace(/^"(.*)"$/, "$1");
    const text = this.#layout.delimiter === ";" ? field.replace(",", ".") : field;
    if (text === "" || /^[+-]?nan$/i.test(text)) return Number.NaN;
    const value = Number(text);
    if (!Number.isFinite(value)) {
      throw malformed(this.#file, `line ${this.line}`, `expected a number, got "${field.slice(0, 40)}"`);
    }
    return value;
  }

  #level(bytes: Buffer, at: number, bit: number): void {
    const byte = bytes[at];
    if (byte === 49) this.#levels |= 1 << bit;
    else if (byte === 48) this.#levels &= ~(1 << bit);
    else if (byte !== 88 && byte !== 45) {
      const got = JSON.stringify(String.fromCharCode(byte));
      throw malformed(this.#file, `line ${this.line}`, `D${bit}: expected 0, 1, X or -, got ${got}`);
    }
  }

  #wrongColumns(bytes: Buffer, from: number): SyntaxError {
    const text = bytes.toString("latin1", from, bytes.indexOf(NEWLINE, from)).trimEnd();
    const got = text.split(this.#layout.delimiter).length;
    const expected = this.#layout.columns.length;
    const reason =
      got === expected
        ? `malformed: "${text.slice(0, 60)}"`
        : `expected ${expected} columns as in the first row, got ${got}: two files in one?`;
    return malformed(this.#file, `line ${this.line}`, reason);
  }
}
