/** A gateway whose store fails: nothing half-written, nothing acknowledged, and what is under way goes on afterwards. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { StoreTrouble } from "../../../host/gateway/store-trouble.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { type Store, StoreError, type Table } from "../../../host/store/store.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { restoreConfirmation } from "../../../protocol/exchange/bundle.js";
import { PATIENCE, type World, world } from "../third-party/world.js";
import { anyBundle, lone } from "./lone.js";
import { locationOf, type Scene, scene } from "./scene.js";

const FULL = "/gateway/state: the state can't be written (No space left on device)";
const nothing = new Uint8Array(0);

/** Fails when it is full, after all the work of a transaction is done. */
class Disk implements Store {
  isFull = false;
  refused = 0;
  readonly #store = new MemoryStore();
  readonly #tables = new Map<string, Table<unknown>>();

  table<Value>(name: string): Table<Value> {
    const table = this.#store.table<Value>(name);
    this.#tables.set(name, table as Table<unknown>);
    return table;
  }
  transaction<Result>(work: () => Result): Result {
    return this.#store.transaction(() => {
      const result = work();
      if (!this.isFull) return result;
      this.refused++;
      throw new StoreError(FULL);
    });
  }
  close(): Promise<void> {
    return this.#store.close();
  }
  /** All that is in it. */
  contents(): string {
    return JSON.stringify([...this.#tables].map(([name, table]) => [name, table.entries()]));
  }
}

const until = async (what: () => boolean) => {
  const end = Date.now() + PATIENCE;
  while (!what()) {
    assert.ok(Date.now() < end, "nothing within the time");
    await sleep(10);
  }
};

describe("a gateway whose store fails", () => {
  it("refuses bundles and requests with 5.03, says why once, and writes nothing", async () => {
    const store = new Disk();
    const gateway = await lone("127.0.0.1:9", { store, deadline: 60_000 });
    try {
      const box = await gateway.box();
      const before = store.contents();
      store.isFull = true;
      const answers = [
        await gateway.post(anyBundle(9)),
        await gateway.send(box, 1),
        await gateway.send(box, 2),
      ];
      for (const { code, options } of answers) {
        assert.equal(code, Codes.serviceUnavailable);
        assert.deepEqual([...(findOption(options, OptionNumbers.maxAge) ?? [])], [5]);
      }
      assert.equal(store.contents(), before);
      const faults = gateway.events.filter(({ event }) => event === "fault");
      assert.deepEqual(faults, [{ event: "fault", where: "store", reason: FULL }]);
      store.isFull = false;
      assert.equal((await gateway.send(box, 1)).code, Codes.changed);
      assert.equal((await gateway.post(anyBundle(9))).code, Codes.created);
    } finally {
      await gateway.close();
    }
  });

  it("lets pass what is no trouble of the store", () => {
    const trouble = new StoreTrouble((event) => assert.fail(event.event));
    const bug = () => {
      throw new RangeError("a bug");
    };
    assert.throws(() => trouble.attempt(bug), RangeError);
    assert.throws(() => trouble.refusing(bug)({ payload: nothing, peer: "p", options: [] }), RangeError);
  });

  describe("among real parties", () => {
    let w: World;
    let s: Scene;
    let store: Disk;
    before(async function () {
      this.timeout(30_000);
      w = await world();
    });
    beforeEach(async () => {
      store = new Disk();
      s = await scene(w, { gateway: { store } });
    });
    afterEach(() => s.close());

    it("stores R_I that came meanwhile when it can, and answers what waits", async () => {
      const { waiting, bundle } = s.bundle(1);
      const box = locationOf(await s.post(bundle));
      store.isFull = true;
      await until(() => store.refused > 0);
      const faults = () => s.gatewayEvents.filter(({ event }) => event === "fault").length;
      assert.equal(faults(), 1);
      store.isFull = false;
      const options = [{ number: OptionNumbers.uriQuery, value: Buffer.from("w=5") }];
      const { payload } = await s.send(box, nothing, { options });
      waiting.consumeConfirmation(restoreConfirmation(waiting.session, payload));
      assert.equal(faults(), 1);
    });

    it("brings a request to the Responder once more when it could not note the answer", async () => {
      const { bundle } = s.bundle(1);
      const box = locationOf(await s.post(bundle));
      await until(() => s.agreed.size === 1);
      await s.stop("responder");
      const option = {
        number: OptionNumbers.oscore,
        value: Uint8Array.of(0x19, 0, 8, ...new Array(8).fill(1), 1),
      };
      const sent = await s.send(box, new Uint8Array(30), { options: [option], understood: [9] });
      assert.equal(sent.code, Codes.changed);
      store.isFull = true;
      await s.startResponder();
      await until(() => store.refused > 0);
      const done = () => s.gatewayEvents.some(({ event }) => event === "forwarded");
      assert.equal(done(), false);
      store.isFull = false;
      await until(done);
    });
  });
});
