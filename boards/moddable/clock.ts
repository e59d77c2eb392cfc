/** The Clock of boards with Moddable's SDK. */

import Time from "time";
import Timer from "timer";
import type { Clock } from "../../firmware/device.js";

/** A timer of ours: Moddable's own must not be cleared once it has fired. */
interface Pending {
  timer: Timer | undefined;
}

/** A clock that starts now. */
export function createClock(): Clock {
  // Time.ticks has 32 bits and runs over; asked for at least every 24 days, the sum does not.
  let last = Time.ticks;
  let elapsed = 0;
  return {
    now() {
      const ticks = Time.ticks;
      elapsed += Time.delta(last, ticks);
      last = ticks;
      return elapsed;
    },
    set(callback, milliseconds) {
      const pending: Pending = { timer: undefined };
      pending.timer = Timer.set(
        () => {
          pending.timer = undefined;
          callback();
        },
        // Whole milliseconds, and never too early.
        Math.max(0, Math.ceil(milliseconds)),
      );
      return pending;
    },
    clear(id) {
      const pending = id as Pending;
      if (pending.timer !== undefined) Timer.clear(pending.timer);
      pending.timer = undefined;
    },
  };
}
