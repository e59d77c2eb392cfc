/** SenML in CBOR (RFC 8428): a pack of measurements as resolved records, with base values worked in (§4.6). */

import { type CborMap, type CborValue, decodeCbor } from "./cbor.js";

/** A resolved record under the names that it has in JSON (§5). */
export interface SenmlRecord {
  readonly n: string;
  readonly u?: string;
  readonly v?: number;
  readonly vs?: string;
  readonly vb?: boolean;
  /** base64url without padding. */
  readonly vd?: string;
  readonly s?: number;
  /** Seconds; below 2^28 relative to when the pack was made (§4.5.3), and absent for just then. */
  readonly t?: number;
  readonly ut?: number;
}

/** Labels in CBOR (§6, table 4). */
const labels = new Map<number, string>([
  [-1, "bver"],
  [-2, "bn"],
  [-3, "bt"],
  [-4, "bu"],
  [-5, "bv"],
  [-6, "bs"],
  [0, "n"],
  [1, "u"],
  [2, "v"],
  [3, "vs"],
  [4, "vb"],
  [5, "s"],
  [6, "t"],
  [7, "ut"],
  [8, "vd"],
]);
const types: Readonly<Record<string, "number" | "string" | "boolean" | "bytes">> = {
  bver: "number",
  bn: "string",
  bt: "number",
  bu: "string",
  bv: "number",
  bs: "number",
  n: "string",
  u: "string",
  v: "number",
  vs: "string",
  vb: "boolean",
  s: "number",
  t: "number",
  ut: "number",
  vd: "bytes",
};

const VERSION = 10;

type Fields = ReadonlyMap<string, CborValue>;

/** Decodes a pack. Throws a SyntaxError that names the record and what is wrong with it. */
export function decodeSenml(bytes: Uint8Array): SenmlRecord[] {
  const pack = decodeCbor(bytes);
  if (!Array.isArray(pack) || pack.length === 0) throw new SyntaxError("SenML: expected records");
  const base = new Map<string, CborValue>();
  const records: SenmlRecord[] = [];
  for (const [i, item] of pack.entries()) {
    if (!(item instanceof Map)) throw new SyntaxError(`SenML record ${i}: expected a map`);
    const fields = fieldsOf(item, i);
    for (const [name, value] of fields) if (name.startsWith("b")) base.set(name, value);
    const version = base.get("bver") ?? VERSION;
    if ((version as number) > VERSION)
      throw new SyntaxError(`SenML record ${i}: version ${version} is unknown`);
    const record = resolve(fields, base, i);
    if (record !== undefined) records.push(record);
  }
  if (records.length === 0) throw new SyntaxError("SenML: no record has a value");
  return records;
}

/** The members by name. Unknown ones are left out, unless they say that they must be understood (§4.4). */
function fieldsOf(map: CborMap, i: number): Fields {
  const fields = new Map<string, CborValue>();
  for (const [key, value] of map) {
    const name = typeof key === "number" ? labels.get(key) : key;
    if (name === undefined) continue;
    const type = types[name];
    if (type === undefined) {
      if (name.endsWith("_")) throw new SyntaxError(`SenML record ${i}: ${name} must be understood`);
      continue;
    }
    const actual = value instanceof Uint8Array ? "bytes" : typeof value;
    // In CBOR these have numbers only (§6).
    if (typeof key === "string") throw new SyntaxError(`SenML record ${i}: ${name} is written by name`);
    if (actual !== type || (type === "number" && !Number.isFinite(value))) {
      throw new SyntaxError(`SenML record ${i}: ${name} is not of type ${type}`);
    }
    fields.set(name, value);
  }
  return fields;
}

/** A record with the base values in it; undefined for one that only sets these. */
function resolve(fields: Fields, base: Fields, i: number): SenmlRecord | undefined {
  const values = ["v", "vs", "vb", "vd"].filter((name) => fields.has(name));
  if (values.length > 1) throw new SyntaxError(`SenML record ${i}: ${values.join(" and ")}`);
  if (values.length === 0 && !fields.has("s")) {
    if (fields.size > 0 && [...fields.keys()].every((name) => name.startsWith("b"))) return undefined;
    // A base value alone is a value too (§4.6).
    if (!base.has("bv") && !base.has("bs")) throw new SyntaxError(`SenML record ${i}: no value`);
  }
  const number = (name: string) => fields.get(name) as number | undefined;
  const name = `${base.get("bn") ?? ""}${fields.get("n") ?? ""}`;
  if (!/^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/.test(name)) {
    throw new SyntaxError(`SenML record ${i}: no name that is allowed`);
  }
  const unit = (fields.get("u") ?? base.get("bu")) as string | undefined;
  const time = (number("t") ?? 0) + ((base.get("bt") as number | undefined) ?? 0);
  const other = values.some((it) => it !== "v");
  return {
    n: name,
    ...(unit !== undefined && { u: unit }),
    ...(!other && withBase("v", number("v"), base.get("bv"))),
    ...(fields.has("vs") && { vs: fields.get("vs") as string }),
    ...(fields.has("vb") && { vb: fields.get("vb") as boolean }),
    ...(fields.has("vd") && { vd: Buffer.from(fields.get("vd") as Uint8Array).toString("base64url") }),
    ...withBase("s", number("s"), base.get("bs")),
    ...(time !== 0 && { t: time }),
    ...(fields.has("ut") && { ut: number("ut") as number }),
  };
}

/** A number with its base added (§4.6); neither: no member. */
function withBase(name: "v" | "s", value: number | undefined, base: CborValue | undefined) {
  if (value === undefined && base === undefined) return {};
  return { [name]: (value ?? 0) + ((base as number | undefined) ?? 0) };
}
