/** The code of protocol/shares with t = k − 1 is Shamir's: compared with shamir-secret-sharing on Node. */

import assert from "node:assert/strict";
import { combine, split } from "shamir-secret-sharing";
import { randomSource } from "../../host/primitives.js";
import { concat } from "../../protocol/bytes.js";
import { decodeShares } from "../../protocol/shares/decode.js";
import { encodeShares } from "../../protocol/shares/encode.js";
import { SHARE_LENGTH } from "../../protocol/shares/points.js";
import type { Share } from "../../protocol/shares/share.js";
import { weightMatrix } from "../../protocol/shares/weights.js";

/** The package puts x behind the share. */
const toOracle = ({ x, value }: Share): Uint8Array => concat(value, Uint8Array.of(x));
const fromOracle = (share: Uint8Array): Share => ({
  x: share[SHARE_LENGTH],
  value: Uint8Array.from(share.subarray(0, SHARE_LENGTH)),
});

describe("shares and shamir-secret-sharing", () => {
  for (const [threshold, n] of [
    [2, 2],
    [2, 3],
    [3, 5],
    [5, 9],
    [10, 20],
  ]) {
    it(`${threshold} of ${n}: it combines what we encode`, async () => {
      const sharing = { threshold, privacy: threshold - 1, shares: n };
      const tgk = randomSource(SHARE_LENGTH);
      const derived = Array.from({ length: threshold - 1 }, () => randomSource(SHARE_LENGTH));
      const values = encodeShares(sharing, weightMatrix(sharing), tgk, derived);
      const shares = values.map((value, i) => toOracle({ x: i + 1, value }));
      for (const some of [shares, shares.slice(0, threshold), shares.slice(-threshold)]) {
        assert.deepEqual(Uint8Array.from(await combine(some)), tgk);
      }
      if (threshold > 2) assert.notDeepEqual(Uint8Array.from(await combine(shares.slice(1, threshold))), tgk);
    });

    it(`${threshold} of ${n}: we decode what it splits, at its points`, async () => {
      const tgk = randomSource(SHARE_LENGTH);
      const shares = (await split(tgk, n, threshold)).map(fromOracle);
      // Its x are anywhere from 1 to 255.
      const sharing = { threshold, privacy: threshold - 1, shares: 255 };
      for (const some of [shares, shares.slice(-threshold)]) {
        const decoded = decodeShares(sharing, some);
        assert.deepEqual([decoded?.tgk, decoded?.misfits], [tgk, []]);
      }
      assert.equal(decodeShares(sharing, shares.slice(1, threshold)), undefined);
    });
  }
});
