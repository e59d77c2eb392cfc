import assert from "node:assert/strict";
import { agreementProbability, binomialQuantile } from "./retransmission.js";

function near(actual: number, expected: number): void {
  // 100,000 samples: five standard deviations are less than 0.008.
  assert.ok(Math.abs(actual - expected) < 0.008, `${actual} is not ${expected}`);
}

describe("system: model of retransmission", () => {
  const model = { drop: 0.2, thirdParties: 1, threshold: 1, deadline: 1, questions: 1 };

  it("is certain without loss, impossible when all is lost", () => {
    assert.equal(agreementProbability({ ...model, drop: 0 }), 1);
    assert.equal(agreementProbability({ ...model, drop: 1, deadline: 1000 }), 0);
  });

  it("has what can be computed by hand", () => {
    // Within a second there are no retransmissions: two datagrams, then two more for each block.
    near(agreementProbability(model), 0.8 ** 2);
    near(agreementProbability({ ...model, questions: 3 }), 0.8 ** 6);
    // With all five transmissions on both hops.
    near(agreementProbability({ ...model, drop: 0.5, deadline: 1000 }), (1 - 0.5 ** 5) ** 2);
    // After 3 s either hop has sent again once, but never both: T is 2 s at least.
    near(agreementProbability({ ...model, deadline: 3 }), 0.8 ** 2 + 2 * 0.2 * 0.8 ** 2);
    // At least 2 of 3.
    const p = 0.8 ** 2;
    near(agreementProbability({ ...model, thirdParties: 3, threshold: 2 }), p ** 3 + 3 * p ** 2 * (1 - p));
  });

  it("bounds what chance can do", () => {
    assert.equal(binomialQuantile(50, 1, 0.001), 50);
    assert.equal(binomialQuantile(50, 0, 0.001), 0);
    // P(X ≤ 1) = 11/1024 and P(X ≤ 2) = 56/1024 for ten coins.
    assert.equal(binomialQuantile(10, 0.5, 0.02), 2);
    assert.equal(binomialQuantile(10, 0.5, 0.005), 1);
  });
});
