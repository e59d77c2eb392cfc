/**
 * protocol/shares/field.ts in C: the weights times the points, byte by byte. A board's build puts this module in the
 * place of that one. Both pass the same tests.
 */
/// <reference path="../native.d.ts" />

export function multiply(this: void, a: number, b: number): number {
  return native("xs_field_multiply").call(this, a, b);
}

export function addScaled(this: void, target: Uint8Array, weight: number, values: Uint8Array): void {
  native("xs_field_add_scaled").call(this, target, weight, values);
}

/** a^-1 = a^254. Throws a RangeError for 0, which has none. Only enrolment inverts. */
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
