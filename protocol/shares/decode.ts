/** The Responder's end of the code: the TGK from any k shares. */

import { concat, equal, wipe } from "../bytes.js";
import { addScaled } from "./field.js";
import { lagrangeWeights, SHARE_LENGTH, type Sharing, secretPoints } from "./points.js";

/** The share of third party x (1…n), 16 bytes. */
export interface Share {
  readonly x: number;
  readonly value: Uint8Array;
}

/** A TGK, and the x of shares that were given and do not lie on its polynomial. */
export interface Decoded {
  readonly tgk: Uint8Array;
  readonly misfits: readonly number[];
}

/**
 * Fills erasures: interpolates through the first k shares, and says which of the others do not fit.
 * It can't tell which side of a misfit is wrong: the caller's check value decides.
 *
 * undefined when there are fewer than k shares. Throws a RangeError for an x that is 0, above n or given
 * twice, and for a wrong length.
 */
export function decodeShares(sharing: Sharing, shares: readonly Share[]): Decoded | undefined {
  shares.forEach(({ x, value }, i) => {
    if (!Number.isInteger(x) || x < 1 || x > sharing.shares) {
      throw new RangeError(`share index: expected 1 to ${sharing.shares}, got ${x}`);
    }
    if (shares.findIndex((other) => other.x === x) !== i) throw new RangeError(`share ${x} is given twice`);
    if (value.length !== SHARE_LENGTH) {
      throw new RangeError(`share ${x}: expected ${SHARE_LENGTH} bytes, got ${value.length}`);
    }
  });
  if (shares.length < sharing.threshold) return undefined;
  const base = shares.slice(0, sharing.threshold);
  const pieces = secretPoints(sharing).map((x) => interpolate(base, x));
  const tgk = concat(...pieces);
  wipe(...pieces);
  const misfits: number[] = [];
  for (const { x, value } of shares.slice(sharing.threshold)) {
    const expected = interpolate(base, x);
    if (!equal(expected, value)) misfits.push(x);
    wipe(expected);
  }
  return { tgk, misfits };
}

function interpolate(base: readonly Share[], x: number): Uint8Array {
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
