/**
 * CBOR (RFC 8949) as far as SenML needs it: one item that fills its bytes, of definite lengths, with text that is
 * UTF-8 and maps that name no key twice. Decimal fractions (tag 4) become numbers; other tags are refused.
 */

/** What an item may be. Integers beyond 2^53 are refused: they could not be kept exactly. */
export type CborValue = number | boolean | null | string | Uint8Array | CborValue[] | CborMap;
export type CborMap = Map<number | string, CborValue>;

/** Arrays and maps within each other. */
const MAX_DEPTH = 4;
const DECIMAL_FRACTION = 4;
/** Of a decimal fraction: more than any number has. */
const MAX_EXPONENT = 400;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Decodes one item. Throws a SyntaxError that names the offset. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  reader.expectEnd();
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  expectEnd(): void {
    if (this.#offset < this.#bytes.length) this.#fail("bytes follow the item");
  }

  item(depth: number): CborValue {
    const start = this.#offset;
    const initial = this.#take(1)[0];
    const type = initial >> 5;
    const info = initial & 31;
    if (type === 7) return this.#simple(info);
    const argument = this.#argument(info);
    switch (type) {
      case 0:
        return argument;
      case 1:
        return -1 - argument;
      case 2:
        return this.#take(argument).slice();
      case 3:
        return this.#text(argument);
      case 4:
        return this.#array(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default:
        if (argument !== DECIMAL_FRACTION) this.#fail(`tag ${argument} is not known`, start);
        return this.#decimal(depth);
    }
  }

  #argument(info: number): number {
    if (info < 24) return info;
    const start = this.#offset;
    if (info > 27) this.#fail(info === 31 ? "lengths must be definite" : `${info} is reserved`, start - 1);
    const size = 1 << (info - 24);
    let value = 0;
    for (const byte of this.#take(size)) value = value * 256 + byte;
    if (!Number.isSafeInteger(value)) this.#fail("a number is beyond 2^53", start);
    return value;
  }

  #simple(info: number): CborValue {
    const at = this.#offset;
    if (info === 20 || info === 21) return info === 21;
    if (info === 22) return null;
    if (info < 25 || info > 27) this.#fail(`simple value ${info} is not known`, at - 1);
    this.#take(1 << (info - 24));
    if (info === 25) return half(this.#view.getUint16(at));
    return info === 26 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }

  #text(length: number): string {
    const start = this.#offset;
    const bytes = this.#take(length);
    try {
      return utf8.decode(bytes);
    } catch {
      return this.#fail("text is not UTF-8", start);
    }
  }

  #array(length: number, depth: number): CborValue[] {
    this.#enter(depth);
    const items: CborValue[] = [];
    // Grows with what is really there: the length is only announced.
    for (let i = 0; i < length; i++) items.push(this.item(depth + 1));
    return items;
  }

  #map(length: number, depth: number): CborMap {
    this.#enter(depth);
    const map: CborMap = new Map();
    for (let i = 0; i < length; i++) {
      const start = this.#offset;
      const key = this.item(depth + 1);
      if (typeof key !== "string" && !Number.isInteger(key))
        this.#fail("a key is neither text nor an integer", start);
      const name = key as string | number;
      if (map.has(name)) this.#fail(`key ${name} stands twice`, start);
      map.set(name, this.item(depth + 1));
    }
    return map;
  }

  /** [exponent, mantissa] (RFC 8949 §3.4.4); as text, so that the nearest double results. */
  #decimal(depth: number): number {
    const start = this.#offset;
    const parts = this.item(depth + 1);
    const [exponent, mantissa] = Array.isArray(parts) && parts.length === 2 ? parts : [];
    if (!Number.isInteger(exponent) || !Number.isInteger(mantissa))
      this.#fail("a decimal fraction is two integers", start);
    if (Math.abs(exponent as number) > MAX_EXPONENT) this.#fail("an exponent is too large", start);
    return Number(`${mantissa}e${exponent}`);
  }

  #enter(depth: number): void {
    if (depth >= MAX_DEPTH) this.#fail(`deeper than ${MAX_DEPTH}`);
  }

  #take(length: number): Uint8Array {
    const start = this.#offset;
    if (length > this.#bytes.length - start) this.#fail(`expected ${length} bytes more`, start);
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }

  #fail(what: string, offset = this.#offset): never {
    throw new SyntaxError(`CBOR at offset ${offset}: ${what}`);
  }
}

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
