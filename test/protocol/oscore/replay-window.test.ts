import fc from "fast-check";
import {
  type Arrival,
  arrivalOf,
  NEW_WINDOW,
  WINDOW_SIZE,
  type WindowState,
  windowFrom,
  withAccepted,
} from "../../../protocol/oscore/replay-window.js";
import { equal, throws } from "../../support/assert.js";

/** The window as RFC 8613 §7.4 describes it: everything that was accepted, and the highest of it. */
class Model {
  readonly accepted = new Set<number>();
  highest = -1;

  arrival(number: number): Arrival {
    if (number <= this.highest - WINDOW_SIZE) return "old";
    return this.accepted.has(number) ? "duplicate" : "new";
  }

  accept(number: number): void {
    this.accepted.add(number);
    this.highest = Math.max(this.highest, number);
  }
}

/** Numbers that a sender could reach, and that a network could bring in any order. */
const numbers = fc.array(
  fc.oneof(
    fc.nat(80),
    fc.nat(80).map((it) => 2 ** 40 - 1 - it),
    fc.nat(80).map((it) => 2 ** 32 - 40 + it),
  ),
  { maxLength: 200 },
);

describe("OSCORE: the replay window", () => {
  it("does what its model does", () => {
    fc.assert(
      fc.property(numbers, (arrivals) => {
        const model = new Model();
        let window: WindowState = NEW_WINDOW;
        for (const number of arrivals) {
          const arrival = arrivalOf(window, number);
          equal(arrival, model.arrival(number), `${number} after ${model.highest}`);
          if (arrival !== "new") {
            throws(() => withAccepted(window, number), RangeError);
            continue;
          }
          model.accept(number);
          window = withAccepted(window, number);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("takes 32 in reverse, and none a second time", () => {
    let window = withAccepted(NEW_WINDOW, 31);
    for (let i = 30; i >= 0; i--) window = withAccepted(window, i);
    for (let i = 0; i < 32; i++) equal(arrivalOf(window, i), "duplicate", `${i}`);
    window = withAccepted(window, 32);
    equal(arrivalOf(window, 0), "old");
    equal(arrivalOf(window, 1), "duplicate");
  });

  it("begins above a number after a restart (B.1.2)", () => {
    const window = windowFrom(100);
    equal(arrivalOf(window, 101), "new");
    for (let i = 69; i <= 100; i++) equal(arrivalOf(window, i), "duplicate", `${i}`);
    equal(arrivalOf(window, 68), "old");
  });
});
