import { fill } from "../../../firmware/native/entropy/entropy.js";
import { equal, notDeepEqual, ok, throws } from "../../support/assert.js";
import { random } from "../../support/primitives.js";

describe("native entropy", () => {
  it("gives as many bytes as asked for, others each time", () => {
    for (const length of [0, 1, 16, 1000]) equal(random(length).length, length);
    notDeepEqual(random(16), random(16));
  });

  it("gives every byte value, none too often", () => {
    const counts = new Array<number>(256).fill(0);
    for (const byte of random(65_536)) counts[byte]++;
    // 256 expected each, standard deviation 16: nine of them either way happen once in 10^16.
    for (const count of counts) ok(count > 112 && count < 400, `a byte value came ${count} times`);
  });

  it("fills a view, and nothing around it", () => {
    const out = new Uint8Array(64);
    fill(out.subarray(16, 48));
    ok(out.subarray(0, 16).every((byte) => byte === 0));
    ok(out.subarray(48).every((byte) => byte === 0));
    ok(out.subarray(16, 48).some((byte) => byte !== 0));
  });

  it("refuses what is no array", () => {
    throws(() => fill(16 as unknown as Uint8Array), TypeError);
  });
});
