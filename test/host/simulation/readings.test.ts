import assert from "node:assert/strict";
import { areComplete, ReadingTally } from "../../../host/simulation/readings.js";

const reading = (number: number, v = 72, more: object = {}) => ({
  ...{ event: "reading", t: 7, number, records: [{ n: "a", u: "Cel", v }] },
  ...more,
});

describe("the readings of a simulated run", () => {
  it("count what came, what came twice, and what was not confirmed", () => {
    const tally = new ReadingTally();
    for (const number of [0, 1, 2, 3]) tally.sent(reading(number));
    tally.received(reading(0, 72, { confirmed: false }));
    tally.received(reading(1, 72, { confirmed: true }));
    tally.received(reading(1, 72, { confirmed: true }));
    tally.received(reading(3, 72, { confirmed: true }));
    const { figures } = tally;
    assert.deepEqual(figures, { sent: 4, received: 3, duplicated: 1, lost: 1, unconfirmed: 1 });
    assert.equal(areComplete(figures, 4), false);
  });

  it("count an altered one, or one of another exchange, as lost", () => {
    const tally = new ReadingTally();
    tally.sent(reading(0));
    tally.sent(reading(1));
    tally.received(reading(0, 73, { confirmed: true }));
    tally.received(reading(1, 72, { confirmed: true, t: 6 }));
    assert.deepEqual(tally.figures, { sent: 2, received: 0, duplicated: 0, lost: 2, unconfirmed: 0 });
  });

  it("may be heard of at the Responder first, and are complete when each came once", () => {
    const tally = new ReadingTally();
    tally.received(reading(0, 72, { confirmed: true }));
    assert.equal(tally.figures.received, 0);
    tally.sent(reading(0));
    assert.equal(areComplete(tally.figures, 1), true);
    assert.equal(areComplete(tally.figures, 2), false);
    tally.received(reading(0, 72, { confirmed: true }));
    assert.equal(areComplete(tally.figures, 1), false);
  });
});
