/**
 * What fewer than k shares tell: every secret with every coin over a small field, and statistics of the real code
 * with its real coins over GF(256).
 */

import { deepEqual, equal, ok } from "node:assert/strict";
import { ascii, uint } from "../../protocol/bytes.js";
import { createSession, derivedShare, type Session } from "../../protocol/exchange/session.js";
import { encodeShares } from "../../protocol/shares/encode.js";
import { multiply } from "../../protocol/shares/field.js";
import { SHARE_LENGTH, type Sharing, secretLength } from "../../protocol/shares/points.js";
import { weightMatrix } from "../../protocol/shares/weights.js";
import { allSharings, indices, nameOf, subsets } from "../protocol/shares/sharings.js";
import { primitives } from "../support/primitives.js";
import { Field } from "./small-field.js";

/** All vectors of this length over a field of this size. */
function vectors(length: number, size: number): number[][] {
  if (length === 0) return [[]];
  return vectors(length - 1, size).flatMap((rest) => Array.from({ length: size }, (_, y) => [...rest, y]));
}

/**
 * How often each view of these third parties comes, by secret: views as numbers to the base of the field's size.
 * The shares are linear in secret and coins, so that they are sums of those of the unit vectors.
 */
function countViews(field: Field, sharing: Sharing, parties: readonly number[]): Map<number, number>[] {
  const { threshold: k, privacy: t } = sharing;
  const units = indices(k).map((i) => indices(k).map((j) => (i === j ? 1 : 0)));
  const columns = units.map((unit) => field.shares(sharing, unit.slice(t), unit.slice(0, t)));
  const view = (given: readonly number[]) =>
    parties.reduce((number, x) => {
      const share = given.reduce((sum, y, i) => sum ^ field.multiply(y, columns[i][x - 1]), 0);
      return number * field.size + share;
    }, 0);
  return vectors(k - t, field.size).map((secret) => {
    const counts = new Map<number, number>();
    for (const coins of vectors(t, field.size)) {
      const seen = view([...coins, ...secret]);
      counts.set(seen, (counts.get(seen) ?? 0) + 1);
    }
    return counts;
  });
}

describe("fewer than k shares, over a small field", () => {
  const eight = new Field(3, 0b1011);

  it("is the code of protocol/shares, when the field is", () => {
    const field = new Field(8, 0x11b);
    for (const sharing of allSharings(5)) {
      const { threshold: k, privacy: t, shares: n } = sharing;
      const points = indices(k).map((i) => (37 * i + 11 * n) & 255);
      const filled = (y: number) => new Uint8Array(SHARE_LENGTH).fill(y);
      const tgk = Uint8Array.from(points.slice(t).flatMap((y) => [...filled(y)]));
      const ours = encodeShares(sharing, weightMatrix(sharing), tgk, points.slice(0, t).map(filled));
      const theirs = field.shares(sharing, points.slice(t), points.slice(0, t));
      deepEqual(
        ours.map((share) => share[0]),
        theirs,
        nameOf(sharing),
      );
    }
  });

  // k up to 4: 8^4 assignments of secret and coins each, with every set of fewer than k of the third parties.
  for (const sharing of allSharings(5)) {
    const { threshold: k, privacy: t, shares: n } = sharing;
    // The pieces of the secret lie at 0, 7, 6, …, the shares below.
    if (k > 4 || n > 7 - (k - t - 1)) continue;
    it(`${nameOf(sharing)}: j ≤ t shares tell nothing, more leave 8^(k − j) secrets, k one`, () => {
      for (let j = 0; j <= k; j++) {
        for (const parties of subsets(indices(n), j)) {
          const counts = countViews(eight, sharing, parties);
          const secretsOf = new Map<number, number>();
          for (const views of counts) {
            for (const [seen, count] of views) {
              // Whatever the secret, a view that can come comes from as many coins: none is likelier than another.
              equal(count, 8 ** Math.max(0, t - j), `${parties}`);
              secretsOf.set(seen, (secretsOf.get(seen) ?? 0) + 1);
            }
          }
          for (const secrets of secretsOf.values()) equal(secrets, 8 ** Math.min(k - t, k - j), `${parties}`);
        }
      }
    });
  }
});

/**
 * Pearson's χ² of bytes against the uniform distribution, 255 degrees of freedom. For such a variable X, P(X ≥ 255 +
 * 2·√(255·x) + 2·x) ≤ e^−x (Laurent and Massart, 2000, lemma 1).
 */
function chiSquare(bytes: readonly number[]): number {
  const expected = bytes.length / 256;
  const counts = new Array<number>(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe("t shares, over GF(256), of PSKs and nonces that are the same in every run", () => {
  const EXCHANGES = 512;
  // 136 statistics, each above the limit with a probability of at most e^-30: one in 7·10^10 for another choice of
  // the fixed PSKs and nonces. With these the result is always the same.
  const limit = 255 + 2 * Math.sqrt(255 * 30) + 2 * 30;

  /** Shares of EXCHANGES exchanges with the same TGK: for each third party the bytes of all, one after the other. */
  function sharesOf(sharing: Sharing, fill: number): number[][] {
    const { privacy: t, shares: n } = sharing;
    const weights = weightMatrix(sharing);
    const tgk = new Uint8Array(secretLength(sharing)).fill(fill);
    const psks = indices(t).map((x) => primitives.sha256(ascii(`PSK ${x}`)).slice(0, 16));
    const bytes = indices(n).map((): number[] => []);
    for (let i = 1; i <= EXCHANGES; i++) {
      const derived = psks.map((psk) => derivedShare(primitives, session(sharing, i), psk));
      encodeShares(sharing, weights, tgk, derived).forEach((share, x) => {
        bytes[x].push(...share);
      });
    }
    return bytes;
  }

  function session({ threshold, privacy, shares }: Sharing, t: number): Session {
    const identity = (text: string) => ({ type: 0, data: ascii(text) });
    const policy = {
      ...{ sensor: identity("sensor01"), threshold, privacy, suite: "aes-ccm-128" as const },
      thirdParties: indices(shares).map((x) => identity(`party-0${x}`)),
    };
    const nonce = primitives.sha256(uint(t, 4)).slice(0, 8);
    return createSession(primitives, policy, identity("hospital"), nonce, t);
  }

  for (const [sharing, fill] of [
    [{ threshold: 2, privacy: 1, shares: 3 }, 0x00],
    [{ threshold: 2, privacy: 1, shares: 3 }, 0xff],
    [{ threshold: 3, privacy: 2, shares: 5 }, 0x00],
    [{ threshold: 3, privacy: 2, shares: 5 }, 0xff],
  ] as const) {
    it(`${nameOf(sharing)}, TGK all ${fill.toString(16)}: each share, and what two have in common, looks random`, () => {
      const shares = sharesOf(sharing, fill);
      for (const bytes of shares) ok(chiSquare(bytes) < limit);
      if (sharing.privacy < 2) return;
      for (const [a, b] of subsets(shares, 2)) {
        for (const factor of [1, 2, 3, 5, 0x80, 0xff]) {
          const common = chiSquare(a.map((byte, i) => byte ^ multiply(factor, b[i])));
          ok(common < limit, `factor ${factor}: ${common}`);
        }
      }
    });
  }

  it("sees the TGK where coins are missing: with t = 0, and in two shares of 2-of-3", () => {
    const [share] = sharesOf({ threshold: 2, privacy: 0, shares: 3 }, 0xa7);
    ok(chiSquare(share) > limit);
    // Both shares are linear in the coin: one factor takes it away.
    const [, second, third] = sharesOf({ threshold: 2, privacy: 1, shares: 3 }, 0xa7);
    const seen = indices(255).filter(
      (factor) => chiSquare(second.map((byte, i) => byte ^ multiply(factor, third[i]))) > limit,
    );
    equal(seen.length, 1);
  });
});
