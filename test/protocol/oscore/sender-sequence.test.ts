import fc from "fast-check";
import { SEQUENCE_LIMIT } from "../../../protocol/oscore/context.js";
import {
  SEQUENCE_BLOCK,
  SenderSequence,
  type SequenceStorage,
} from "../../../protocol/oscore/sender-sequence.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";

class Memory implements SequenceStorage {
  writes = 0;
  fails = false;

  constructor(public value = 0) {}

  load(): number {
    return this.value;
  }

  store(value: number): void {
    if (this.fails) throw new Error("flash did not take a value");
    this.writes++;
    this.value = value;
  }
}

describe("OSCORE: sender sequence numbers", () => {
  it("count from the stored value, and are written ahead once a block", () => {
    const memory = new Memory();
    const sequence = new SenderSequence(memory);
    equal(memory.writes, 0, "nothing is used yet");
    for (let i = 0; i < 3 * SEQUENCE_BLOCK; i++) {
      equal(sequence.next(), i);
      ok(memory.value > i, "the use is durable");
    }
    equal(memory.writes, 3);
  });

  it("never repeat, whenever the board is reset", () => {
    const lives = fc.array(fc.nat(40), { maxLength: 30 });
    fc.assert(
      fc.property(lives, fc.integer({ min: 1, max: 40 }), (uses, block) => {
        const memory = new Memory();
        const given: number[] = [];
        for (const use of uses) {
          const sequence = new SenderSequence(memory, block);
          for (let i = 0; i < use; i++) given.push(sequence.next());
        }
        deepEqual(
          given,
          [...new Set(given)].sort((a, b) => a - b),
        );
        ok(given.length === 0 || memory.value > given[given.length - 1]);
      }),
    );
  });

  it("are not given when they can't be stored, and go on when they can", () => {
    const memory = new Memory();
    const sequence = new SenderSequence(memory, 2);
    sequence.next();
    sequence.next();
    memory.fails = true;
    throws(() => sequence.next(), /flash did not take/);
    throws(() => sequence.next(), /flash did not take/);
    memory.fails = false;
    equal(sequence.next(), 2);
  });

  it("end below 2^40", () => {
    const memory = new Memory(SEQUENCE_LIMIT - 3);
    const sequence = new SenderSequence(memory, 2);
    deepEqual(
      [sequence.next(), sequence.next(), sequence.next()],
      [-3, -2, -1].map((it) => SEQUENCE_LIMIT + it),
    );
    equal(memory.value, SEQUENCE_LIMIT);
    throws(() => sequence.next(), { type: RangeError, message: /all are used/ });
    throws(() => new SenderSequence(memory).next(), RangeError);
  });
});
