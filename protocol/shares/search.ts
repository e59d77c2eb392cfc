/**
 * Beyond unique decoding, with a judge of candidates: m shares with e lies among them hold the key as long as
 * m ≥ k + e, for k honest ones are there. Which k these are is found by trying.
 */

import { wipe } from "../bytes.js";
import type { Decoded } from "./decode.js";
import { uniqueRadius } from "./locate.js";
import type { Sharing } from "./points.js";
import { checkShares, misfitsOf, type Share, secretFrom } from "./share.js";

/**
 * Candidates that are tried for one key, at most: 0.3 s to 0.7 s of a server in all. It covers every (k, m) with m up
 * to 15 shares, and beyond these k = 2 up to m = 128, 3 up to 37, 4 up to 22, 5 up to 17, 6 and 10 up to 16; t makes no
 * difference.
 */
export const MAX_CANDIDATES = 8192;

/** Whether all k-subsets of m shares may be tried. */
export function isSearchable(k: number, m: number): boolean {
  // C(m, k), step by step: each product is C(m, i).
  const least = Math.min(k, m - k);
  let count = 1;
  for (let i = 1; i <= least && count <= MAX_CANDIDATES; i++) count = (count * (m - least + i)) / i;
  return count <= MAX_CANDIDATES;
}

/** How many lies among m shares are always found with a check value: m ≥ k + e where all subsets are tried. */
export function judgedRadius(k: number, m: number): number {
  return isSearchable(k, m) ? Math.max(0, m - k) : uniqueRadius(k, m);
}

/**
 * The first polynomial through k of the shares whose TGK the judge accepts. Subsets of the first `tried` shares
 * are left out: they were judged before, so that a group of shares that grows has each subset judged once.
 *
 * undefined when no subset is accepted, or there are fewer than k shares. Throws a RangeError when the subsets are
 * too many (isSearchable), and for what decodeShares refuses.
 */
export function searchShares(
  sharing: Sharing,
  shares: readonly Share[],
  isTrue: (tgk: Uint8Array) => boolean,
  tried = 0,
): Decoded | undefined {
  checkShares(sharing, shares);
  const { threshold: k } = sharing;
  if (!isSearchable(k, shares.length)) {
    throw new RangeError(
      `shares: the ways to choose ${k} of ${shares.length} are more than ${MAX_CANDIDATES}`,
    );
  }
  // The newest share of a subset comes last.
  for (let last = Math.max(tried, k - 1); last < shares.length; last++) {
    for (const others of subsets(last, k - 1)) {
      const base = [...others.map((i) => shares[i]), shares[last]];
      const tgk = secretFrom(sharing, base);
      if (isTrue(tgk)) return { tgk, base, misfits: misfitsOf(base, shares) };
      wipe(tgk);
    }
  }
  return undefined;
}

/** All subsets of 0 … size − 1 with `count` elements, in lexicographic order. */
function* subsets(size: number, count: number): Generator<readonly number[]> {
  const chosen = Array.from({ length: count }, (_, i) => i);
  for (;;) {
    yield chosen;
    // The last element that can still grow does, and those behind it follow closely.
    let place = count - 1;
    while (place >= 0 && chosen[place] === size - count + place) place--;
    if (place < 0) return;
    chosen[place]++;
    for (let i = place + 1; i < count; i++) chosen[i] = chosen[i - 1] + 1;
  }
}
