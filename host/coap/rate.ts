/** A token bucket: what comes in bursts passes, what comes without end does not. */

export class Rate {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  /** `burst` requests at once, `perSecond` in the long run. */
  constructor(now: number, perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Whether one more may pass now (milliseconds). */
  admits(now: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#filledAt) / 1000) * this.#perSecond);
    this.#filledAt = now;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/** Whose rates are counted; who was quiet for longest gives way. */
const MOST_NAMES = 10_000;

/** A rate for each of many. */
export class Rates {
  readonly #of = new Map<string, Rate>();

  constructor(private readonly each: { readonly perSecond: number; readonly burst: number }) {}

  /** Whether one more of that name may pass now (milliseconds). */
  admits(name: string, now: number): boolean {
    const rate = this.#of.get(name) ?? new Rate(now, this.each.perSecond, this.each.burst);
    this.#of.delete(name);
    for (const oldest of this.#of.keys()) {
      if (this.#of.size < MOST_NAMES) break;
      this.#of.delete(oldest);
    }
    this.#of.set(name, rate);
    return rate.admits(now);
  }
}
