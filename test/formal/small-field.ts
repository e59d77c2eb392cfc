/**
 * The code of protocol/shares over any field GF(2^m), written anew from docs/protocol.md: a field small enough to try
 * every secret with every coin. With m = 8 it must be the same as ours.
 */

import type { Sharing } from "../../protocol/shares/points.js";

export class Field {
  readonly size: number;

  /** `polynomial` is irreducible, of degree m, as bits: 0x11B for our own field. */
  constructor(
    m: number,
    private readonly polynomial: number,
  ) {
    this.size = 1 << m;
  }

  multiply(a: number, b: number): number {
    let product = 0;
    for (; b > 0; b >>= 1) {
      if (b & 1) product ^= a;
      a <<= 1;
      if (a & this.size) a ^= this.polynomial;
    }
    return product;
  }

  /** The one element that gives 1: found by trying all. Throws a RangeError for 0. */
  invert(a: number): number {
    for (let b = 1; b < this.size; b++) if (this.multiply(a, b) === 1) return b;
    throw new RangeError(`${a} has no inverse`);
  }

  /** The value at x of the polynomial through these points (Lagrange). */
  interpolate(points: readonly (readonly [number, number])[], x: number): number {
    return points.reduce((sum, [xi, yi]) => {
      const term = points.reduce((product, [xj]) => {
        if (xj === xi) return product;
        return this.multiply(product, this.multiply(x ^ xj, this.invert(xi ^ xj)));
      }, yi);
      return sum ^ term;
    }, 0);
  }

  /** Shares 1 … n: coins are those of the first t, pieces of the secret lie at x = 0 and from the last element down. */
  shares({ shares }: Sharing, secret: readonly number[], coins: readonly number[]): number[] {
    const points = [
      ...coins.map((y, i) => [i + 1, y] as const),
      ...secret.map((y, j) => [(this.size - j) % this.size, y] as const),
    ];
    return Array.from({ length: shares }, (_, i) => this.interpolate(points, i + 1));
  }
}
