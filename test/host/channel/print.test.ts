import assert from "node:assert/strict";
import { readingLine } from "../../../host/channel/print.js";

describe("a reading for people", () => {
  const reading = { sensor: "sensor01", t: 7, number: 3, confirmed: true, age: "fresh" } as const;

  it("is one line: who, which, what, and how much it is worth", () => {
    const records = [
      { n: "heart-rate", u: "beat/min", v: 72 },
      { n: "temperature", u: "Cel", v: 36.7 },
    ];
    assert.equal(
      readingLine({ ...reading, records }),
      "sensor01 7/3: heart-rate 72 beat/min, temperature 36.7 Cel (confirmed, fresh)",
    );
    assert.equal(
      readingLine({ ...reading, records: [records[0]], confirmed: false, age: "unknown" }),
      "sensor01 7/3: heart-rate 72 beat/min (not confirmed, age unknown)",
    );
  });

  it("shows every kind of value, and no control characters", () => {
    const records = [
      { n: "a", vs: "up\nside\u001b[31m" },
      { n: "b", vb: false },
      { n: "c", vd: "AQL-" },
      { n: "d", u: "J", v: 1, s: 20, t: -5 },
      { n: "e", u: "J", s: 20 },
      { n: "f", u: "\u001bx", v: 1 },
    ];
    const line = readingLine({ ...reading, records });
    assert.equal(
      line,
      'sensor01 7/3: a "up\\nside\\u001b[31m", b false, c AQL-, d 1 J, sum 20 J at -5 s, e sum 20 J, f 1 ?x ' +
        "(confirmed, fresh)",
    );
  });
});
