/** What a failure in the middle leaves of secrets at a third party: nothing in memory, and no place of the vault taken. */

import assert from "node:assert/strict";
import type { PartyEvent } from "../../../host/events.js";
import { MemoryStore } from "../../../host/store/memory.js";
import type { Store } from "../../../host/store/store.js";
import type { ThirdPartyOptions } from "../../../host/third-party/options.js";
import { Records } from "../../../host/third-party/records.js";
import { ThirdParty } from "../../../host/third-party/third-party.js";
import { MemoryVault, type Vault } from "../../../host/third-party/vault.js";
import { identityToText } from "../../../protocol/mikey/identity.js";
import { begin, known, presented, type World, world } from "./world.js";

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** A vault that remembers the keys which it handed out, and how many of its places are taken. */
class WatchedVault implements Vault {
  readonly #vault = new MemoryVault();
  readonly given: Uint8Array[] = [];
  taken = 0;

  put(): ReturnType<Vault["put"]> {
    const made = this.#vault.put();
    this.given.push(made.key);
    this.taken++;
    return made;
  }

  get(place: number): Uint8Array {
    const key = this.#vault.get(place);
    this.given.push(key);
    return key;
  }

  erase(place: number): void {
    this.#vault.erase(place);
    this.taken--;
  }

  keepOnly(places: ReadonlySet<number>): void {
    this.#vault.keepOnly(places);
  }

  close(): void {}
}

/** A store whose transactions fail on demand, before they are made or in the middle. */
class FailingStore implements Store {
  readonly #store = new MemoryStore();
  failing = false;

  table<Value>(name: string) {
    return this.#store.table<Value>(name);
  }

  transaction<Result>(work: () => Result): Result {
    return this.#store.transaction(() => {
      const result = work();
      if (this.failing) throw new Error("the disk is full");
      return result;
    });
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}

/** Runs `work`; returns all arrays that were copied of `secret` meanwhile, wherever. */
function copiesOf(secrets: readonly Uint8Array[], work: () => void): Uint8Array[] {
  const copies: Uint8Array[] = [];
  const original = Uint8Array.prototype.slice;
  Uint8Array.prototype.slice = function slice(this: Uint8Array<ArrayBuffer>, ...range) {
    const copy = original.apply(this, range) as Uint8Array<ArrayBuffer>;
    if (secrets.some((secret) => Buffer.compare(secret, copy) === 0)) copies.push(copy);
    return copy;
  };
  try {
    work();
  } finally {
    Uint8Array.prototype.slice = original;
  }
  return copies;
}

describe("secrets of a third party when something fails", () => {
  let w: World;

  before(async function () {
    this.timeout(30_000);
    w = await world();
  });

  /** Third party 1, what it kept, and the secrets that passed through it. */
  function stand(change: Partial<ThirdPartyOptions> = {}) {
    const store = new FailingStore();
    const vault = new WatchedVault();
    const events: PartyEvent[] = [];
    const secrets: Uint8Array[] = [];
    const to = known(w.hospital);
    let broken = "";
    const party = new ThirdParty({
      party: {
        ...presented(w.parties[0]),
        sign(data) {
          if (broken === "sign") throw new Error("no key");
          return presented(w.parties[0]).sign(data);
        },
      },
      sensor: () => ({ policy: w.policy, start: { t: 1, keys: w.psks[0] }, statement: w.statement }),
      bundled: () => [],
      responder: () => ({
        ...to,
        address: "127.0.0.1:9",
        wrap(envelopeKey) {
          secrets.push(envelopeKey);
          if (broken === "wrap") throw new Error("no key");
          return to.wrap(envelopeKey);
        },
      }),
      ...{ store, vault, onEvent: (event: PartyEvent) => events.push(event), deadline: 300, attempt: 100 },
      lie(accepted) {
        secrets.push(accepted.share);
        return accepted;
      },
      ...change,
    });
    return { party, store, vault, secrets, fail: (where: string) => (broken = where) };
  }

  for (const where of ["sign", "wrap", "store"]) {
    it(`at ${where}: share, envelope key, PSK and the vault's keys`, async () => {
      const { party, store, vault, secrets, fail } = stand();
      // A chain that has begun.
      await party.receive("", begin(w, 1).messages[0]);
      const { taken } = vault;
      secrets.length = 0;
      vault.given.length = 0;
      if (where === "store") store.failing = true;
      else fail(where);
      const { messages } = begin(w, 2);
      const copies = copiesOf([w.psks[0]], () =>
        assert.throws(() => party.receive("", messages[0]), /disk is full|no key/),
      );
      assert.equal(secrets.length, 2);
      for (const secret of [...secrets, ...vault.given, ...copies]) assert.ok(isZero(secret));
      assert.equal(vault.taken, taken, "places");
      store.failing = false;
      fail("");
      const { code } = await party.receive("", begin(w, 3).messages[0]);
      assert.ok(code > 0);
      assert.equal(vault.taken, taken, "places");
      await party.close();
    });
  }

  it("at the store, when the first message of a sensor comes: its first PSK", async () => {
    const { party, store, vault } = stand();
    store.failing = true;
    const { messages } = begin(w, 1);
    const copies = copiesOf([w.psks[0]], () =>
      assert.throws(() => party.receive("", messages[0]), /disk is full/),
    );
    assert.ok(copies.length > 0);
    // The ladder to keys ahead stays for the next message, beside the enrolment's own.
    assert.ok(copies.filter((copy) => !isZero(copy)).length <= 1);
    assert.equal(vault.taken, 0);
    await party.close();
  });

  it("at what makes an answer", () => {
    const store = new FailingStore();
    const vault = new WatchedVault();
    const records = new Records(store, vault);
    const enrolled = {
      ...{ sensor: identityToText(w.policy.sensor), name: "first" },
      start: { t: 1, keys: w.psks[0] },
    };
    const open = { message: Uint8Array.of(1), forward: Uint8Array.of(2) };
    const record = { digest: "a", responder: "hospital", deadline: 0, open };
    const psk = records.pskFor(enrolled, 1) as Uint8Array;
    assert.ok(records.accept(enrolled, 1, record, { psk, envelopeKey: new Uint8Array(32).fill(7) }));
    vault.given.length = 0;
    let seen = new Uint8Array(0);
    const broken = (its: Uint8Array): never => {
      seen = its as Uint8Array<ArrayBuffer>;
      throw new Error("no memory");
    };
    assert.throws(() => records.finish(enrolled.sensor, 1, "a", broken), /no memory/);
    assert.ok(seen.length === 16 && isZero(seen));
    for (const key of vault.given) assert.ok(isZero(key));
    store.failing = true;
    assert.throws(() => records.finish(enrolled.sensor, 1, "a", (its) => its.slice()), /disk is full/);
    for (const key of vault.given) assert.ok(isZero(key));
    assert.equal(vault.taken, 1);
    // What was accepted is there still.
    store.failing = false;
    assert.ok(records.finish(enrolled.sensor, 1, "a", (its) => its.slice()));
    assert.equal(vault.taken, 1);
  });
});
