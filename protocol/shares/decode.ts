/** The Responder's end of the code: the TGK from at least k shares, some of which may be lies. */

import { locateErrors, uniqueRadius } from "./locate.js";
import type { Sharing } from "./points.js";
import { checkShares, misfitsOf, type Share, secretFrom } from "./share.js";

/** A polynomial that many shares lie on. */
export interface Decoded {
  readonly tgk: Uint8Array;
  /** k shares on it: they fix it. */
  readonly base: readonly Share[];
  /** x of the shares that were given and do not lie on it. */
  readonly misfits: readonly number[];
}

/**
 * Unique decoding: the one polynomial that all but ⌊(m − k) / 2⌋ of the m shares lie on, which is the sensor's when
 * no more of them are wrong. With more it can be another's: a check value decides.
 *
 * undefined when there are fewer than k shares, or no such polynomial. Throws a RangeError for an x that is 0,
 * above n or given twice, and for a wrong length.
 */
export function decodeShares(sharing: Sharing, shares: readonly Share[]): Decoded | undefined {
  checkShares(sharing, shares);
  const { threshold: k } = sharing;
  if (shares.length < k) return undefined;
  const suspects = locateErrors(k, shares);
  if (suspects === undefined) return undefined;
  const base = shares.filter((share) => !suspects.includes(share)).slice(0, k);
  const misfits = misfitsOf(base, shares);
  if (misfits.length > uniqueRadius(k, shares.length)) return undefined;
  return { tgk: secretFrom(sharing, base), base, misfits };
}
