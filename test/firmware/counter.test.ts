import { nextT } from "../../firmware/counter.js";
import type { Storage } from "../../firmware/device.js";
import { fromHex, toHex } from "../../protocol/bytes.js";
import { deepEqual, equal, throws } from "../support/assert.js";

/** A storage that tells what is done to it, and holds what is written. */
function storageOf(value?: string) {
  let stored = value;
  const calls: string[] = [];
  const storage: Storage = {
    read(name) {
      calls.push(`read ${name}`);
      return stored === undefined ? undefined : fromHex(stored);
    },
    write(name, bytes) {
      calls.push(`write ${name} ${toHex(bytes)}`);
      stored = toHex(bytes);
    },
  };
  return { storage, calls, stored: () => stored };
}

describe("T of the sensor", () => {
  it("begins at 1 and is written before it is given", () => {
    const { storage, calls } = storageOf();
    equal(nextT(storage), 1);
    deepEqual(calls, ["read t", "write t 00000001"]);
    equal(nextT(storage), 2);
    equal(nextT(storage), 3);
  });

  it("goes on where the storage left off, over every byte", () => {
    for (const [stored, expected] of [
      ["000000ff", 0x100],
      ["0000ffff", 0x10000],
      ["00ffffff", 0x1000000],
      ["7fffffff", 0x80000000],
      ["fffffffe", 0xffffffff],
    ] as const) {
      const { storage } = storageOf(stored);
      equal(nextT(storage), expected);
    }
  });

  it("ends at 2^32 − 1: it never wraps", () => {
    const { storage, calls, stored } = storageOf("ffffffff");
    throws(() => nextT(storage), { type: RangeError, message: /all values are used/ });
    deepEqual(calls, ["read t"]);
    equal(stored(), "ffffffff");
  });

  it("is not given when it can't be written", () => {
    const { storage, stored } = storageOf("00000005");
    const failing: Storage = {
      ...storage,
      write() {
        throw new Error("flash: worn out");
      },
    };
    throws(() => nextT(failing), /flash: worn out/);
    equal(stored(), "00000005");
    // What failed may have reached the flash or not: the next one is above either.
    equal(nextT(storage), 6);
  });

  it("is not given when it can't be read, or when something else stands there", () => {
    const unreadable: Storage = {
      read() {
        throw new Error("flash: no answer");
      },
      write() {},
    };
    throws(() => nextT(unreadable), /flash: no answer/);
    for (const length of [0, 1, 3, 5, 8]) {
      const { storage, calls } = storageOf("00".repeat(length));
      throws(() => nextT(storage), {
        type: RangeError,
        message: `T: expected 4 stored bytes, got ${length}`,
      });
      deepEqual(calls, ["read t"]);
    }
  });
});
