import fc from "fast-check";
import { fromHex, toHex } from "../../../protocol/bytes.js";
import { addScaled } from "../../../protocol/shares/field.js";
import { givenPoints, lagrangeWeights, secretLength, secretPoints } from "../../../protocol/shares/points.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { allSharings, evaluate, indices, nameOf, sampledSharings, subsets, threeOfFive } from "./sharings.js";

/** What the polynomial through these points has at x. */
function interpolate(points: readonly (readonly [number, Uint8Array])[], x: number): Uint8Array {
  const weights = lagrangeWeights(
    points.map(([at]) => at),
    x,
  );
  const value = new Uint8Array(points[0][1].length);
  points.forEach(([, bytes], i) => {
    addScaled(value, weights[i], bytes);
  });
  return value;
}

describe("points of a sharing", () => {
  it("interpolate the example of draft-mcgrew-tss-03 §9", () => {
    const shares = [
      [1, fromHex("b9fa07e185")],
      [2, fromHex("f5409b4511")],
    ] as const;
    equal(toHex(interpolate(shares, 0)), "7465737400");
  });

  it("interpolate the computed 3 of 5 from any three shares", () => {
    for (const subset of subsets(indices(5), 3)) {
      const shares = subset.map((x) => [x, threeOfFive[x]] as const);
      for (let x = 0; x <= 5; x++) deepEqual(interpolate(shares, x), threeOfFive[x], `${subset} at ${x}`);
    }
  });

  it("interpolate a secret at 255 and a digest at 254 from shares at 0 … 15, as SLIP-0039 places them", () => {
    const coefficients = [0x1d, 0xe7, 0x02];
    const at = (x: number) => [x, Uint8Array.of(evaluate(coefficients, x))] as const;
    for (const subset of subsets([0, 1, 7, 14, 15], 3)) {
      for (const x of [255, 254]) deepEqual(interpolate(subset.map(at), x), at(x)[1]);
    }
    // And the other way round, as SLIP-0039 splits: secret and digest are given, shares follow.
    for (let x = 0; x < 16; x++) deepEqual(interpolate([at(255), at(254), at(3)], x), at(x)[1]);
  });

  it("interpolate any polynomial from any points", () => {
    const byte = fc.nat({ max: 255 });
    const points = fc.uniqueArray(byte, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(points, fc.array(byte, { minLength: 12, maxLength: 12 }), byte, (xs, coefficients, x) => {
        const polynomial = coefficients.slice(0, xs.length);
        const given = xs.map((at) => [at, Uint8Array.of(evaluate(polynomial, at))] as const);
        equal(interpolate(given, x)[0], evaluate(polynomial, x));
      }),
      { numRuns: 60 },
    );
  });

  it("must be distinct", () => {
    throws(() => lagrangeWeights([1, 2, 1], 0), RangeError);
  });

  it("put the TGK at 0, 255, 254, … and the derived shares at 1 … t", () => {
    const sharing = { threshold: 5, privacy: 2, shares: 9 };
    deepEqual(secretPoints(sharing), [0, 255, 254]);
    deepEqual(givenPoints(sharing), [1, 2, 0, 255, 254]);
    equal(secretLength(sharing), 48);
  });

  it("are distinct, up to the largest sharings that the field has room for", () => {
    const largest = [
      { threshold: 2, privacy: 0, shares: 254 },
      { threshold: 5, privacy: 0, shares: 251 },
    ];
    for (const sharing of [...sampledSharings(), ...largest]) {
      const { threshold, shares } = sharing;
      equal(givenPoints(sharing).length, threshold);
      const all = [...secretPoints(sharing), ...indices(shares)];
      equal(new Set(all).size, all.length, nameOf(sharing));
    }
  });
});

describe("the weight matrix", () => {
  it("has a row of k weights for each share that is not derived, and none of them 0", () => {
    for (const sharing of allSharings(6)) {
      const { threshold, privacy, shares } = sharing;
      const matrix = weightMatrix(sharing);
      equal(matrix.length, (shares - privacy) * threshold, nameOf(sharing));
      // A weight of 0 would leave a point out: the share would say more of the others.
      equal(matrix.indexOf(0), -1, nameOf(sharing));
    }
  });

  it("is what the sensor of a 2 of 3 is enrolled with", () => {
    // x = 2: (2 − 0)/(1 − 0) = 2 times share 1, (2 − 1)/(0 − 1) = 3 times the TGK; x = 3: 3 and 2.
    equal(toHex(weightMatrix({ threshold: 2, privacy: 1, shares: 3 })), "02030302");
  });
});
