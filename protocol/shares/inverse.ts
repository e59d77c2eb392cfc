/** Inverses in GF(256) (field.ts). Only enrolment and the Responder need them, so that no board has them in C. */

import { multiply } from "./field.js";

/** a^-1 = a^254. Throws a RangeError for 0, which has none. */
export function invert(a: number): number {
  if (a === 0) throw new RangeError("0 has no inverse in GF(256)");
  let result = 1;
  let square = a;
  for (let i = 1; i < 8; i++) {
    square = multiply(square, square);
    result = multiply(result, square);
  }
  return result;
}
