/** Bodies in blocks that are begun and not finished, and whose room is taken for others. */

import assert from "node:assert/strict";
import { Block1Assembly } from "../../../host/coap/block1.js";
import { Codes } from "../../../protocol/coap/numbers.js";

const LIFETIME = 1_000;
const PLACES = 4;

describe("bodies in blocks", () => {
  let assembly: Block1Assembly;
  beforeEach(() => {
    assembly = new Block1Assembly(4096, PLACES, LIFETIME);
  });

  /** Block `num` of a body of `count` blocks of 16 bytes. */
  function send(now: number, network: string, key: string, num: number, count = 100) {
    const block = { num, more: num < count - 1, szx: 0 };
    return assembly.accept(now, network, key, block, new Uint8Array(16), undefined).kind;
  }

  it("that one network begins without end push out its own", () => {
    assert.equal(send(0, "honest", "a", 0, 3), "continue");
    for (let i = 0; i < 1_000; i++) assert.equal(send(1 + i / 1_000, "hostile", `h${i}`, 0), "continue");
    assert.equal(send(3, "honest", "a", 1, 3), "continue");
    for (let i = 0; i < 1_000; i++) send(4 + i / 1_000, "hostile", `g${i}`, 0);
    assert.equal(send(6, "honest", "a", 2, 3), "complete");
    // The latest of the hostile ones are there, no more than there are places.
    const alive = Array.from({ length: 1_000 }, (_, i) => send(7, "hostile", `g${i}`, 1) === "continue");
    assert.ok(alive.filter(Boolean).length <= PLACES);
  });

  it("end when they stall", () => {
    send(0, "n", "a", 0);
    assert.equal(send(LIFETIME - 1, "n", "a", 1), "continue");
    assert.equal(send(2 * LIFETIME - 1, "n", "a", 2), "refused");
  });

  it("end when they are slow, each block in time", () => {
    let now = 0;
    let num = 0;
    while (send(now, "n", "a", num) === "continue") {
      num++;
      now += LIFETIME / 2;
      assert.ok(now < 10 * LIFETIME, "it does not end");
    }
    assert.equal(now, 2 * LIFETIME);
    const block = { num, more: true, szx: 0 };
    const outcome = assembly.accept(now, "n", "a", block, new Uint8Array(16), undefined);
    assert.deepEqual(outcome, { kind: "refused", code: Codes.requestEntityIncomplete });
  });
});
