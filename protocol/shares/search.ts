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
 * Candidates that are tried for one key, at most: some tenths of a second of a server in all. They are the ways to choose k
 * of up to 15 shares, whatever k is; for k = 2 of up to 128 shares, 3 of 37, 4 of 22, 5 of 17, 6 and 10 of 16.
 */
export const MAX_CANDIDATES = 8192;

/** Among how many of m shares, those that came first, every k are tried: m, or as many as the bound lets. */
export function searchLimit(k: number, m: number): number {
  let limit = k;
  // C(limit + 1, k) from C(limit, k).
  for (let count = 1; limit < m; limit++) {
    count = (count * (limit + 1)) / (limit + 1 - k);
    if (count > MAX_CANDIDATES) break;
  }
  return Math.min(limit, m);
}

/**
 * How many lies among m shares are always found with a check value: m ≥ k + e, where all m are searched. Where only
 * some are, that many lies leave k honest among them too.
 */
export function judgedRadius(k: number, m: number): number {
  return Math.max(uniqueRadius(k, m), searchLimit(k, m) - k);
}

/**
 * The first polynomial through k of the first searchLimit() shares that the judge accepts, by its TGK and the k shares. Subsets of the first
 * `tried` shares are left out: they were judged before, so that a group of shares that grows has each subset judged
 * once.
 *
 * undefined when no subset is accepted, or there are fewer than k shares. Throws a RangeError as decodeShares does.
 */
export function searchShares(
  sharing: Sharing,
  shares: readonly Share[],
  isTrue: (tgk: Uint8Array, base: readonly Share[]) => boolean,
  tried = 0,
): Decoded | undefined {
  checkShares(sharing, shares);
  const { threshold: k } = sharing;
  const limit = searchLimit(k, shares.length);
  // The newest share of a subset comes last.
  for (let last = Math.max(tried, k - 1); last < limit; last++) {
    for (const others of subsets(last, k - 1)) {
      const base = [...others.map((i) => shares[i]), shares[last]];
      const tgk = secretFrom(sharing, base);
      if (isTrue(tgk, base)) return { tgk, base, misfits: misfitsOf(base, shares) };
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
