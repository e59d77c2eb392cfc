/**
 * t shares tell nothing: for every secret there is exactly one assignment of the random points that gives
 * what t third parties see. The code works byte by byte, so one byte shows it; the 16 bytes of a share try
 * 16 assignments at once.
 */

import { encodeShares } from "../../../protocol/shares/encode.js";
import { multiply } from "../../../protocol/shares/field.js";
import { invert } from "../../../protocol/shares/inverse.js";
import { SHARE_LENGTH, type Sharing } from "../../../protocol/shares/points.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { equal, fail } from "../../support/assert.js";
import { allSharings, indices, nameOf, subsets } from "./sharings.js";

/** Calls back with the shares of every assignment of the t random bytes, for one secret of k − t bytes. */
function forEveryAssignment(
  sharing: Sharing,
  secret: readonly number[],
  onShares: (shares: readonly number[], random: readonly number[]) => void,
): void {
  const weights = weightMatrix(sharing);
  const tgk = new Uint8Array(SHARE_LENGTH * secret.length).map(
    (_, i) => secret[Math.floor(i / SHARE_LENGTH)],
  );
  const assignments = 256 ** sharing.privacy;
  for (let first = 0; first < assignments; first += SHARE_LENGTH) {
    const derived = indices(sharing.privacy).map((x) =>
      new Uint8Array(SHARE_LENGTH).map((_, lane) => Math.floor((first + lane) / 256 ** (x - 1))),
    );
    const shares = encodeShares(sharing, weights, tgk, derived);
    for (let lane = 0; lane < SHARE_LENGTH; lane++) {
      onShares(
        shares.map((share) => share[lane]),
        derived.map((share) => share[lane]),
      );
    }
  }
}

/** How many assignments give each view of these third parties: one counter for each view. */
function countViews(sharing: Sharing, secret: readonly number[], parties: readonly number[]): Uint32Array {
  const counts = new Uint32Array(256 ** parties.length);
  forEveryAssignment(sharing, secret, (shares) => {
    counts[parties.reduce((view, x) => 256 * view + shares[x - 1], 0)]++;
  });
  return counts;
}

function isFlat(counts: Uint32Array): boolean {
  return counts.every((count) => count === counts[0]);
}

/** The rank of a matrix over the field, by elimination. */
function rank(rows: readonly (readonly number[])[]): number {
  const left = rows.map((row) => [...row]);
  let found = 0;
  for (let column = 0; column < (rows[0]?.length ?? 0); column++) {
    const pivot = left.findIndex((row, i) => i >= found && row[column] !== 0);
    if (pivot < 0) continue;
    [left[found], left[pivot]] = [left[pivot], left[found]];
    const scale = invert(left[found][column]);
    left.forEach((row, i) => {
      if (i === found) return;
      const factor = multiply(row[column], scale);
      left[found].forEach((value, j) => {
        row[j] ^= multiply(factor, value);
      });
    });
    found++;
  }
  return found;
}

/** What each given point adds to a share, in the order of givenPoints: rows 1 … n of the generator matrix. */
function generator(sharing: Sharing): number[][] {
  const { threshold: k, privacy: t, shares: n } = sharing;
  const weights = weightMatrix(sharing);
  return indices(n).map((x) =>
    x <= t
      ? Array.from({ length: k }, (_, i) => (i === x - 1 ? 1 : 0))
      : Array.from(weights.subarray((x - t - 1) * k, (x - t) * k)),
  );
}

describe("what t shares tell", () => {
  it("2 of 4, each third party alone, all secrets: each view comes from one random byte", () => {
    const sharing = { threshold: 2, privacy: 1, shares: 4 };
    // Every (secret, view) pair is counted: 256 · 256 pairs from 256 · 256 (secret, random byte) pairs.
    for (let secret = 0; secret < 256; secret++) {
      const counts = indices(4).map(() => new Uint8Array(256));
      forEveryAssignment(sharing, [secret], (shares) => {
        shares.forEach((share, i) => {
          counts[i][share]++;
        });
      });
      for (const views of counts) if (views.some((count) => count !== 1)) fail(`secret ${secret} shows`);
    }
  });

  for (const secret of [0x00, 0xa7]) {
    it(`3 of 4, any two third parties, secret ${secret}: each of 65536 views comes from one pair of bytes`, () => {
      const sharing = { threshold: 3, privacy: 2, shares: 4 };
      const pairs = subsets(indices(4), 2);
      const counts = pairs.map(() => new Uint8Array(65536));
      forEveryAssignment(sharing, [secret], (shares) => {
        pairs.forEach(([a, b], i) => {
          counts[i][256 * shares[a - 1] + shares[b - 1]]++;
        });
      });
      for (const views of counts) equal(views.indexOf(0), -1);
    });
  }

  it("a ramp: 4 of 5, privacy 1, secrets of three bytes: each view comes from one random byte", () => {
    const sharing = { threshold: 4, privacy: 1, shares: 5 };
    for (const secret of [
      [0, 0, 0],
      [1, 2, 3],
      [255, 0, 17],
      [200, 201, 202],
    ]) {
      for (const x of indices(5)) equal(isFlat(countViews(sharing, secret, [x])), true, `${secret} at ${x}`);
    }
  });

  it("t + 1 shares do tell, so that this test can fail", () => {
    equal(isFlat(countViews({ threshold: 2, privacy: 1, shares: 3 }, [9], [1, 3])), false);
    equal(isFlat(countViews({ threshold: 3, privacy: 1, shares: 4 }, [9, 4], [2, 3])), false);
    equal(isFlat(countViews({ threshold: 2, privacy: 0, shares: 3 }, [9, 4], [2])), false);
  });

  it("any t shares of every sharing up to n = 6: the random points fix them and they fix the random points", () => {
    for (const sharing of allSharings(6)) {
      const { privacy: t } = sharing;
      const random = generator(sharing).map((row) => row.slice(0, t));
      for (const rows of subsets(random, t)) equal(rank(rows), t, nameOf(sharing));
    }
  });

  it("any j shares from t to k leave k − j pieces of the TGK open, of k − t", () => {
    for (const sharing of allSharings(6)) {
      const { threshold: k, privacy: t } = sharing;
      const rows = generator(sharing);
      const pieces = indices(k - t).map((j) => indices(k).map((i) => (i === t + j ? 1 : 0)));
      for (let j = t; j <= k; j++) {
        for (const some of subsets(rows, j)) {
          const open = rank([...some, ...pieces]) - rank(some);
          equal(open, k - j, `${j} shares of ${nameOf(sharing)}`);
        }
      }
    }
  });
});
