/** The weight matrix: all that a sensor needs to know of the code. It is made once, at enrolment. */

import { givenPoints, lagrangeWeights, type Sharing } from "./points.js";

/** (n − t) rows of k weights, for the shares t + 1 … n, over the points in the order of givenPoints. */
export function weightMatrix(sharing: Sharing): Uint8Array {
  const { threshold: k, privacy: t, shares: n } = sharing;
  const points = givenPoints(sharing);
  const matrix = new Uint8Array((n - t) * k);
  for (let x = t + 1; x <= n; x++) matrix.set(lagrangeWeights(points, x), (x - t - 1) * k);
  return matrix;
}
