import fc from "fast-check";
import { concat } from "../../../protocol/bytes.js";
import { decodeShares } from "../../../protocol/shares/decode.js";
import { encodeShares } from "../../../protocol/shares/encode.js";
import type { Sharing } from "../../../protocol/shares/points.js";
import type { Share } from "../../../protocol/shares/share.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { allSharings, example, indices, nameOf, sampledSharings, subsets, threeOfFive } from "./sharings.js";

/** What is decoded, without the shares that fixed it. */
function decode(sharing: Sharing, shares: readonly Share[]) {
  const decoded = decodeShares(sharing, shares);
  return decoded && { tgk: decoded.tgk, misfits: decoded.misfits };
}

describe("the code of a sharing", () => {
  it("is the computed 3 of 5, with its first two shares derived", () => {
    const sharing = { threshold: 3, privacy: 2, shares: 5 };
    const [tgk, ...shares] = threeOfFive;
    deepEqual(encodeShares(sharing, weightMatrix(sharing), tgk, shares.slice(0, 2)), shares);
    for (const subset of subsets(indices(5), 3)) {
      const given = subset.map((x) => ({ x, value: shares[x - 1] }));
      deepEqual(decode(sharing, given), { tgk, misfits: [] });
    }
  });

  it("gives the TGK back from any k shares of every small sharing, in any order", () => {
    for (const sharing of allSharings(5)) {
      const { tgk, shares } = example(sharing, 7);
      for (const subset of subsets(shares, sharing.threshold)) {
        deepEqual(decode(sharing, subset), { tgk, misfits: [] }, nameOf(sharing));
        deepEqual(decode(sharing, subset.reverse()), { tgk, misfits: [] }, nameOf(sharing));
      }
    }
  });

  for (const k of new Set(sampledSharings().map(({ threshold }) => threshold))) {
    it(`gives the TGK back from k shares, for n up to 20 and every privacy: k = ${k}`, () => {
      for (const sharing of sampledSharings().filter(({ threshold }) => threshold === k)) {
        const { privacy: t, shares: n } = sharing;
        const { tgk, derived, shares } = example(sharing, 100 * k + t);
        equal(shares.length, n);
        // Derived shares are the first ones, as they are.
        const first = shares.slice(0, t).map(({ value }) => value);
        deepEqual(first, [...derived]);
        deepEqual(decode(sharing, shares.slice(0, k)), { tgk, misfits: [] }, nameOf(sharing));
        deepEqual(decode(sharing, shares.slice(n - k)), { tgk, misfits: [] }, nameOf(sharing));
        equal(decodeShares(sharing, shares.slice(0, k - 1)), undefined);
      }
    });
  }

  it("gives the TGK back from k shares picked at random", () => {
    const sharing = { threshold: 4, privacy: 2, shares: 12 };
    const { tgk, shares } = example(sharing, 3);
    const picks = fc.shuffledSubarray([...shares], { minLength: 4, maxLength: 12 });
    fc.assert(
      fc.property(picks, (picked) => deepEqual(decode(sharing, picked), { tgk, misfits: [] })),
      { numRuns: 30 },
    );
  });

  it("reaches the last places of the field", () => {
    for (const sharing of [
      { threshold: 2, privacy: 1, shares: 255 },
      { threshold: 3, privacy: 0, shares: 253 },
    ]) {
      const { tgk, shares } = example(sharing, 5);
      deepEqual(decode(sharing, shares.slice(-sharing.threshold)), { tgk, misfits: [] });
    }
  });

  it("leaves what it was given as it was", () => {
    const sharing = { threshold: 3, privacy: 1, shares: 4 };
    const { tgk, derived, shares } = example(sharing, 12);
    const before = concat(tgk, ...derived, ...shares.map(({ value }) => value));
    encodeShares(sharing, weightMatrix(sharing), tgk, derived);
    decodeShares(sharing, shares);
    deepEqual(concat(tgk, ...derived, ...shares.map(({ value }) => value)), before);
  });

  it("refuses lengths that do not fit", () => {
    const sharing = { threshold: 3, privacy: 1, shares: 4 };
    const weights = weightMatrix(sharing);
    const tgk = new Uint8Array(32);
    const share = new Uint8Array(16);
    const encode = (w: Uint8Array, secret: Uint8Array, derived: Uint8Array[]) => () =>
      encodeShares(sharing, w, secret, derived);
    const refused = (message: string) => ({ type: RangeError, message });
    throws(encode(weights.subarray(1), tgk, [share]), refused("weights: expected 9, got 8"));
    throws(encode(weights, tgk.subarray(1), [share]), refused("TGK: expected 32, got 31"));
    throws(encode(weights, new Uint8Array(48), [share]), refused("TGK: expected 32, got 48"));
    throws(encode(weights, tgk, []), refused("derived shares: expected 1, got 0"));
    throws(encode(weights, tgk, [share, share]), refused("derived shares: expected 1, got 2"));
    throws(encode(weights, tgk, [share.subarray(1)]), refused("derived share: expected 16, got 15"));
  });

  it("refuses an index that is 0, above n, no integer or there twice, and a share of another length", () => {
    const sharing = { threshold: 2, privacy: 1, shares: 3 };
    const value = new Uint8Array(16);
    const decoding =
      (...shares: Share[]) =>
      () =>
        decodeShares(sharing, shares);
    for (const x of [0, 4, -1, 256, 257, 1.5, Number.NaN]) {
      throws(decoding({ x: 1, value }, { x, value }), {
        type: RangeError,
        message: `share index: expected 1 to 3, got ${x}`,
      });
    }
    throws(decoding({ x: 2, value }, { x: 2, value }), {
      type: RangeError,
      message: "share 2 is given twice",
    });
    for (const length of [0, 15, 17]) {
      throws(decoding({ x: 3, value: new Uint8Array(length) }), {
        type: RangeError,
        message: `share 3: expected 16 bytes, got ${length}`,
      });
    }
    // Refused also while there are too few.
    throws(decoding({ x: 0, value }), RangeError);
    equal(decoding()(), undefined);
  });
});
