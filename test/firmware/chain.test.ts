import { nextStep, type Step } from "../../firmware/chain.js";
import type { Storage } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { ascii, concat, toHex } from "../../protocol/bytes.js";
import { laterPsk, nextPsk } from "../../protocol/exchange/chain.js";
import { policyOf, pskOf } from "../protocol/exchange/parties.js";
import { deepEqual, equal, ok, throws } from "../support/assert.js";
import { primitives, steps } from "../support/primitives.js";

type Enrolled = Pick<Enrolment, "policy" | "start" | "taken">;

const policy = policyOf(2, 1, 3);
const keys = [1, 2, 3].map(pskOf);
const enrolled: Enrolled = { policy, start: { t: 1, keys } };

/** A storage that holds what is written, and tells how often it was. */
class TestStorage implements Storage {
  value: Uint8Array | undefined;
  writes = 0;
  failing = false;

  read(name: string): Uint8Array | undefined {
    equal(name, "chain");
    return this.value?.slice();
  }

  write(name: string, value: Uint8Array): void {
    equal(name, "chain");
    if (this.failing) throw new Error("flash: worn out");
    this.writes++;
    this.value = value.slice();
  }

  next(enrolment = enrolled): Step {
    return nextStep({ primitives, steps, storage: this }, enrolment);
  }

  /** Whether a key stands somewhere in it. */
  holds(key: Uint8Array): boolean {
    return this.value !== undefined && toHex(this.value).includes(toHex(key));
  }
}

/** The keys of a T, by the definition. */
function keysOf(t: number, first = keys): Uint8Array[] {
  let all = first;
  for (let i = 1; i < t; i++) {
    all = all.map((key) => primitives.hmac("sha-256", key, ascii("symbolon-psk")).slice(0, 16));
  }
  return all;
}

describe("the chain of PSKs", () => {
  it("steps by HMAC-SHA-256, cut to 16 bytes", () => {
    deepEqual(nextPsk(primitives, keys[0]), keysOf(2)[0]);
    // OpenSSL: printf symbolon-psk | openssl dgst -sha256 -mac HMAC -macopt hexkey:000102030405060708090a0b0c0d0e0f
    const counting = Uint8Array.from({ length: 16 }, (_, i) => i);
    equal(toHex(nextPsk(primitives, counting)), "92ff6dbb1b58759dd7e2505f141447a6");
    for (const steps of [0, 1, 7]) deepEqual(laterPsk(primitives, keys[0], steps), keysOf(1 + steps)[0]);
    deepEqual(keys[0], pskOf(1));
  });
});

describe("T and PSKs of the sensor", () => {
  it("begin with the enrolment's, and step together", () => {
    const storage = new TestStorage();
    for (let t = 1; t <= 5; t++) {
      const step = storage.next();
      equal(step.t, t);
      deepEqual(step.psks, keysOf(t));
      equal(storage.writes, t);
    }
  });

  it("are durable before they are given: what is stored is of the next exchange", () => {
    const storage = new TestStorage();
    for (let t = 1; t <= 4; t++) {
      storage.next();
      for (let old = 1; old <= t; old++) for (const key of keysOf(old)) equal(storage.holds(key), false);
      for (const key of keysOf(t + 1)) equal(storage.holds(key), true);
    }
  });

  it("give keys of their own, which may be wiped", () => {
    const storage = new TestStorage();
    for (let t = 1; t <= 3; t++) for (const psk of storage.next().psks) psk.fill(0);
    deepEqual(storage.next().psks, keysOf(4));
    deepEqual(keys, [1, 2, 3].map(pskOf));
  });

  it("begin where a later enrolment says, with its keys", () => {
    const storage = new TestStorage();
    storage.next();
    const others = [4, 5, 6].map(pskOf);
    const again: Enrolled = { policy, start: { t: 29_000_000, keys: others } };
    deepEqual(storage.next(again), { t: 29_000_000, psks: others });
    deepEqual(storage.next(again), { t: 29_000_001, psks: keysOf(2, others) });
  });

  it("end at 2^32 − 1: T never wraps", () => {
    const storage = new TestStorage();
    const last: Enrolled = { policy, start: { t: 2 ** 32 - 1, keys } };
    equal(storage.next(last).t, 2 ** 32 - 1);
    for (let i = 0; i < 2; i++)
      throws(() => storage.next(last), { type: RangeError, message: /all values are used/ });
    equal(storage.writes, 1);
  });

  it("are not given when they can't be written", () => {
    const storage = new TestStorage();
    storage.next();
    storage.failing = true;
    throws(() => storage.next(), /flash: worn out/);
    storage.failing = false;
    deepEqual(storage.next(), { t: 2, psks: keysOf(2) });
  });

  it("leave no copy of themselves in memory when they can't be written", () => {
    const storage = new TestStorage();
    storage.next();
    const given: Uint8Array[] = [];
    const worn: Storage = {
      read(name) {
        const value = storage.read(name) as Uint8Array;
        given.push(value);
        return value;
      },
      write(_name, value) {
        given.push(value);
        throw new Error("flash: worn out");
      },
    };
    throws(() => nextStep({ primitives, steps, storage: worn }, enrolled), /flash: worn out/);
    equal(given.length, 2);
    for (const value of given) ok(value.every((byte) => byte === 0));
  });

  it("are not given when they can't be read, or when something else stands there", () => {
    const unreadable: Storage = {
      read() {
        throw new Error("flash: no answer");
      },
      write() {},
    };
    throws(() => nextStep({ primitives, steps, storage: unreadable }, enrolled), /flash: no answer/);
    const storage = new TestStorage();
    storage.next();
    const whole = storage.value as Uint8Array;
    for (const value of [whole.subarray(0, 12), whole.subarray(0, 59), concat(whole, 0)]) {
      storage.value = value;
      throws(() => storage.next(), {
        type: RangeError,
        message: `chain: expected 60 stored bytes, got ${value.length}`,
      });
      deepEqual(storage.value, value);
    }
  });

  describe("where the enrolment can forget them", () => {
    /** An enrolment in a file that can be written. */
    class File {
      first: Uint8Array[] | undefined = keys.map((key) => key.slice());
      cut = false;

      read(): Enrolled {
        const start = this.first && { t: 1, keys: this.first.map((key) => key.slice()) };
        return {
          policy,
          start,
          taken: () => {
            if (this.cut) throw new Error("power cut");
            this.first = undefined;
          },
        };
      }
    }

    it("they are forgotten there once the storage has the next", () => {
      const [storage, file] = [new TestStorage(), new File()];
      storage.failing = true;
      throws(() => storage.next(file.read()), /worn out/);
      deepEqual(file.first, keys);
      storage.failing = false;
      const enrolment = file.read();
      deepEqual(storage.next(enrolment), { t: 1, psks: keysOf(1) });
      equal(file.first, undefined);
      deepEqual(
        enrolment.start?.keys,
        [1, 2, 3].map(() => new Uint8Array(16)),
      );
      // With the enrolment that is in memory, and with the file's.
      deepEqual(storage.next(enrolment), { t: 2, psks: keysOf(2) });
      deepEqual(storage.next(file.read()), { t: 3, psks: keysOf(3) });
    });

    it("a power cut between the two repeats no T", () => {
      const [storage, file] = [new TestStorage(), new File()];
      file.cut = true;
      throws(() => storage.next(file.read()), /power cut/);
      file.cut = false;
      deepEqual(storage.next(file.read()), { t: 2, psks: keysOf(2) });
      equal(file.first, undefined);
    });

    it("a storage without them can begin no exchange", () => {
      throws(() => new TestStorage().next({ policy, start: undefined }), /must be enrolled anew/);
    });
  });
});
