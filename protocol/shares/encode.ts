/** The sensor's end of the code: a fixed matrix of weights times the points. */

import { addScaled } from "./field.js";
import { SHARE_LENGTH, type Sharing, secretLength } from "./points.js";

/**
 * All n shares of a TGK, 16 bytes each, share x at position x − 1.
 *
 * `derived` are the shares of the first t third parties, 16 bytes each; `weights` is the matrix of
 * weights.ts. Throws a RangeError when a length does not fit the sharing.
 */
export function encodeShares(
  sharing: Sharing,
  weights: Uint8Array,
  tgk: Uint8Array,
  derived: readonly Uint8Array[],
): Uint8Array[] {
  const { threshold: k, privacy: t, shares: n } = sharing;
  expectLength("weights", weights.length, (n - t) * k);
  expectLength("TGK", tgk.length, secretLength(sharing));
  expectLength("derived shares", derived.length, t);
  for (const share of derived) expectLength("derived share", share.length, SHARE_LENGTH);

  const points = derived.slice();
  for (let start = 0; start < tgk.length; start += SHARE_LENGTH) {
    points.push(tgk.subarray(start, start + SHARE_LENGTH));
  }
  const shares = derived.slice();
  for (let row = 0; row < n - t; row++) {
    const share = new Uint8Array(SHARE_LENGTH);
    for (let i = 0; i < k; i++) addScaled(share, weights[row * k + i], points[i]);
    shares.push(share);
  }
  return shares;
}

function expectLength(what: string, actual: number, expected: number): void {
  if (actual !== expected) throw new RangeError(`${what}: expected ${expected}, got ${actual}`);
}
