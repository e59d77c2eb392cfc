/** As much of BSON (bsonspec.org, 1.1) as the metadata of an old `.ppk` file needs: its numbers, by their path. */

/** Numbers of a document, by names joined with dots. Throws a SyntaxError when it is no such document. */
export function bsonNumbers(document: Buffer): Map<string, number> {
  const numbers = new Map<string, number>();
  walk(document, "", numbers, 0);
  return numbers;
}

const MAX_DEPTH = 16;

function walk(bytes: Buffer, path: string, numbers: Map<string, number>, depth: number): void {
  if (depth > MAX_DEPTH) throw new SyntaxError("BSON: nested too deeply");
  if (bytes.length < 5 || bytes.readInt32LE(0) !== bytes.length || bytes[bytes.length - 1] !== 0) {
    throw new SyntaxError("BSON: the document's length is wrong");
  }
  for (let at = 4; at < bytes.length - 1; ) {
    const type = bytes[at];
    const nameEnd = bytes.indexOf(0, at + 1);
    const name = path + bytes.toString("utf8", at + 1, nameEnd);
    const from = nameEnd + 1;
    const value = bytes.subarray(from, from + lengthOf(type, bytes, from));
    if (type === 0x01) numbers.set(name, value.readDoubleLE(0));
    else if (type === 0x10) numbers.set(name, value.readInt32LE(0));
    else if (type === 0x09 || type === 0x12) numbers.set(name, Number(value.readBigInt64LE(0)));
    else if (type === 0x03 || type === 0x04) walk(value, `${name}.`, numbers, depth + 1);
    at = from + value.length;
  }
}

function lengthOf(type: number, bytes: Buffer, from: number): number {
  const length = bytes.length - from >= 4 ? bytes.readInt32LE(from) : -1;
  const known: Record<number, number> = {
    ...{ 1: 8, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0, 16: 4, 17: 8, 18: 8, 19: 16 },
    ...{ 2: 4 + length, 3: length, 4: length, 5: 5 + length },
  };
  const result = known[type];
  if (result === undefined) throw new SyntaxError(`BSON: element of type ${type}`);
  if (result < 0 || from + result > bytes.length) throw new SyntaxError("BSON: an element is cut off");
  return result;
}
