/**
 * When shares that do not fit a key name those who gave them.
 *
 * The check value vouches for the TGK, not for the rest of the polynomial. Liars who add to their shares the values of
 * a polynomial that is 0 at the k − t secret points and at up to t − 1 honest shares' x leave the TGK as it is: with
 * these honest shares theirs lie on another polynomial, which the other honest shares do not fit. They need to know
 * nothing for it.
 */

import type { Sharing } from "./points.js";

/**
 * How many shares must lie on a polynomial with the sensor's TGK before the others can be called lies. Two such
 * polynomials of degree below k have the k − t secret points in common, hence at most t − 1 shares: of k + t − 1 shares on
 * a false one, k are lies.
 */
export function enoughToName({ threshold, privacy }: Sharing): number {
  return threshold + Math.max(1, privacy) - 1;
}
