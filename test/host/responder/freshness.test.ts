/** Replays and freshness where memory, clocks and names are not what they should be (RFC 3830 §5.4). */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { primitives, randomSource } from "../../../host/primitives.js";
import { CLOCK_SKEW } from "../../../host/responder/freshness.js";
import type { ResponderOptions } from "../../../host/responder/options.js";
import { Records } from "../../../host/responder/records.js";
import { hasServed, markServed } from "../../../host/responder/served.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { beginExchange, type WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { referenceSteps } from "../../../protocol/exchange/reference-steps.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import type { RandomSource } from "../../../protocol/primitives.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { begin, soon, stated, type World, world } from "../third-party/world.js";
import { forward, type Stand, send, stand } from "./forwarding.js";

let w: World;
const open: Stand[] = [];

async function start(change: Partial<ResponderOptions> = {}): Promise<Stand> {
  const started = await stand(w, change);
  open.push(started);
  return started;
}

const agreed = ({ events }: Stand) =>
  events.flatMap((event) => (event.event === "agreed" ? [[event.sensor, event.t]] : []));
const reasons = ({ events }: Stand) =>
  events.flatMap((event) => (event.event === "refused" ? [event.reason] : []));

describe("Responder: freshness", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  afterEach(() => {
    for (const { responder } of open.splice(0)) responder.close();
  });

  describe("two sensors with the same CSB ID", () => {
    let other: World;
    before(async () => {
      const policy = { ...w.policy, sensor: identityFromText("sensor02") };
      const psks = w.psks.map(() => randomSource(16));
      other = { ...w, policy, psks, statement: await stated(w.authority, policy) };
    });

    /** An exchange with this nonce, and, for one who copies, with the CSB ID and RAND of another session. */
    function beginWith(of: World, nonce: Uint8Array, copied?: WaitingInitiator): WaitingInitiator {
      const steps = referenceSteps(primitives);
      const { threshold, privacy } = of.policy;
      const credentials = {
        policy: of.policy,
        psks: of.psks,
        weights: weightMatrix({ threshold, privacy, shares: 3 }),
      };
      const random: RandomSource = (length) => (length === nonce.length ? nonce : randomSource(length));
      const copying: typeof steps = {
        ...steps,
        createSession(...args) {
          const session = steps.createSession(...args);
          if (copied === undefined) return session;
          const { csbId, rand } = copied.session;
          return { ...session, csbId, rand };
        },
      };
      return beginExchange(copying, random, credentials, of.hospital.identity, 1);
    }

    for (const [how, copies] of [
      ["by accident", false],
      ["by malice, RAND and T too", true],
    ] as const) {
      it(`${how}: each agrees on its own key, whatever order their shares come in`, async () => {
        const nonce = randomSource(8);
        const one = beginWith(w, nonce);
        const two = beginWith(other, nonce, copies ? one : undefined);
        assert.deepEqual(two.session.csbId, one.session.csbId);
        for (const order of [
          [0, 1, 0, 1],
          [1, 1, 0, 0],
          [0, 1, 1, 0],
        ]) {
          const standing = await start();
          const next = [0, 0];
          const messages = order.map((sensor, offset) =>
            forward([w, other][sensor], [one, two][sensor], ++next[sensor], { offset }),
          );
          await send(standing, ...messages);
          assert.deepEqual(agreed(standing).sort(), [
            ["sensor01", 1],
            ["sensor02", 1],
          ]);
          assert.deepEqual(reasons(standing), []);
        }
      });
    }
  });

  it("takes the later of two sessions first, and then the earlier not at all", async () => {
    const standing = await start();
    const [first, second] = [begin(w, 1), begin(w, 2)];
    const message = forward(w, first, 1);
    const [waiting] = await send(standing, message, forward(w, second, 2), forward(w, second, 3));
    // Who waits for the session that is overtaken hears that it is over.
    assert.equal((await soon(waiting)).code, Codes.changed);
    const [late] = await send(standing, forward(w, first, 2));
    assert.equal((await soon(late)).code, Codes.forbidden);
    assert.deepEqual(agreed(standing), [["sensor01", 2]]);
    assert.deepEqual(reasons(standing), ["T 1 is not above the last key's 2"]);
  });

  it("makes no key of shares that come after their session was closed", async () => {
    const standing = await start({ deadline: 100, hold: 50 });
    const exchange = begin(w, 1);
    const messages = [1, 2].map((x) => forward(w, exchange, x));
    await send(standing, messages[0]);
    await sleep(150);
    assert.equal(standing.events.filter(({ event }) => event === "expired").length, 1);
    await send(standing, messages[1], messages[0]);
    assert.deepEqual(agreed(standing), []);
    // The sensor's next exchange is as good as ever.
    const next = begin(w, 2);
    await send(standing, ...[1, 2].map((x) => forward(w, next, x)));
    assert.deepEqual(agreed(standing), [["sensor01", 2]]);
  });

  it("refuses what it may have accepted before it lost its memory, and nothing that comes later", async () => {
    const before = await start();
    const exchange = begin(w, 1);
    const messages = [1, 2].map((x) => forward(w, exchange, x));
    await send(before, ...messages);
    assert.deepEqual(agreed(before), [["sensor01", 1]]);

    // Without the mark it would be a beginning, and the repetition a key.
    const naive = await start({ store: new MemoryStore() });
    await send(naive, ...messages);
    assert.deepEqual(agreed(naive), [["sensor01", 1]]);

    const store = new MemoryStore();
    const standing = await start({ store, hasServed: true });
    const ahead = forward(w, exchange, 1, { offset: CLOCK_SKEW - 60_000 });
    await send(standing, ...messages, ahead);
    assert.deepEqual(agreed(standing), []);
    for (const reason of reasons(standing)) assert.match(reason, /has lost its memory/);
    assert.equal(reasons(standing).length, 3);
    // A restart does not make it forget that it has forgotten, nor begin the wait anew.
    const { now } = Date;
    try {
      Date.now = () => now() + CLOCK_SKEW + 1_000;
      const after = await start({ store, hasServed: true });
      await send(after, ...messages);
      assert.deepEqual(agreed(after), []);
      const fresh = begin(w, 2);
      await send(after, ...[1, 2].map((x) => forward(w, fresh, x)));
      assert.deepEqual(agreed(after), [["sensor01", 2]]);
    } finally {
      Date.now = now;
    }
  });

  it("has a mark beside its key, not in its state, that it has served", () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-served-"));
    try {
      assert.equal(hasServed(folder), false);
      markServed(folder);
      markServed(folder);
      assert.equal(hasServed(folder), true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("a clock that jumps an hour ahead, and back, makes no replay acceptable", async () => {
    const store = new MemoryStore();
    const { now } = Date;
    let jump = 0;
    const { setInterval } = globalThis;
    const ticks: (() => void)[] = [];
    try {
      Date.now = () => now() + jump;
      globalThis.setInterval = ((work: () => void) => {
        ticks.push(work);
        return setInterval(() => {}, 1e6);
      }) as typeof setInterval;
      const standing = await start({ store, deadline: 400, hold: 50 });
      globalThis.setInterval = setInterval;
      const message = forward(w, begin(w, 1), 1);
      const [taken] = await send(standing, message);
      const answer = await soon(taken);
      jump = 3_600_000;
      const [refused] = await send(standing, forward(w, begin(w, 2), 1, { offset: -3_600_000 }));
      assert.equal((await soon(refused)).code, Codes.forbidden);
      for (const tick of ticks) tick();
      jump = 0;
      assert.equal(store.table("replays").entries().length, 1);
      const [again] = await send(standing, message);
      assert.deepEqual((await soon(again)).payload, answer.payload);
    } finally {
      Date.now = now;
      globalThis.setInterval = setInterval;
    }
  });

  it("a clock that is set back does not keep a session open beyond its time", async () => {
    const store = new MemoryStore();
    const { now } = Date;
    const before = await start({ store, deadline: 200, hold: 100 });
    await send(before, forward(w, begin(w, 1), 1));
    before.responder.close();
    try {
      Date.now = () => now() - 240_000;
      const after = await start({ store, deadline: 200, hold: 100 });
      await sleep(400);
      assert.equal(after.events.filter(({ event }) => event === "expired").length, 1);
      assert.deepEqual(store.table("open").entries(), []);
    } finally {
      Date.now = now;
    }
  });

  it("keeps from when on it knows", () => {
    const store = new MemoryStore();
    assert.equal(new Records(store).knownFrom(7), 7);
    assert.equal(new Records(store).knownFrom(9), 7);
  });
});
