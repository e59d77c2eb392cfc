import { nextStep } from "../../../firmware/chain.js";
import { TwoCopies } from "../../../firmware/storage/two-copies.js";
import { policyOf, pskOf } from "../../protocol/exchange/parties.js";
import { deepEqual, equal, ok } from "../../support/assert.js";
import { primitives, steps } from "../../support/primitives.js";

/** As on an ESP32: an entry is erased, then written; power may fail between. */
class TestPreference {
  readonly entries = new Map<string, ArrayBuffer>();
  cut = false;

  get(domain: string, key: string): ArrayBuffer | undefined {
    return this.entries.get(`${domain}/${key}`);
  }

  set(domain: string, key: string, value: ArrayBuffer): void {
    this.entries.delete(`${domain}/${key}`);
    if (this.cut) throw new Error("power cut");
    this.entries.set(`${domain}/${key}`, value.slice(0));
  }
}

describe("values in two copies", () => {
  it("keeps what was written last, also for the next start", () => {
    const preference = new TestPreference();
    const storage = new TwoCopies(preference, "symbolon");
    equal(storage.read("t"), undefined);
    for (let i = 0; i < 5; i++) {
      storage.write("t", Uint8Array.of(i, 255));
      for (const each of [storage, new TwoCopies(preference, "symbolon")]) {
        deepEqual(each.read("t"), Uint8Array.of(i, 255));
      }
    }
    storage.write("empty", new Uint8Array(0));
    deepEqual(storage.read("empty"), new Uint8Array(0));
    equal(new TwoCopies(preference, "other").read("t"), undefined);
    deepEqual([...preference.entries.keys()].sort(), ["symbolon/empty0", "symbolon/t0", "symbolon/t1"]);
  });

  it("holds nothing of what was replaced, once it is told so", () => {
    const preference = new TestPreference();
    const storage = new TwoCopies(preference, "symbolon");
    storage.write("key", Uint8Array.of(7));
    storage.write("key", Uint8Array.of(8));
    storage.wipeOld();
    deepEqual(storage.read("key"), Uint8Array.of(8));
    for (const entry of preference.entries.values()) equal(new Uint8Array(entry)[4], 8);
  });

  const enrolled = { policy: policyOf(2, 1, 3), start: { t: 1, keys: [1, 2, 3].map(pskOf) } };

  it("never gives a T twice, with the power cut after any number of them", () => {
    for (let before = 0; before < 5; before++) {
      const preference = new TestPreference();
      const storage = new TwoCopies(preference, "symbolon");
      let last = 0;
      for (let i = 0; i < before; i++) last = nextStep({ primitives, steps, storage }, enrolled).t;
      preference.cut = true;
      for (let i = 0; i < 3; i++) {
        try {
          last = nextStep({ primitives, steps, storage }, enrolled).t;
        } catch (error) {
          equal((error as Error).message, "power cut");
        }
      }
      preference.cut = false;
      ok(nextStep({ primitives, steps, storage }, enrolled).t > last);
    }
  });
});
