/**
 * The field GF(2^8) with the polynomial x^8 + x^4 + x^3 + x + 1 (0x11B), as in AES, SLIP-0039 and
 * draft-mcgrew-tss. Addition is XOR.
 *
 * No tables and no branches on operands: one of them is a byte of a secret.
 */

/** a · b. */
export function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) {
    product ^= a & -((b >> bit) & 1);
    a = (a << 1) ^ (0x11b & -(a >> 7));
  }
  return product;
}

/** target[i] ^= weight · values[i]: one term of an interpolation, for all bytes of a share. */
export function addScaled(target: Uint8Array, weight: number, values: Uint8Array): void {
  for (let i = 0; i < target.length; i++) target[i] ^= multiply(weight, values[i]);
}
