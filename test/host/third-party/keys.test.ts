import assert from "node:assert/strict";
import fc from "fast-check";
import { primitives, randomSource } from "../../../host/primitives.js";
import {
  acceptT,
  closeT,
  decodeKeys,
  encodeKeys,
  firstKeys,
  judgeT,
  LONGEST_JUMP,
  pskOf,
  type SensorKeys,
  WINDOW,
} from "../../../host/third-party/keys.js";
import { laterPsk } from "../../../protocol/exchange/chain.js";

const first = randomSource(16);
const chain: Uint8Array[] = [first];
/** The PSK of a T, when that of T `start` is `first`. */
function expected(t: number, start: number): Uint8Array {
  while (chain.length <= t - start) chain.push(laterPsk(primitives, chain[chain.length - 1], 1));
  return chain[t - start];
}
const open = (psk: Uint8Array) => ({ psk, envelopeKey: randomSource(32) });

/** The same by definition: everything that was ever accepted. */
class Model {
  readonly #accepted = new Set<number>();
  #last: number;

  constructor(private readonly start: number) {
    this.#last = start - 1;
  }

  judge(t: number): ReturnType<typeof judgeT> {
    if (t > this.#last + LONGEST_JUMP) return "too far ahead";
    if (t < this.#last - WINDOW) return "too old";
    return t < this.start || this.#accepted.has(t) ? "seen" : "new";
  }

  accept(t: number): void {
    this.#accepted.add(t);
    this.#last = Math.max(t, this.#last);
  }
}

/** Offers one T after the other to both. */
function compare(start: number, ts: readonly number[]): void {
  const model = new Model(start);
  let keys: SensorKeys = firstKeys({ t: start, keys: first });
  ts.forEach((t, i) => {
    const judgement = judgeT(keys, t);
    assert.equal(judgement, model.judge(t), `from ${start}: ${ts.slice(0, i + 1)}`);
    if (judgement !== "new") return;
    model.accept(t);
    const psk = pskOf(keys, t);
    assert.deepEqual(psk, expected(t, start));
    keys = acceptT(keys, t, open(psk));
    assert.ok(keys.skipped.size <= WINDOW);
    assert.deepEqual(keys.psk, expected(keys.next, start));
    keys = closeT(keys, t);
    assert.equal(keys.open.size, 0);
  });
  // There is no key of a T that was accepted, nor of one that is too old.
  for (const t of keys.skipped.keys()) assert.equal(model.judge(t), "new");
}

describe("third party: the keys of a sensor", () => {
  it("have the T of every second one around the last", () => {
    const span = WINDOW + 3;
    for (let second = -span; second <= span; second++) {
      compare(900, [1000, 1000 + second, ...Array.from({ length: 2 * span }, (_, i) => 1000 - span + i)]);
    }
  });

  it("have their bounds where they are said to be", () => {
    const start = firstKeys({ t: 5000, keys: first });
    const keys = acceptT(start, 5000 + WINDOW + 9, open(first));
    const last = keys.next - 1;
    assert.equal(judgeT(keys, last), "seen");
    assert.equal(judgeT(keys, last + LONGEST_JUMP), "new");
    assert.equal(judgeT(keys, last + LONGEST_JUMP + 1), "too far ahead");
    assert.equal(judgeT(keys, last - WINDOW), "new");
    assert.equal(judgeT(keys, last - WINDOW - 1), "too old");
    assert.equal(keys.skipped.size, WINDOW);
    assert.equal(judgeT(start, 4999), "seen");
    assert.equal(judgeT(start, 4999 + LONGEST_JUMP), "new");
  });

  it("accept each T at most once, in any order and over any jump, under its PSK", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -WINDOW - 3, max: WINDOW + 3 }) },
      { weight: 1, arbitrary: fc.integer({ min: -LONGEST_JUMP - 2, max: LONGEST_JUMP + 2 }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 32 - 100_000 }),
        fc.array(step, { maxLength: 40 }),
        (start, steps) => {
          let t = start;
          compare(start, [start, ...steps.map((by) => (t = Math.max(1, t + by)))]);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("change nothing that they are given", () => {
    const keys = acceptT(firstKeys({ t: 1, keys: first }), 9, open(first));
    const before = structuredClone(keys);
    acceptT(keys, 20, open(first));
    acceptT(keys, 4, open(first));
    closeT(keys, 9);
    assert.deepEqual(structuredClone(keys), before);
  });

  it("are written and read, up to the last T and beyond it", () => {
    let keys = firstKeys({ t: 2 ** 32 - 40, keys: first });
    assert.deepEqual(decodeKeys(encodeKeys(keys)), keys);
    for (const t of [2 ** 32 - 1, 2 ** 32 - 3]) keys = acceptT(keys, t, open(pskOf(keys, t)));
    assert.equal(keys.next, 2 ** 32);
    assert.deepEqual(decodeKeys(encodeKeys(keys)), keys);
  });
});
