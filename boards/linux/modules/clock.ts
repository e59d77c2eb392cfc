/** Time and timers of the process, in C (engine/timers.c). */
/// <reference path="../../../firmware/native/native.d.ts" />

/** Milliseconds since an arbitrary start, never backwards. */
export function now(this: void): number {
  return native("xs_clock_now").call(this);
}

/** Calls back once after at least `milliseconds`; a number for `clearTimer`. */
export function setTimer(this: void, callback: () => void, milliseconds: number): number {
  return native("xs_timer_set").call(this, callback, milliseconds);
}

/** Ends a timer. One that has fired is ignored. */
export function clearTimer(this: void, timer: number): void {
  native("xs_timer_clear").call(this, timer);
}
