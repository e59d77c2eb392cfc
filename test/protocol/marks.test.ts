/** The codes of phases: what a trace reader may rely on. */

import { Phases, PULSES, phaseCodes, pinGroups, selfTestSteps } from "../../protocol/marks.js";
import { deepEqual, equal, ok } from "../support/assert.js";

describe("marks", () => {
  it("names the phases in the order of their numbers", () => {
    deepEqual(
      phaseCodes.map(({ name }) => Phases[name]),
      phaseCodes.map((_, i) => i),
    );
    equal(Object.keys(Phases).length, phaseCodes.length);
  });

  it("tells all phases apart on three pins, and changes one pin from each to the next", () => {
    equal(new Set(phaseCodes.map(({ three }) => three)).size, 8);
    phaseCodes.forEach(({ three }, i) => {
      const changed = three ^ phaseCodes[(i + 1) % 8].three;
      ok(changed !== 0 && (changed & (changed - 1)) === 0, `${i}`);
    });
  });

  it("tells the groups apart on two pins, sleep and the radio by name", () => {
    for (const { name, two } of phaseCodes) {
      const group = name === "sleep" || name === "transmit" || name === "listen" ? name : "compute";
      equal(pinGroups[two], group);
    }
  });

  it("has a pulse before and behind the pause of every phase on one pin", () => {
    equal(phaseCodes.length, PULSES - 1);
  });

  it("has a self-test of known widths for each number of pins", () => {
    deepEqual(
      [1, 2, 3].map((pins) =>
        selfTestSteps(pins)
          .map(({ levels, milliseconds }) => `${levels}:${milliseconds}`)
          .join(" "),
      ),
      ["1:1 0:1 1:4 0:1", "1:1 0:1 2:2 0:1 3:4 0:1", "1:1 0:1 2:2 0:1 4:3 0:1 7:4 0:1"],
    );
  });
});
