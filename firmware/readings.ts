/** Readings on the wire: SenML in CBOR (RFC 8428 §6), one record a value, in the one shape that a board writes. */

import { concat } from "../protocol/bytes.js";
import { CborTypes, cborHead, cborInteger, cborText } from "../protocol/cbor.js";

/** One value: `value` · 10^−`decimals`, so that no float has to stand for 36.7. */
export interface Measurement {
  /** Letters, digits and -:./_ (RFC 8428 §4.5.1). The channel says whose it is. */
  readonly name: string;
  /** Out of the SenML units registry. */
  readonly unit: string;
  readonly value: number;
  readonly decimals: number;
}

/** Labels (RFC 8428 §6, table 4). */
const BASE_TIME = -3;
const NAME = 0;
const UNIT = 1;
const VALUE = 2;
/** Tag of [exponent, mantissa] (RFC 8949 §3.4.4). */
const DECIMAL_FRACTION = 4;

/**
 * A pack: [{n, u, v}, …]. `date` is when it was measured, in whole seconds since 1970; without one a record is of when
 * the pack was made.
 */
export function encodeReading(measurements: readonly Measurement[], date?: number): Uint8Array {
  return concat(
    cborHead(CborTypes.array, measurements.length),
    ...measurements.map((measurement, i) => encodeRecord(measurement, i === 0 ? date : undefined)),
  );
}

function encodeRecord({ name, unit, value, decimals }: Measurement, date: number | undefined): Uint8Array {
  return concat(
    cborHead(CborTypes.map, date === undefined ? 3 : 4),
    ...(date === undefined ? [] : [cborInteger(BASE_TIME), cborInteger(date)]),
    cborInteger(NAME),
    cborText(name),
    cborInteger(UNIT),
    cborText(unit),
    cborInteger(VALUE),
    decimals === 0
      ? cborInteger(value)
      : concat(
          cborHead(CborTypes.tag, DECIMAL_FRACTION),
          cborHead(CborTypes.array, 2),
          cborInteger(-decimals),
          cborInteger(value),
        ),
  );
}
