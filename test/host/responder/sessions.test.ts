import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { RouteResponse } from "../../../host/coap/resources.js";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { CLOCK_SKEW } from "../../../host/responder/freshness.js";
import type { ResponderOptions } from "../../../host/responder/options.js";
import { type ConfirmedRecord, Records } from "../../../host/responder/records.js";
import { voucher } from "../../../host/responder/vouch.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import { FinishedInitiator } from "../../../protocol/exchange/initiator.js";
import { identityToText } from "../../../protocol/mikey/identity.js";
import { begin, soon, type World, world } from "../third-party/world.js";
import { confirmationIn, finish, forward, type Stand, stand } from "./forwarding.js";

let w: World;
const open: Stand[] = [];

async function start(change: Partial<ResponderOptions> = {}): Promise<Stand> {
  const started = await stand(w, change);
  open.push(started);
  return started;
}

/** The bytes of an R_TP. */
async function answerOf(response: Promise<RouteResponse>): Promise<Uint8Array> {
  const { code, payload } = await soon(response);
  assert.equal(code, Codes.changed);
  return payload as Uint8Array;
}

function only<Name extends PartyEvent["event"]>(events: readonly PartyEvent[], name: Name) {
  return events.filter((event): event is Extract<PartyEvent, { event: Name }> => event.event === name);
}

/** The record of a key that nothing is known of but its T. */
function confirmed(t: number, confirmation = new Uint8Array()): ConfirmedRecord {
  return {
    t,
    group: `${t}`,
    confirmation,
    shares: new Uint8Array(48),
    contradicting: [],
  };
}

describe("Responder: sessions", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  afterEach(() => {
    for (const { responder } of open.splice(0)) responder.close();
  });

  it("rebuilds the key from any two shares, and the third gets the same R_I", async () => {
    for (const order of [
      [1, 2, 3],
      [3, 1, 2],
      [2, 3, 1],
    ]) {
      const { responder, events } = await start();
      const exchange = begin(w, 5);
      const expected = fingerprint(primitives, exchange.provisionalKeys);
      const messages = order.map((x) => forward(w, exchange, x));
      const answers = await Promise.all(messages.map(({ bytes }) => answerOf(responder.receive("", bytes))));
      const confirmations = answers.map((answer, i) => confirmationIn(messages[i], answer));
      assert.ok(confirmations[0] !== undefined);
      assert.deepEqual(confirmations, [confirmations[0], confirmations[0], confirmations[0]]);
      assert.ok(finish(w, exchange, 3, confirmations[0]) instanceof FinishedInitiator);
      assert.deepEqual(only(events, "agreed"), [
        { event: "agreed", sensor: "sensor01", t: 5, tek: expected, misfits: [] },
      ]);
      const sent = only(events, "message").map(({ name, from, to, sensor }) => [name, from, to, sensor]);
      assert.deepEqual(
        sent.sort(),
        [
          ["R_I", "hospital", "sensor01", "sensor01"],
          ["R_TP", "hospital", "party-01", "sensor01"],
          ["R_TP", "hospital", "party-02", "sensor01"],
          ["R_TP", "hospital", "party-03", "sensor01"],
        ].sort(),
      );
    }
  });

  it("tells of the key in the transaction that confirms it", async () => {
    const store = new MemoryStore();
    const keys = store.table<string>("keys");
    const { responder } = await start({
      store,
      onAgreed: (session, channel) => {
        keys.put(identityToText(session.sensor), fingerprint(primitives, channel));
        if (session.t === 2) throw new Error("the disk is full");
      },
    });
    const exchange = begin(w, 1);
    await Promise.all([1, 2].map((x) => answerOf(responder.receive("", forward(w, exchange, x).bytes))));
    const first = fingerprint(primitives, exchange.provisionalKeys);
    assert.equal(keys.get("sensor01"), first);
    const next = begin(w, 2);
    void responder.receive("", forward(w, next, 1).bytes);
    await sleep(30);
    await assert.rejects(responder.receive("", forward(w, next, 2).bytes), /disk is full/);
    assert.equal(keys.get("sensor01"), first);
    assert.equal(new Records(store).confirmed("sensor01")?.t, 1);
    assert.equal(store.table("open").entries().length, 2);
  });

  describe("a share that says something else", () => {
    it("opens its own group, refuses nobody else's, and is named", async () => {
      const { responder, events } = await start();
      const exchange = begin(w, 1);
      const lie = forward(w, exchange, 1, { checkValue: randomSource(8) });
      const lied = responder.receive("", lie.bytes);
      await sleep(30);
      const honest = [2, 3].map((x) => forward(w, exchange, x));
      const answers = await Promise.all(honest.map(({ bytes }) => answerOf(responder.receive("", bytes))));
      const confirmation = confirmationIn(honest[0], answers[0]);
      assert.ok(confirmation && finish(w, exchange, 2, confirmation) instanceof FinishedInitiator);
      assert.equal(confirmationIn(lie, await answerOf(lied)), undefined);
      assert.deepEqual(only(events, "refused"), []);
      assert.deepEqual(
        only(events, "agreed").map(({ misfits }) => misfits),
        [["party-01"]],
      );
    });

    it("by its context: CSB ID, RAND, T", async () => {
      for (const session of [{ csbId: randomSource(4) }, { rand: randomSource(16) }, { t: 9 }]) {
        const { responder, events } = await start();
        const exchange = begin(w, 1);
        void responder.receive("", forward(w, exchange, 1, { session }).bytes);
        await sleep(30);
        const honest = [2, 3].map((x) => forward(w, exchange, x));
        await Promise.all(honest.map(({ bytes }) => answerOf(responder.receive("", bytes))));
        assert.equal(only(events, "agreed").length, 1);
        assert.deepEqual(only(events, "refused"), []);
      }
    });

    it("can't be said so often that the honest are kept out", async () => {
      const { responder, events, kept } = await start();
      const exchange = begin(w, 1);
      for (let i = 0; i < 8; i++) {
        void responder.receive("", forward(w, exchange, 1, { checkValue: randomSource(8) }).bytes);
        await sleep(10);
      }
      const before = kept();
      const { code } = await responder.receive(
        "",
        forward(w, exchange, 1, { checkValue: randomSource(8) }).bytes,
      );
      assert.equal(code, Codes.forbidden);
      assert.match(only(events, "refused")[0].reason, /party-01 has 8 sessions of this sensor open/);
      assert.deepEqual(kept(), before);
      await Promise.all([2, 3].map((x) => answerOf(responder.receive("", forward(w, exchange, x).bytes))));
      assert.equal(only(events, "agreed").length, 1);
    });

    it("with the others' check value is told as a fault, and no key comes of it", async () => {
      const { responder, events } = await start({ hold: 100 });
      const exchange = begin(w, 1);
      const messages = [forward(w, exchange, 1, { share: randomSource(16) }), forward(w, exchange, 2)];
      const answers = await Promise.all(messages.map(({ bytes }) => answerOf(responder.receive("", bytes))));
      assert.deepEqual(
        answers.map((answer, i) => confirmationIn(messages[i], answer)),
        [undefined, undefined],
      );
      assert.match(only(events, "fault")[0].reason, /^no 2 of 2 shares fit the check value: at least 1 /);
      assert.deepEqual(only(events, "agreed"), []);
    });
  });

  describe("duplicates", () => {
    it("get the same answer: while others are awaited, when the key is there, and after a later key", async () => {
      const { responder, events } = await start();
      const exchange = begin(w, 1);
      const first = forward(w, exchange, 1);
      const early = [responder.receive("", first.bytes)];
      await sleep(30);
      early.push(responder.receive("", first.bytes));
      const { code } = await responder.receive("", first.bytes);
      assert.equal(code, Codes.serviceUnavailable, "two wait for it");
      const second = forward(w, exchange, 2);
      const answer = await answerOf(responder.receive("", second.bytes));
      const answers = await Promise.all(early.map(answerOf));
      assert.ok(confirmationIn(first, answers[0]));
      for (const other of answers) assert.deepEqual(other, answers[0]);
      assert.deepEqual(await answerOf(responder.receive("", first.bytes)), answers[0]);
      const later = begin(w, 2);
      await Promise.all([1, 2].map((x) => answerOf(responder.receive("", forward(w, later, x).bytes))));
      assert.deepEqual(await answerOf(responder.receive("", first.bytes)), answers[0]);
      assert.deepEqual(await answerOf(responder.receive("", second.bytes)), answer);
      assert.equal(only(events, "agreed").length, 2);
      assert.equal(only(events, "message").filter(({ name }) => name === "R_TP").length, 4);
    });

    it("get the same answer after a restart, also when it came too early for R_I", async () => {
      const store = new MemoryStore();
      const before = await start({ store, hold: 50 });
      const exchange = begin(w, 1);
      const messages = [1, 2, 3].map((x) => forward(w, exchange, x));
      const receipt = await answerOf(before.responder.receive("", messages[0].bytes));
      assert.equal(confirmationIn(messages[0], receipt), undefined);
      const confirmed = await answerOf(before.responder.receive("", messages[1].bytes));
      assert.ok(confirmationIn(messages[1], confirmed));
      const late = await answerOf(before.responder.receive("", messages[2].bytes));
      const answers = [receipt, confirmed, late];
      for (const again of [before, await start({ store })]) {
        for (const [i, { bytes }] of messages.entries()) {
          assert.deepEqual(await answerOf(again.responder.receive("", bytes)), answers[i]);
        }
      }
    });
  });

  describe("time", () => {
    it("holds an answer, and ends a session that got too few shares", async () => {
      const { responder, events, store } = await start({ hold: 60, deadline: 200 });
      const message = forward(w, begin(w, 3), 1);
      const began = performance.now();
      const answer = await answerOf(responder.receive("", message.bytes));
      assert.ok(performance.now() - began >= 55);
      assert.equal(confirmationIn(message, answer), undefined);
      assert.deepEqual(only(events, "expired"), []);
      await sleep(250);
      assert.deepEqual(only(events, "expired"), [
        { event: "expired", sensor: "sensor01", t: 3, shares: 1, threshold: 2, missing: 1 },
      ]);
      assert.deepEqual(store.table("open").entries(), []);
      assert.deepEqual(await answerOf(responder.receive("", message.bytes)), answer);
    });

    it("answers who still waits when the session ends", async () => {
      const { responder } = await start({ hold: 5_000, deadline: 100 });
      const message = forward(w, begin(w, 3), 1);
      const answer = await answerOf(responder.receive("", message.bytes));
      assert.equal(confirmationIn(message, answer), undefined);
      assert.deepEqual(await answerOf(responder.receive("", message.bytes)), answer);
    });

    it("forgets accepted messages that are refused by their T, and no others", () => {
      const store = new MemoryStore();
      const records = new Records(store);
      const place = (i: number) => ({ thirdParty: "party-01", unixTime: 1e12 + i, timestamp: "00" });
      for (let i = 0; i < 1200; i++) records.accept(place(i), { digest: `${i}` });
      records.forget(1e12 + 1100);
      assert.equal(store.table("replays").entries().length, 100);
      assert.equal(records.replay(place(1099)), undefined);
      assert.equal(records.replay(place(1100))?.digest, "1100");
      records.forget(Date.now() - 2 * CLOCK_SKEW);
      assert.deepEqual(store.table("replays").entries(), []);
    });
  });

  describe("restarts", () => {
    it("go on with the shares that were accepted", async () => {
      const store = new MemoryStore();
      const before = await start({ store });
      const exchange = begin(w, 4);
      const first = forward(w, exchange, 1);
      void before.responder.receive("", first.bytes);
      await sleep(30);
      before.responder.close();
      const { responder, events } = await start({ store });
      const second = forward(w, exchange, 2);
      assert.ok(confirmationIn(second, await answerOf(responder.receive("", second.bytes))));
      assert.ok(confirmationIn(first, await answerOf(responder.receive("", first.bytes))));
      assert.equal(only(events, "agreed")[0].tek, fingerprint(primitives, exchange.provisionalKeys));
      assert.deepEqual(store.table("open").entries(), []);
    });

    it("rebuild at once when the end came between the last share and the key", async () => {
      const store = new MemoryStore();
      const failing = await start({
        store,
        onAgreed: () => {
          throw new Error("killed");
        },
      });
      const exchange = begin(w, 4);
      const messages = [1, 2].map((x) => forward(w, exchange, x));
      void failing.responder.receive("", messages[0].bytes);
      await sleep(30);
      await assert.rejects(failing.responder.receive("", messages[1].bytes), /killed/);
      failing.responder.close();
      const { responder, events } = await start({ store });
      assert.equal(only(events, "agreed").length, 1);
      for (const message of messages) {
        assert.ok(confirmationIn(message, await answerOf(responder.receive("", message.bytes))));
      }
    });

    it("let a third party wait for others as before", async () => {
      const store = new MemoryStore();
      const before = await start({ store });
      const exchange = begin(w, 4);
      const first = forward(w, exchange, 1);
      void before.responder.receive("", first.bytes);
      await sleep(30);
      before.responder.close();
      const { responder } = await start({ store, hold: 60 });
      const answer = await answerOf(responder.receive("", first.bytes));
      assert.equal(confirmationIn(first, answer), undefined);
      assert.deepEqual(await answerOf(responder.receive("", first.bytes)), answer);
    });

    it("drop shares that are not vouched for any more, and those below the last key", async () => {
      const store = new MemoryStore();
      const before = await start({ store });
      for (const t of [4, 6]) {
        void before.responder.receive("", forward(w, begin(w, t), 1).bytes);
        await sleep(30);
      }
      before.responder.close();
      store.transaction(() => store.table("confirmed").put("sensor01", confirmed(5)));
      const { events } = await start({ store });
      assert.match(only(events, "fault")[0].reason, /T 4 is not above the last key's 5/);
      assert.equal(store.table("open").entries().length, 1);
      const strict = await start({ store, vouch: voucher(w.stranger) });
      assert.match(only(strict.events, "fault")[0].reason, /another authority/);
      assert.deepEqual(store.table("open").entries(), []);
    });

    it("never lower the confirmed T", () => {
      const records = new Records(new MemoryStore());
      const confirmation = new Uint8Array(1);
      const confirm = (t: number) =>
        records.confirm("sensor01", confirmed(t, confirmation), [], () => undefined);
      assert.deepEqual([confirm(4), confirm(3), confirm(4), confirm(9)], [true, false, false, true]);
      assert.equal(records.confirmed("sensor01")?.t, 9);
    });
  });
});
