/** Shares as a Responder holds them, and what follows from k of them. */

import { concat, equal, wipe } from "../bytes.js";
import { addScaled } from "./field.js";
import { lagrangeWeights, SHARE_LENGTH, type Sharing, secretPoints } from "./points.js";

/** The share of third party x (1…n), 16 bytes. */
export interface Share {
  readonly x: number;
  readonly value: Uint8Array;
}

/** Throws a RangeError for an x that is 0, above n or given twice, and for a wrong length. */
export function checkShares(sharing: Sharing, shares: readonly Share[]): void {
  const seen = new Set<number>();
  for (const { x, value } of shares) {
    if (!Number.isInteger(x) || x < 1 || x > sharing.shares) {
      throw new RangeError(`share index: expected 1 to ${sharing.shares}, got ${x}`);
    }
    if (seen.has(x)) throw new RangeError(`share ${x} is given twice`);
    seen.add(x);
    if (value.length !== SHARE_LENGTH) {
      throw new RangeError(`share ${x}: expected ${SHARE_LENGTH} bytes, got ${value.length}`);
    }
  }
}

/** The value at x of the polynomial through these k shares, in a new array. */
export function interpolate(base: readonly Share[], x: number): Uint8Array {
  const given = base.find((share) => share.x === x);
  if (given !== undefined) return given.value.slice();
  const weights = lagrangeWeights(
    base.map((share) => share.x),
    x,
  );
  const value = new Uint8Array(SHARE_LENGTH);
  base.forEach((share, i) => {
    addScaled(value, weights[i], share.value);
  });
  return value;
}

/** The TGK of the polynomial through these k shares. */
export function secretFrom(sharing: Sharing, base: readonly Share[]): Uint8Array {
  const pieces = secretPoints(sharing).map((x) => interpolate(base, x));
  const tgk = concat(...pieces);
  wipe(...pieces);
  return tgk;
}

/** Shares 1 … t of the polynomial through these k shares, which the sensor derived from its PSKs. */
export function derivedFrom({ privacy }: Sharing, base: readonly Share[]): Uint8Array[] {
  return Array.from({ length: privacy }, (_, i) => interpolate(base, i + 1));
}

/** The x of those shares that do not lie on the polynomial through the k shares of `base`. */
export function misfitsOf(base: readonly Share[], shares: readonly Share[]): number[] {
  const misfits: number[] = [];
  for (const share of shares) {
    if (base.includes(share)) continue;
    const expected = interpolate(base, share.x);
    if (!equal(expected, share.value)) misfits.push(share.x);
    wipe(expected);
  }
  return misfits;
}
