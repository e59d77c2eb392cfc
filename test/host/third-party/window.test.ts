import assert from "node:assert/strict";
import fc from "fast-check";
import {
  advanceCounter,
  type CounterWindow,
  judgeCounter,
  LONGEST_JUMP,
  WINDOW,
} from "../../../host/third-party/window.js";

/** The same by definition: everything that was ever accepted. */
class Model {
  readonly #accepted = new Set<number>();
  #last: number | undefined;

  judge(t: number): ReturnType<typeof judgeCounter> {
    if (this.#last === undefined) return "new";
    if (t > this.#last + LONGEST_JUMP) return "too far ahead";
    if (t < this.#last - WINDOW) return "too old";
    return this.#accepted.has(t) ? "seen" : "new";
  }

  accept(t: number): void {
    this.#accepted.add(t);
    this.#last = Math.max(t, this.#last ?? t);
  }
}

/** Offers one T after the other to both. */
function compare(ts: readonly number[]): void {
  const model = new Model();
  let window: CounterWindow | undefined;
  ts.forEach((t, i) => {
    const judgement = judgeCounter(window, t);
    assert.equal(judgement, model.judge(t), `${ts.slice(0, i + 1)}`);
    if (judgement !== "new") return;
    window = advanceCounter(window, t);
    model.accept(t);
  });
}

describe("third party: the window of T", () => {
  it("takes any T of a sensor never heard of", () => {
    for (const t of [1, 2, LONGEST_JUMP + 1, 2 ** 32 - 1]) {
      assert.equal(judgeCounter(undefined, t), "new");
      assert.deepEqual(advanceCounter(undefined, t), { last: t, seen: 0 });
    }
  });

  it("judges every T around the last one, after every second one", () => {
    const span = WINDOW + 3;
    for (let first = -span; first <= span; first++) {
      for (let second = -span; second <= span; second++) {
        compare([
          1000,
          1000 + first,
          1000 + second,
          ...Array.from({ length: 2 * span }, (_, i) => 1000 - span + i),
        ]);
      }
    }
  });

  it("has its bounds where they are said to be", () => {
    const window = { last: 5000, seen: 0 };
    assert.equal(judgeCounter(window, 5000), "seen");
    assert.equal(judgeCounter(window, 5000 + LONGEST_JUMP), "new");
    assert.equal(judgeCounter(window, 5000 + LONGEST_JUMP + 1), "too far ahead");
    assert.equal(judgeCounter(window, 5000 - WINDOW), "new");
    assert.equal(judgeCounter(window, 5000 - WINDOW - 1), "too old");
  });

  it("accepts each T at most once, in any order and over any jump", () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -WINDOW - 3, max: WINDOW + 3 }) },
      { weight: 1, arbitrary: fc.integer({ min: -LONGEST_JUMP - 2, max: LONGEST_JUMP + 2 }) },
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 2 ** 32 - 200_000 }),
        fc.array(step, { maxLength: 120 }),
        (first, steps) => {
          let t = first;
          compare([first, ...steps.map((by) => (t = Math.max(1, t + by)))]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("never goes back, and stays in 64 bits up to the last T", () => {
    let window = advanceCounter(undefined, 2 ** 32 - 40);
    for (let t = 2 ** 32 - 1; t >= 2 ** 32 - 33; t--) {
      assert.equal(judgeCounter(window, t), "new", `${t}`);
      window = advanceCounter(window, t);
      assert.equal(window.last, 2 ** 32 - 1);
      assert.ok(window.seen >= 0 && window.seen < 2 ** 32);
    }
    assert.equal(window.seen, 2 ** 32 - 1);
    assert.equal(judgeCounter(window, 2 ** 32 - 34), "too old");
  });
});
