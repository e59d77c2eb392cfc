/** A wake-up as a state machine: what it does in each, and over many. */

import fc from "fast-check";
import { Cycle, type CycleAction, type CycleEvent } from "../../firmware/cycle.js";
import { type Duty, noTrouble, SILENT } from "../../firmware/duty.js";
import { deepEqual, equal, ok } from "../support/assert.js";

const reading = Uint8Array.of(1);
const EVERY = 100;

/** What is done for each event, in words. */
function run(cycle: Cycle, ...events: CycleEvent[]): string[] {
  return events.map((event) => cycle.handle(event).map(word).join(" "));
}

function word(action: CycleAction): string {
  if (action.kind === "store") {
    const { failed, rest, unacknowledged } = action.duty;
    return `store:${failed}/${rest}/${unacknowledged}`;
  }
  return action.kind === "sleep" ? `sleep:${action.acknowledged}` : action.kind;
}

const woken = (wakeUps: number | undefined, duty: Partial<Duty> = {}): CycleEvent => ({
  ...{ kind: "woken", wakeUps },
  duty: { ...noTrouble, ...duty },
});
const sensed: CycleEvent = { kind: "sensed", reading };
const opened: CycleEvent = { kind: "opened" };
const settled = (acknowledged: boolean, waits = false): CycleEvent => ({
  ...{ kind: "settled", acknowledged, waits },
});
const exchanged = (confirmed: boolean): CycleEvent => ({ kind: "exchanged", confirmed });
const failed: CycleEvent = { kind: "failed" };

describe("a wake-up", () => {
  it("with a session sends its reading, and writes nothing", () => {
    const steps = run(new Cycle(EVERY), woken(1), sensed, opened, settled(true));
    deepEqual(steps, ["sense", "resume", "post", "sleep:true"]);
  });

  it("without one begins an exchange, the pause after it written ahead, and takes it back when it is confirmed", () => {
    const steps = run(
      new Cycle(EVERY),
      ...[woken(undefined), sensed, opened, exchanged(true), settled(true)],
    );
    deepEqual(steps, ["sense", "store:1/1/0 exchange", "post", "store:0/0/0", "sleep:true"]);
  });

  it("posts once there is a session, where a board has one link", () => {
    const steps = run(
      new Cycle(EVERY),
      ...[woken(undefined), sensed, exchanged(true), opened, settled(true)],
    );
    deepEqual(steps, ["sense", "store:1/1/0 exchange", "store:0/0/0 resume", "post", "sleep:true"]);
  });

  it("renews a session that has lasted long enough, and falls back on it when that fails", () => {
    const steps = run(
      new Cycle(EVERY),
      ...[woken(EVERY), sensed, opened, settled(false), exchanged(false), opened, settled(true)],
    );
    deepEqual(steps, ["sense", "store:1/1/0 exchange", "post", "", "resume", "post", "sleep:true"]);
    deepEqual(run(new Cycle(EVERY), woken(EVERY - 1), sensed), ["sense", "resume"]);
  });

  it("sends its reading with the shares where no session serves, so that each goes out once", () => {
    const early = (...events: CycleEvent[]) => {
      const cycle = new Cycle(EVERY);
      const exchange = events.flatMap((event) => cycle.handle(event)).find(({ kind }) => kind === "exchange");
      return exchange?.kind === "exchange" && exchange.early;
    };
    equal(early(woken(undefined), sensed), true);
    equal(early(woken(EVERY), sensed), false);
    equal(early(woken(1, { unacknowledged: SILENT }), sensed), true);
    // The exchange goes on after the sleep: the reading leaves under the session that there is.
    const steps = run(new Cycle(EVERY), woken(EVERY), sensed, exchanged(false), opened, settled(true));
    deepEqual(steps, ["sense", "store:1/1/0 exchange", "resume", "post", "sleep:true"]);
    const renewed = run(new Cycle(EVERY), woken(EVERY), sensed, exchanged(true), opened, settled(true));
    deepEqual(renewed, ["sense", "store:1/1/0 exchange", "store:0/0/0 resume", "post", "sleep:true"]);
  });

  it("with pseudonyms gives a session up with the exchange that renews it, and its reading leaves with the shares", () => {
    const fresh = (...events: CycleEvent[]) => run(new Cycle(EVERY, true), ...events);
    deepEqual(fresh(woken(EVERY), sensed, opened, exchanged(false)), [
      "sense",
      "store:1/1/0 exchange",
      "post",
      "store:1/1/1 sleep:false",
    ]);
    const cycle = new Cycle(EVERY, true);
    run(cycle, woken(EVERY));
    const exchange = cycle.handle(sensed).find(({ kind }) => kind === "exchange");
    ok(exchange?.kind === "exchange" && exchange.early);
    deepEqual(fresh(woken(1), sensed, opened, settled(true)), ["sense", "resume", "post", "sleep:true"]);
    // In the pause after a failure nothing has replaced it.
    deepEqual(fresh(woken(EVERY, { failed: 1, rest: 2 }), sensed), ["sense", "resume"]);
  });

  it("takes silence for a lost session after some wake-ups", () => {
    deepEqual(run(new Cycle(EVERY), woken(1, { unacknowledged: SILENT - 1 }), sensed), ["sense", "resume"]);
    const steps = run(new Cycle(EVERY), woken(1, { unacknowledged: SILENT }), sensed);
    deepEqual(steps, ["sense", `store:1/1/${SILENT} exchange`]);
  });

  it("does so at once where an exchange has broken off", () => {
    const steps = run(new Cycle(EVERY), woken(1, { failed: 1, unacknowledged: 1 }), sensed);
    deepEqual(steps, ["sense", "store:2/3/1 exchange"]);
  });

  it("without a session, in the pause after an exchange that failed, sleeps on", () => {
    deepEqual(run(new Cycle(EVERY), woken(undefined, { failed: 2, rest: 3, unacknowledged: SILENT })), [
      `store:2/2/${SILENT} sleep:false`,
    ]);
  });

  it("ends whenever the board fails, and hears nothing after that", () => {
    const events = [woken(undefined), sensed, opened, exchanged(true)];
    for (let i = 1; i <= events.length; i++) {
      const cycle = new Cycle(EVERY);
      run(cycle, ...events.slice(0, i));
      ok(run(cycle, failed)[0].endsWith("sleep:false"), `${i}`);
      deepEqual(run(cycle, sensed, opened, exchanged(true), settled(true), failed), ["", "", "", "", ""]);
    }
  });

  it("sleeps once for each time that it wakes, whatever happens", () => {
    const event: fc.Arbitrary<CycleEvent> = fc.oneof(
      fc
        .record({
          failed: fc.nat(6),
          rest: fc.nat(63),
          unacknowledged: fc.nat(SILENT),
        })
        .chain((duty) => fc.option(fc.nat(200), { nil: undefined }).map((wakeUps) => woken(wakeUps, duty))),
      fc.constantFrom(
        sensed,
        opened,
        settled(true),
        settled(false),
        exchanged(true),
        exchanged(false),
        failed,
      ),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        const cycle = new Cycle(EVERY);
        let awake = false;
        for (const event of events) {
          const actions = cycle.handle(event);
          if (event.kind === "woken") awake = true;
          if (!awake) equal(actions.length, 0);
          const sleeps = actions.findIndex(({ kind }) => kind === "sleep");
          if (sleeps < 0) continue;
          equal(sleeps, actions.length - 1);
          awake = false;
        }
        if (awake) equal(cycle.handle(failed).at(-1)?.kind, "sleep");
      }),
    );
  });

  it("begins ever fewer exchanges while none succeeds, and never stops trying", () => {
    const begun: number[] = [];
    let duty = noTrouble;
    for (let wake = 0; wake < 400; wake++) {
      const cycle = new Cycle(EVERY);
      const act = (event: CycleEvent): void => {
        for (const action of cycle.handle(event)) {
          if (action.kind === "store") duty = action.duty;
          if (action.kind === "sense") act(sensed);
          if (action.kind === "exchange") {
            begun.push(wake);
            act(opened);
            act(exchanged(false));
          }
        }
      };
      act({ kind: "woken", wakeUps: undefined, duty });
    }
    deepEqual(begun, [0, 2, 6, 14, 30, 62, 126, 190, 254, 318, 382]);
  });
});
