/**
 * minimap.raw of a `.ppk2`: least and largest current of up to 10,000 pieces of equal length, in the JSON that Nordic's
 * Power Profiler app opens a recording with. Nanoamperes by microseconds.
 */

const MOST = 10_000;
/** Below it the app's logarithmic axis ends. */
const LEAST_NANOAMPERES = 200;

interface Point {
  x: number;
  y: number;
}

export class Minimap {
  readonly #period: number;
  #min: Point[] = [];
  #max: Point[] = [];
  #samples = 0;
  /** Samples of a piece, and of the last one up to now. */
  #fold = 1;
  #last = 0;

  /** @param period microseconds */
  constructor(period: number) {
    this.#period = period;
  }

  add(microamperes: number): void {
    const time = this.#samples++ * this.#period;
    if (this.#last === 0) {
      this.#min.push({ x: time, y: Number.MAX_VALUE });
      this.#max.push({ x: time, y: -Number.MAX_VALUE });
    }
    const low = this.#min[this.#min.length - 1];
    const high = this.#max[this.#max.length - 1];
    this.#last++;
    low.x += (time - low.x) / this.#last;
    high.x = low.x;
    if (!Number.isNaN(microamperes)) {
      const value = Math.max(1000 * microamperes, LEAST_NANOAMPERES);
      if (value < low.y) low.y = value;
      if (value > high.y) high.y = value;
    }
    if (this.#last < this.#fold) return;
    this.#last = 0;
    if (this.#min.length === MOST) this.#halve();
  }

  toJson(): string {
    return JSON.stringify({
      lastElementFoldCount: this.#last,
      data: { length: this.#min.length, min: this.#min, max: this.#max },
      maxNumberOfElements: MOST,
      numberOfTimesToFold: this.#fold,
    });
  }

  #halve(): void {
    const fold = (points: Point[], select: (a: number, b: number) => number): Point[] =>
      Array.from({ length: points.length / 2 }, (_, i) => {
        const [a, b] = [points[2 * i], points[2 * i + 1]];
        return { x: (a.x + b.x) / 2, y: select(a.y, b.y) };
      });
    this.#min = fold(this.#min, Math.min);
    this.#max = fold(this.#max, Math.max);
    this.#fold *= 2;
  }
}
