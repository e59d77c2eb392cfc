/** Decoding around lies: unique decoding by itself, and beyond it with a judge of candidates. */

import fc from "fast-check";
import { equal as sameBytes } from "../../../protocol/bytes.js";
import { decodeShares } from "../../../protocol/shares/decode.js";
import { uniqueRadius } from "../../../protocol/shares/locate.js";
import type { Sharing } from "../../../protocol/shares/points.js";
import { judgedRadius, MAX_CANDIDATES, searchLimit, searchShares } from "../../../protocol/shares/search.js";
import { misfitsOf, type Share } from "../../../protocol/shares/share.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { allSharings, type Example, example, nameOf, noise, subsets } from "./sharings.js";

const byX = (a: number, b: number) => a - b;

/** A share with all bytes of `difference` (not 0) added. */
const altered = ({ x, value }: Share, difference: Uint8Array): Share => ({
  x,
  value: value.map((byte, i) => byte ^ difference[i]),
});

/** Some shares of an example, in some order, some of them lies. */
interface Word {
  readonly example: Example;
  readonly shares: readonly Share[];
  readonly liars: readonly number[];
}

/** A lie: any difference, one byte of it, or one bit. */
const lie = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) => bytes.some((byte) => byte !== 0)),
  fc.tuple(fc.nat({ max: 15 }), fc.integer({ min: 1, max: 255 })).map(([place, byte]) => {
    const difference = new Uint8Array(16);
    difference[place] = byte;
    return difference;
  }),
);

const sharing = (mostShares: number): fc.Arbitrary<Sharing> =>
  fc
    .integer({ min: 2, max: mostShares })
    .chain((shares) =>
      fc
        .integer({ min: 2, max: shares })
        .chain((threshold) =>
          fc.nat({ max: threshold - 1 }).map((privacy) => ({ threshold, privacy, shares })),
        ),
    );

/** Words with at least k shares, of which `lies(k, m)` at most are lies. */
function words(mostShares: number, lies: (k: number, m: number) => number): fc.Arbitrary<Word> {
  return sharing(mostShares).chain((chosen) =>
    fc.nat({ max: 1000 }).chain((seed) => {
      const made = example(chosen, seed);
      const k = chosen.threshold;
      return fc.shuffledSubarray([...made.shares], { minLength: k }).chain((shares) =>
        fc
          .shuffledSubarray(
            shares.map(({ x }) => x),
            { maxLength: lies(k, shares.length) },
          )
          .chain((liars) =>
            fc.array(lie, { minLength: liars.length, maxLength: liars.length }).map((differences) => ({
              example: made,
              liars: [...liars].sort(byX),
              shares: shares.map((share) => {
                const i = liars.indexOf(share.x);
                return i === -1 ? share : altered(share, differences[i]);
              }),
            })),
          ),
      );
    }),
  );
}

const show = ({ example, liars, shares }: Word) =>
  `${nameOf(example.sharing)}, shares ${shares.map(({ x }) => x)}, lies ${liars}`;

describe("decoding with errors", () => {
  it("finds the TGK and exactly the liars, as long as m ≥ k + 2e", () => {
    fc.assert(
      fc.property(words(16, uniqueRadius), (word) => {
        const decoded = decodeShares(word.example.sharing, word.shares);
        ok(decoded, show(word));
        deepEqual(decoded.tgk, word.example.tgk, show(word));
        deepEqual([...decoded.misfits].sort(byX), [...word.liars], show(word));
      }),
      { numRuns: 150 },
    );
  });

  it("finds every set of liars of small sharings, whichever share came first", () => {
    for (const small of allSharings(6).filter(({ privacy, threshold }) => privacy === threshold - 1)) {
      const { tgk, shares } = example(small, 3);
      for (let e = 1; e <= uniqueRadius(small.threshold, small.shares); e++) {
        for (const liars of subsets(shares, e)) {
          const word = shares.map((share) =>
            liars.includes(share) ? altered(share, noise(16, share.x)) : share,
          );
          const decoded = decodeShares(small, word);
          deepEqual([decoded?.tgk, decoded?.misfits], [tgk, liars.map(({ x }) => x)], nameOf(small));
        }
      }
    }
  });

  it("finds liars whose lies have bytes in common, and whose lies lie on a polynomial of their own", () => {
    const chosen = { threshold: 3, privacy: 2, shares: 9 };
    const { tgk, shares } = example(chosen, 4);
    const planted = example(chosen, 5).shares;
    const one = noise(16, 9);
    for (const lied of [
      (share: Share) => altered(share, one),
      (share: Share) => planted[share.x - 1],
      ({ x }: Share) => ({ x, value: new Uint8Array(16) }),
    ]) {
      const word = shares.map((share) => ([2, 5, 9].includes(share.x) ? lied(share) : share));
      const decoded = decodeShares(chosen, word);
      deepEqual([decoded?.tgk, decoded?.misfits], [tgk, [2, 5, 9]]);
    }
  });

  it("gives nothing, or a polynomial within its distance, when there are more lies", () => {
    const all = (k: number, m: number) => m - k + 1;
    fc.assert(
      fc.property(words(12, all), ({ example: { sharing: chosen }, shares }) => {
        const decoded = decodeShares(chosen, shares);
        if (decoded === undefined) return;
        ok(decoded.misfits.length <= uniqueRadius(chosen.threshold, shares.length));
        equal(decoded.base.length, chosen.threshold);
        deepEqual(misfitsOf(decoded.base, shares), [...decoded.misfits]);
      }),
      { numRuns: 100 },
    );
  });

  it("takes another's polynomial for the sensor's when most shares are on it: the check value must decide", () => {
    const chosen = { threshold: 2, privacy: 1, shares: 6 };
    const [honest, other] = [example(chosen, 6), example(chosen, 7)];
    const word = honest.shares.map((share, i) => (i < 4 ? other.shares[i] : share));
    const decoded = decodeShares(chosen, word);
    deepEqual([decoded?.tgk, decoded?.misfits], [other.tgk, [5, 6]]);
  });

  it("detects lies that it can't place", () => {
    const chosen = { threshold: 3, privacy: 2, shares: 5 };
    const { shares } = example(chosen, 8);
    const word = [altered(shares[0], noise(16, 1)), ...shares.slice(1, 4)];
    equal(decodeShares(chosen, word), undefined);
  });

  it("decodes the largest sharings", () => {
    for (const [threshold, shares] of [
      [2, 60],
      [20, 60],
      [58, 60],
    ]) {
      const chosen = { threshold, privacy: threshold - 1, shares };
      const { tgk, shares: all } = example(chosen, 10);
      const e = uniqueRadius(threshold, shares);
      const word = all.map((share) =>
        share.x % 2 && share.x < 2 * e ? altered(share, noise(16, share.x)) : share,
      );
      const decoded = decodeShares(chosen, word);
      deepEqual(decoded?.tgk, tgk);
      equal(decoded?.misfits.length, e);
    }
  });
});

describe("the search beyond unique decoding", () => {
  const isTrue = (tgk: Uint8Array) => (candidate: Uint8Array) => sameBytes(tgk, candidate);

  it("finds the TGK and exactly the liars, as long as m ≥ k + e", () => {
    fc.assert(
      fc.property(words(9, judgedRadius), (word) => {
        const { sharing: chosen, tgk } = word.example;
        const found = searchShares(chosen, word.shares, isTrue(tgk));
        ok(found, show(word));
        deepEqual(found.tgk, tgk, show(word));
        deepEqual([...found.misfits].sort(byX), [...word.liars], show(word));
      }),
      { numRuns: 100 },
    );
  });

  it("gives nothing when fewer than k shares are honest", () => {
    const chosen = { threshold: 3, privacy: 2, shares: 7 };
    const { tgk, shares } = example(chosen, 12);
    for (const honest of subsets(shares, 2)) {
      const word = shares.map((share) =>
        honest.includes(share) ? share : altered(share, noise(16, share.x)),
      );
      equal(searchShares(chosen, word, isTrue(tgk)), undefined);
    }
  });

  it("judges each subset once while shares come one by one", () => {
    const chosen = { threshold: 3, privacy: 1, shares: 8 };
    const { shares } = example(chosen, 13);
    const word = shares.map((share) => altered(share, noise(16, share.x)));
    const judged: string[] = [];
    for (let m = 0; m <= 8; m++) {
      const judge = (tgk: Uint8Array) => {
        judged.push(`${tgk}`);
        return false;
      };
      equal(searchShares(chosen, word.slice(0, m), judge, Math.max(0, m - 1)), undefined);
    }
    // C(8, 3), and no two polynomials of these are the same.
    equal(judged.length, 56);
    equal(new Set(judged).size, 56);
  });

  it("covers what its bound promises", () => {
    const most = (k: number) => searchLimit(k, 255);
    deepEqual([2, 3, 4, 5, 6, 7, 8, 9, 10].map(most), [128, 37, 22, 17, 16, 15, 15, 15, 16]);
    for (let m = 2; m <= 15; m++) for (let k = 2; k <= m; k++) equal(searchLimit(k, m), m, `${k} of ${m}`);
    deepEqual([most(127), searchLimit(8, 16), searchLimit(8, 7)], [128, 15, 7]);
    deepEqual(
      [judgedRadius(8, 15), judgedRadius(8, 16), judgedRadius(2, 255), judgedRadius(8, 7)],
      [7, 7, 126, 0],
    );
  });

  it("goes no further than its bound, and counts on the shares that came first", () => {
    const chosen = { threshold: 8, privacy: 7, shares: 18 };
    const { tgk, shares } = example(chosen, 14);
    const lies = shares.map((share) => altered(share, noise(16, share.x)));
    let judged = 0;
    const judge = (candidate: Uint8Array) => {
      judged++;
      return sameBytes(tgk, candidate);
    };
    // 8 of the first 15 are honest; 7 of them are not enough, though 10 of all are honest.
    const found = searchShares(chosen, [...lies.slice(0, 7), ...shares.slice(7)], judge);
    deepEqual([found?.tgk, found?.misfits], [tgk, [1, 2, 3, 4, 5, 6, 7]]);
    equal(searchShares(chosen, [...lies.slice(0, 8), ...shares.slice(8)], judge), undefined);
    ok(judged <= 2 * MAX_CANDIDATES, `${judged}`);
  });

  it("refuses what decoding refuses", () => {
    const chosen = { threshold: 2, privacy: 1, shares: 3 };
    const value = new Uint8Array(16);
    const search = (...shares: Share[]) => searchShares(chosen, shares, () => true);
    throws(() => search({ x: 1, value }, { x: 1, value }), { message: "share 1 is given twice" });
    throws(() => search({ x: 4, value }), { message: "share index: expected 1 to 3, got 4" });
    throws(() => search({ x: 1, value: new Uint8Array(1) }), {
      message: "share 1: expected 16 bytes, got 1",
    });
    equal(search({ x: 1, value }), undefined);
    equal(search(), undefined);
  });
});
