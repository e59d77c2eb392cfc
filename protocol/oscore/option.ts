/** The value of the OSCORE option (RFC 8613 §6.1): flags 000hknnn, Partial IV, s and kid context, kid. */

import { concat } from "../bytes.js";
import { MAX_PIV_LENGTH } from "./context.js";
import { OscoreError } from "./errors.js";

export interface OscoreOption {
  /** 1 to 5 bytes. */
  readonly piv?: Uint8Array;
  readonly kidContext?: Uint8Array;
  readonly kid?: Uint8Array;
}

const KID_CONTEXT = 0x10;
const KID = 0x08;
const PIV_LENGTH = 0x07;

/** Encodes a value; without any member it is empty. Throws a RangeError for what has no encoding. */
export function encodeOscoreOption({ piv, kidContext, kid }: OscoreOption): Uint8Array {
  if (piv !== undefined && (piv.length === 0 || piv.length > MAX_PIV_LENGTH)) {
    throw new RangeError(`Partial IV: expected 1 to ${MAX_PIV_LENGTH} bytes, got ${piv.length}`);
  }
  if (kidContext !== undefined && kidContext.length > 255) {
    throw new RangeError(`kid context: expected at most 255 bytes, got ${kidContext.length}`);
  }
  const flags =
    (piv?.length ?? 0) | (kidContext === undefined ? 0 : KID_CONTEXT) | (kid === undefined ? 0 : KID);
  const nothing = new Uint8Array(0);
  if (flags === 0) return nothing;
  return concat(
    Uint8Array.of(flags),
    piv ?? nothing,
    kidContext === undefined ? nothing : Uint8Array.of(kidContext.length),
    kidContext ?? nothing,
    kid ?? nothing,
  );
}

/** Reads a value; members are views of it. Throws an OscoreError that names what is malformed. */
export function decodeOscoreOption(value: Uint8Array): OscoreOption {
  if (value.length === 0) return {};
  const flags = value[0];
  if (flags === 0) throw malformed("flags of zero have an empty value");
  if (flags & 0xe0) throw malformed("a reserved flag is set");
  const pivLength = flags & PIV_LENGTH;
  if (pivLength > MAX_PIV_LENGTH) throw malformed(`a Partial IV of ${pivLength} bytes is reserved`);
  const kidContextAt = 1 + pivLength;
  if (kidContextAt > value.length) throw malformed("the Partial IV is cut off");
  const piv = value.subarray(1, kidContextAt);
  let end = kidContextAt;
  let kidContext: Uint8Array | undefined;
  if (flags & KID_CONTEXT) {
    if (end === value.length) throw malformed("the kid context is missing");
    const start = end + 1;
    end = start + value[end];
    if (end > value.length) throw malformed("the kid context is cut off");
    kidContext = value.subarray(start, end);
  }
  if (!(flags & KID) && end < value.length) throw malformed("bytes follow, and no kid is announced");
  return {
    ...(pivLength > 0 && { piv }),
    ...(kidContext !== undefined && { kidContext }),
    ...(flags & KID && { kid: value.subarray(end) }),
  };
}

function malformed(what: string): OscoreError {
  return new OscoreError("decode", what);
}
