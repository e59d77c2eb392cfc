import assert from "node:assert/strict";
import { HeldRequests } from "../../../host/channel/held.js";

const limits = { count: 5, bytes: 100, perContext: 3, time: 1000 };
const message = (length: number) => ({ code: 2, options: [], payload: new Uint8Array(length).fill(length) });

describe("requests held for their key", () => {
  it("are given once, in their order, to their context", () => {
    const held = new HeldRequests(limits);
    for (const [name, length] of [
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ] as const) {
      assert.equal(held.hold(0, name, `peer ${length}`, message(length)), true);
    }
    assert.deepEqual(held.take(1, "a"), [
      { peer: "peer 1", message: message(1) },
      { peer: "peer 3", message: message(3) },
    ]);
    assert.deepEqual(held.take(1, "a"), []);
    assert.equal(held.count, 1);
  });

  it("are bounded in count, in bytes, for each context and in time", () => {
    const held = new HeldRequests(limits);
    for (let i = 0; i < 3; i++) assert.equal(held.hold(0, "a", "", message(1)), true);
    assert.equal(held.hold(0, "a", "", message(1)), false, "a fourth of one context");
    assert.equal(held.hold(0, "b", "", message(98)), false, "over 100 bytes");
    assert.equal(held.hold(0, "b", "", message(97)), true, "100 bytes");
    assert.equal(held.hold(0, "c", "", message(1)), false, "no byte left");
    held.take(0, "b");
    assert.equal(held.hold(500, "c", "", message(1)), true);
    assert.equal(held.hold(500, "d", "", message(1)), true);
    assert.equal(held.hold(500, "e", "", message(1)), false, "a sixth");
    assert.equal(held.hold(1000, "e", "", message(1)), true, "the first ones are over");
    assert.equal(held.count, 3);
    assert.deepEqual(held.take(1500, "c"), []);
  });

  it("does not change with the datagram that it came in", () => {
    const held = new HeldRequests(limits);
    const given = { code: 2, options: [{ number: 9, value: Uint8Array.of(1) }], payload: Uint8Array.of(2) };
    held.hold(0, "a", "", given);
    given.options[0].value[0] = 7;
    given.payload[0] = 7;
    const [{ message: kept }] = held.take(0, "a");
    assert.deepEqual(kept, {
      code: 2,
      options: [{ number: 9, value: Uint8Array.of(1) }],
      payload: Uint8Array.of(2),
    });
  });
});
