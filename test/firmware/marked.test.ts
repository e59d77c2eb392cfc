/** The order of marks: an exchange, one that fails, and one turn of the board. */

import { marked } from "../../firmware/marked.js";
import { type PhaseName, Phases, phaseCodes } from "../../protocol/marks.js";
import { policyOf } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok } from "../support/assert.js";
import { honest, type Script, silent, World } from "./simulation.js";

/** A 2-of-3 exchange with marks: the phases in order, each with the board's time. */
function exchange(scripts: readonly Script[]): { phases: PhaseName[]; times: number[]; world: World } {
  const phases: PhaseName[] = [];
  const times: number[] = [];
  const world: World = new World({
    policy: policyOf(2, 1, 3),
    script: (x) => scripts[x - 1],
    device: (device) =>
      marked(device, (phase) => {
        phases.push(phaseCodes[phase].name);
        times.push(world.clock.now());
      }),
  });
  world.start();
  world.clock.run();
  return { phases, times, world };
}

const begun: PhaseName[] = [
  "shares",
  "build",
  "build",
  "build",
  "transmit",
  "transmit",
  "transmit",
  "listen",
];

describe("marks of an exchange", () => {
  it("say shares, each message, each datagram, and what is heard until the end", () => {
    const { phases, times, world } = exchange([honest, honest, honest]);
    equal(world.outcomes[0].confirmed, true);
    deepEqual(phases.slice(0, begun.length), begun);
    // Each datagram that comes is looked at; then the board listens again, or sends an acknowledgement first.
    const heard = phases.slice(begun.length).join(" ");
    ok(/^(verify (transmit )?listen ?)+$/.test(heard), heard);
    equal(
      phases.filter((phase) => phase === "transmit").length,
      world.passed.filter(({ from }) => from === "sensor").length,
    );
    ok(times.every((at, i) => i === 0 || at >= times[i - 1]));
  });

  it("say of one that fails that messages go again, and that nothing comes", () => {
    const { phases, world } = exchange([silent, silent, silent]);
    equal(world.outcomes[0].confirmed, false);
    deepEqual(phases.slice(0, begun.length), begun);
    const after = phases.slice(begun.length);
    ok(after.length > 0);
    ok(after.every((phase) => phase === "transmit" || phase === "listen"));
    equal(after.at(-1), "listen");
  });

  it("leave the pins alone once the board sleeps", () => {
    const phases: number[] = [];
    const timers: (() => void)[] = [];
    const { device } = deviceOf(timers);
    const { clock, mark } = marked(device, (phase) => phases.push(phase));
    clock.set(() => mark(Phases.sleep), 1);
    clock.set(() => undefined, 2);
    for (const fire of timers) fire();
    deepEqual(phases, [Phases.sleep]);
  });
});

/** As much of a device as a clock. */
function deviceOf(timers: (() => void)[]) {
  const clock = {
    now: () => 0,
    set: (callback: () => void) => timers.push(callback),
    clear: () => undefined,
  };
  return { device: { clock } as unknown as Parameters<typeof marked>[0] };
}
