/**
 * Where the points of a sharing lie.
 *
 * Byte by byte, a polynomial of degree less than k over GF(256) goes through k given points: the shares of
 * the first t third parties, which are derived from their PSKs, and L = k − t pieces of the TGK. A third
 * party's share is the polynomial's value at its index x. Any k shares give the polynomial, any t say
 * nothing of the TGK (a ramp scheme; with t = k − 1 it is Shamir's). The same as a code: a non-systematic
 * Reed–Solomon code of length n and dimension k (McEliece and Sarwate, 1981).
 */

import { multiply } from "./field.js";
import { invert } from "./inverse.js";

/** Bytes of a share, always: fewer than k shares leave at least 128 bits to guess. */
export const SHARE_LENGTH = 16;

/** (k, t, n) of a sharing: threshold, privacy, number of shares. */
export interface Sharing {
  readonly threshold: number;
  readonly privacy: number;
  readonly shares: number;
}

/** Bytes of the TGK: 16 · (k − t). */
export function secretLength({ threshold, privacy }: Sharing): number {
  return SHARE_LENGTH * (threshold - privacy);
}

/** x of the pieces of the TGK, in their order: 0, 255, 254, … */
export function secretPoints({ threshold, privacy }: Sharing): number[] {
  return Array.from({ length: threshold - privacy }, (_, j) => (256 - j) % 256);
}

/** x of the k points that fix the polynomial: the derived shares 1…t, then the pieces of the TGK. */
export function givenPoints(sharing: Sharing): number[] {
  const derived = Array.from({ length: sharing.privacy }, (_, i) => i + 1);
  return derived.concat(secretPoints(sharing));
}

/** Lagrange weights: the value at x is the sum of weight[i] · (value at points[i]). Points must be distinct. */
export function lagrangeWeights(points: readonly number[], x: number): Uint8Array {
  const weights = new Uint8Array(points.length);
  points.forEach((xi, i) => {
    let numerator = 1;
    let denominator = 1;
    points.forEach((xj, j) => {
      if (j === i) return;
      numerator = multiply(numerator, x ^ xj);
      denominator = multiply(denominator, xi ^ xj);
    });
    weights[i] = multiply(numerator, invert(denominator));
  });
  return weights;
}
