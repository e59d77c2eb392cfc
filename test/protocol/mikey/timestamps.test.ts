import fc from "fast-check";
import { fromHex, toHex } from "../../../protocol/bytes.js";
import {
  counterTimestamp,
  counterValue,
  ntpTimestamp,
  timestamp64,
  timestampLength,
  unixMilliseconds,
} from "../../../protocol/mikey/timestamps.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";

describe("timestamps of MIKEY", () => {
  it("are NTP seconds and a fraction (RFC 3830 §4.2.8)", () => {
    // 1970-01-01 is 2208988800 s after 1900-01-01.
    equal(toHex(ntpTimestamp(0).value), "83aa7e8000000000");
    equal(toHex(ntpTimestamp(500).value), "83aa7e8080000000");
    equal(ntpTimestamp(0).type, 0);
    equal(unixMilliseconds({ type: 0, value: fromHex("c8e350ea00000000") }), 1161351786000);
    equal(unixMilliseconds({ type: 1, value: fromHex("83aa7e8080000000") }), 500);
  });

  it("go on after the overflow of 2036 (RFC 4330 §3)", () => {
    const overflow = Date.UTC(2036, 1, 7, 6, 28, 16);
    equal(toHex(ntpTimestamp(overflow).value), "0000000000000000");
    equal(toHex(ntpTimestamp(overflow - 1000).value), "ffffffff00000000");
    equal(unixMilliseconds({ type: 0, value: fromHex("0000000000000000") }), overflow);
    equal(unixMilliseconds({ type: 3, value: fromHex("00000001") }), overflow + 1000);
    equal(unixMilliseconds({ type: 3, value: fromHex("ffffffff") }), overflow - 1000);
  });

  it("give back the millisecond, from 1968 to 2104", () => {
    const [first, last] = [Date.UTC(1968, 0, 21), Date.UTC(2104, 0, 1)];
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (milliseconds) => {
        const back = unixMilliseconds(ntpTimestamp(milliseconds));
        ok(back !== undefined && Math.abs(back - milliseconds) < 0.001, `${milliseconds} became ${back}`);
      }),
    );
  });

  it("may be counters", () => {
    deepEqual(counterTimestamp(1), { type: 2, value: fromHex("00000001") });
    deepEqual(counterTimestamp(0xffffffff), { type: 2, value: fromHex("ffffffff") });
    equal(counterValue(counterTimestamp(77)), 77);
    equal(counterValue(ntpTimestamp(0)), undefined);
    equal(unixMilliseconds(counterTimestamp(77)), undefined);
    for (const counter of [-1, 2 ** 32, 0.5, Number.NaN]) {
      throws(() => counterTimestamp(counter), { type: RangeError, message: /^T: / });
    }
  });

  it("are 64 bits where they enter an IV", () => {
    equal(toHex(timestamp64(counterTimestamp(1))), "0000000000000001");
    equal(toHex(timestamp64({ type: 3, value: fromHex("01020304") })), "0102030400000000");
    equal(toHex(timestamp64({ type: 0, value: fromHex("0102030405060708") })), "0102030405060708");
    deepEqual([0, 1, 2, 3, 4].map(timestampLength), [8, 8, 4, 4, undefined]);
  });
});
