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
