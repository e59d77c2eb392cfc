/**
 * Where the wrong shares are: error location for a Reed–Solomon code whose words are m shares of 16 bytes.
 *
 * A lie spoils a whole share, so the 16 bytes have their errors in the same places, and one locator serves them
 * all (an interleaved code). With shares y_i at x_i, of which the honest lie on a polynomial of degree below k:
 *
 *   syndromes   S_j = Σ_i u_i · x_i^j · y_i,   u_i = 1 / Π_{l≠i} (x_i − x_l),   j = 0 … m − k − 1
 *
 * For values of one polynomial of degree below k this is a divided difference of a polynomial of degree below
 * m − 1, which is 0: S_j is the sum over the errors ε_i alone. It says nothing of the secret, so that what
 * follows may branch on it.
 *
 * Let r = ⌊(m − k) / 2⌋, and P a polynomial of degree at most r, not 0, with Σ_l P_l · S_{j+l} = 0 for all 16
 * bytes and j = 0 … m − k − r − 1; that is Σ_{errors} (u_i · ε_i · P(x_i)) · x_i^j = 0. When there are at most r
 * errors, these m − k − r ≥ r equations make a Vandermonde system of full rank: P(x_i) = 0 at every error. Such
 * a P exists, for Π_{errors} (x − x_i) is one.
 *
 * The key equation of Peterson (1960) and Welch and Berlekamp (US patent 4,633,470), solved for all bytes at once as
 * by Krachkovsky and Lee (IEEE Trans. Inf. Theory 43, 1997).
 */

import { addScaled, multiply } from "./field.js";
import { invert } from "./inverse.js";
import { SHARE_LENGTH } from "./points.js";
import type { Share } from "./share.js";

/** How many wrong shares among m are always found, and the key with them, without a check value: m ≥ k + 2e. */
export function uniqueRadius(k: number, m: number): number {
  return Math.max(0, Math.floor((m - k) / 2));
}

/**
 * Those of m ≥ k shares that may be wrong: at most uniqueRadius(k, m), and all that are wrong when these are no
 * more than that. undefined when they are certainly more.
 */
export function locateErrors(k: number, shares: readonly Share[]): Share[] | undefined {
  const locator = solve(syndromes(k, shares), uniqueRadius(k, shares.length));
  return locator && shares.filter(({ x }) => valueAt(locator, x) === 0);
}

function syndromes(k: number, shares: readonly Share[]): Uint8Array[] {
  const sums = Array.from({ length: shares.length - k }, () => new Uint8Array(SHARE_LENGTH));
  for (const { x, value } of shares) {
    let product = 1;
    for (const other of shares) if (other.x !== x) product = multiply(product, x ^ other.x);
    let weight = invert(product);
    for (const sum of sums) {
      addScaled(sum, weight, value);
      weight = multiply(weight, x);
    }
  }
  return sums;
}

/**
 * The coefficients of P, the constant one first; undefined when there is none. Gauss–Jordan elimination, row by
 * row: `basis` holds the reduced rows by the column of their leading 1.
 */
function solve(sums: readonly Uint8Array[], radius: number): Uint8Array | undefined {
  const basis = new Map<number, Uint8Array>();
  for (let j = 0; j + radius < sums.length; j++) {
    for (let byte = 0; byte < SHARE_LENGTH; byte++) {
      const row = Uint8Array.from({ length: radius + 1 }, (_, l) => sums[j + l][byte]);
      for (const [column, other] of basis) addScaled(row, row[column], other);
      const lead = row.findIndex((value) => value !== 0);
      if (lead === -1) continue;
      if (basis.size === radius) return undefined;
      const scaled = new Uint8Array(row.length);
      addScaled(scaled, invert(row[lead]), row);
      for (const other of basis.values()) addScaled(other, other[lead], scaled);
      basis.set(lead, scaled);
    }
  }
  // At most `radius` columns lead a row. With the first that does not as the highest power, P is monic.
  let free = 0;
  while (basis.has(free)) free++;
  const locator = new Uint8Array(free + 1);
  for (let column = 0; column < free; column++) locator[column] = (basis.get(column) as Uint8Array)[free];
  locator[free] = 1;
  return locator;
}

/** Horner's rule. */
function valueAt(polynomial: Uint8Array, x: number): number {
  return polynomial.reduceRight((value, coefficient) => multiply(value, x) ^ coefficient, 0);
}
