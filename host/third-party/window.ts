/**
 * Which T of a sensor a third party still accepts: any above the last one up to a bounded jump, and those
 * of the 32 below it that were not seen, each once. 64 bits of state for a sensor.
 */

/** The highest T that was accepted, and which of the 32 below it: bit i stands for last − 1 − i. */
export interface CounterWindow {
  readonly last: number;
  readonly seen: number;
}

/** How far below the last T a message may come late. */
export const WINDOW = 32;
/** How far ahead of the last T a sensor may be: it loses one T with each exchange that never reached us. */
export const LONGEST_JUMP = 1024;

/** What a T is to a window. Without a window, of a sensor never heard of, any T is new. */
export function judgeCounter(
  window: CounterWindow | undefined,
  t: number,
): "new" | "seen" | "too old" | "too far ahead" {
  if (window === undefined) return "new";
  const ahead = t - window.last;
  if (ahead > LONGEST_JUMP) return "too far ahead";
  if (ahead > 0) return "new";
  if (ahead === 0) return "seen";
  const below = -ahead - 1;
  if (below >= WINDOW) return "too old";
  return ((window.seen >>> below) & 1) === 1 ? "seen" : "new";
}

/** The window after a T that was judged new. */
export function advanceCounter(window: CounterWindow | undefined, t: number): CounterWindow {
  if (window === undefined) return { last: t, seen: 0 };
  const ahead = t - window.last;
  if (ahead < 0) return { last: window.last, seen: (window.seen | (1 << (-ahead - 1))) >>> 0 };
  // The old last becomes one of those below. Shifts of 32 and more wrap in JavaScript.
  const shifted = ahead >= WINDOW ? 0 : window.seen << ahead;
  const old = ahead <= WINDOW ? 1 << (ahead - 1) : 0;
  return { last: t, seen: (shifted | old) >>> 0 };
}
