/** What one field says, in words. */

import { createHash } from "node:crypto";
import { readUint, toHex } from "../../protocol/bytes.js";
import { errorName } from "../../protocol/mikey/error-names.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { ProtocolTypes } from "../../protocol/mikey/numbers.js";
import type { Field } from "../../protocol/mikey/reader.js";
import { certificateMeaning } from "./certificate.js";
import { extensionMeaning } from "./extension.js";
import * as names from "./names.js";
import { timestampMeaning } from "./timestamp.js";

/** The values of the payload's fields so far, the field itself included; of a repeated field the latest. */
export type FieldContext = ReadonlyMap<string, number | Uint8Array>;

/** The first 16 bytes of SHA-256: enough to compare keys by, of no use to find them. */
export function fingerprint(secret: Uint8Array): string {
  return createHash("sha256").update(secret).digest("hex").slice(0, 32);
}

/** What a field means in its payload. */
export function meaningOf(field: Field, context: FieldContext): names.Meaning {
  const { value } = field;
  return typeof value === "number"
    ? numberMeaning(field.payload, field.name, value, context)
    : bytesMeaning(field.payload, field.name, value, context);
}

/** Fields that are a number out of a registry, whichever the payload. */
const registries: Readonly<Record<string, names.Names | undefined>> = {
  "data type": names.dataTypes,
  "PRF func": names.prfFunctions,
  "CS ID map type": names.mapTypes,
  "Encr alg": names.encryptionAlgorithms,
  "MAC alg": names.macAlgorithms,
  "Auth alg": names.macAlgorithms,
  C: names.envelopeCaching,
  "DH-Group": names.dhGroups,
  "S type": names.signatureTypes,
  "TS type": names.timestampTypes,
  "ID type": names.identityTypes,
  "Cert type": names.certificateTypes,
  "Hash func": names.hashFunctions,
  "Prot type": names.protocolTypes,
  KV: names.keyValidities,
};

function numberMeaning(payload: string, name: string, value: number, context: FieldContext): names.Meaning {
  const registry = registries[name];
  if (registry !== undefined) {
    return { meaning: names.nameOf(registry, value, name === "PRF func" ? 112 : 241) };
  }
  switch (name) {
    case "version":
      return { meaning: "MIKEY" };
    case "next payload":
      return { meaning: names.nextPayloadName(value) };
    case "V":
      return {
        meaning: value === 1 ? "a verification message is wanted" : "no verification message is wanted",
      };
    case "SSRC":
      return value === 0 ? { meaning: "the Responder fills it in" } : { meaning: `0x${hex32(value)}` };
    case "ID role":
    case "RAND role":
      return { meaning: names.nameOf(names.roles, value, 240) };
    case "Type":
      return { meaning: names.nameOf(payload === "Key data" ? names.keyTypes : names.extensionTypes, value) };
    case "Error no":
      return { meaning: errorName(value) };
    case "parameter type":
      return { meaning: names.nameOf(parameterNames(context), value, 256) };
    default:
      return {};
  }
}

function bytesMeaning(
  payload: string,
  name: string,
  value: Uint8Array,
  context: FieldContext,
): names.Meaning {
  const number = (field: string) => context.get(field) as number;
  switch (name) {
    case "TS value":
      return { meaning: timestampMeaning({ type: number("TS type"), value }) };
    case "identity":
      return { meaning: identityToText({ type: number("ID type"), data: value }) };
    case "certificate":
      return certificateMeaning(number("Cert type"), value);
    case "parameter":
      return parameterMeaning(number("Prot type"), number("parameter type"), value);
    case "Data":
      return payload === "General Extension" ? extensionMeaning(number("Type"), value) : {};
    case "Key":
    case "Salt":
      return { meaning: `SHA-256 ${fingerprint(value)}` };
    default:
      return {};
  }
}

function parameterNames(context: FieldContext): names.Names {
  switch (context.get("Prot type")) {
    case ProtocolTypes.srtp:
      return names.srtpParameters;
    case ProtocolTypes.tesla:
      return names.teslaParameters;
    default:
      return {};
  }
}

function parameterMeaning(protocol: number, parameter: number, value: Uint8Array): names.Meaning {
  if (value.length === 0 || value.length > 4) return {};
  const number = readUint(value, 0, value.length);
  const values = protocol === ProtocolTypes.srtp ? names.srtpValues[parameter] : undefined;
  return { meaning: values === undefined ? `${number}` : names.nameOf(values, number, 256) };
}

function hex32(value: number): string {
  return toHex(Uint8Array.from([value >>> 24, value >>> 16, value >>> 8, value]));
}
