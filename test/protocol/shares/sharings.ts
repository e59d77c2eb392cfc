/** Sharings, polynomials and subsets for tests. */

import { fromHex } from "../../../protocol/bytes.js";
import { encodeShares } from "../../../protocol/shares/encode.js";
import { multiply } from "../../../protocol/shares/field.js";
import { SHARE_LENGTH, type Sharing, secretLength } from "../../../protocol/shares/points.js";
import type { Share } from "../../../protocol/shares/share.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";

/**
 * The TGK and the five shares of a 3 of 5 with a1 = 10…1f and a2 = f0…ff, computed by an independent
 * implementation in Python.
 */
export const threeOfFive = [
  "404142434445464748494a4b4c4d4e4f",
  "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
  "8d8a838491969f98b5b2bbbca9aea7a0",
  "6d6a636471767f7855525b5c494e4740",
  "998cb3a6cdd8e7f231241b0e65704f5a",
  "796c53462d380712d1c4fbee8590afba",
].map(fromHex);

/** Every privacy t of a few n for every k from 2 to 10, the ends (k, k) and (k, 20) among them. */
export function sampledSharings(): Sharing[] {
  const sharings: Sharing[] = [];
  for (let threshold = 2; threshold <= 10; threshold++) {
    for (const shares of new Set([threshold, threshold + 1, 20])) {
      for (let privacy = 0; privacy < threshold; privacy++) sharings.push({ threshold, privacy, shares });
    }
  }
  return sharings;
}

/** Every (k, t, n) with n up to `most`. */
export function allSharings(most: number): Sharing[] {
  const sharings: Sharing[] = [];
  for (let shares = 2; shares <= most; shares++) {
    for (let threshold = 2; threshold <= shares; threshold++) {
      for (let privacy = 0; privacy < threshold; privacy++) sharings.push({ threshold, privacy, shares });
    }
  }
  return sharings;
}

export function nameOf({ threshold, privacy, shares }: Sharing): string {
  return `${threshold} of ${shares}, privacy ${privacy}`;
}

/** All subsets of `size` elements, in the order of the list. */
export function subsets<T>(list: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  if (list.length < size) return [];
  const [first, ...rest] = list;
  return [...subsets(rest, size - 1).map((subset) => [first, ...subset]), ...subsets(rest, size)];
}

/** 1 … n. */
export function indices(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i + 1);
}

/** The value at x of a polynomial with these coefficients, the constant one first (Horner's rule). */
export function evaluate(coefficients: readonly number[], x: number): number {
  return coefficients.reduceRight((value, coefficient) => multiply(value, x) ^ coefficient, 0);
}

/** `count` bytes that look random and are the same each time (Marsaglia's xorshift32). */
export function noise(count: number, seed: number): Uint8Array {
  let state = Math.imul(seed, 0x9e3779b9) ^ 0x5bd1e995 || 1;
  return Uint8Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 255;
  });
}

export interface Example {
  readonly sharing: Sharing;
  readonly tgk: Uint8Array;
  readonly derived: readonly Uint8Array[];
  /** Of third parties 1 … n. */
  readonly shares: readonly Share[];
}

/** A sensor's split of a TGK that looks random and is the same each time. */
export function example(sharing: Sharing, seed: number): Example {
  const tgk = noise(secretLength(sharing), seed);
  const derived = indices(sharing.privacy).map((x) => noise(SHARE_LENGTH, 1000 * seed + x));
  const values = encodeShares(sharing, weightMatrix(sharing), tgk, derived);
  return { sharing, tgk, derived, shares: values.map((value, i) => ({ x: i + 1, value })) };
}
