/** Third parties that lie, before the key and after it: who is named, with what evidence, and what can't be told. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PartyEvent } from "../../../host/events.js";
import { primitives, randomSource } from "../../../host/primitives.js";
import { messageDigest } from "../../../host/refusals.js";
import { evidenceFolder } from "../../../host/responder/evidence.js";
import type { ResponderOptions } from "../../../host/responder/options.js";
import { voucher } from "../../../host/responder/vouch.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { fingerprint } from "../../../protocol/exchange/fingerprint.js";
import type { WaitingInitiator } from "../../../protocol/exchange/initiator.js";
import { consumeShareMessage, readShareMessage } from "../../../protocol/exchange/share-message.js";
import { multiply } from "../../../protocol/shares/field.js";
import { begin, certified, pskAt, soon, stated, type World, world } from "../third-party/world.js";
import { confirmationIn, forward, type Stand, send, stand } from "./forwarding.js";

let w: World;
let folder: string;
const open: Stand[] = [];

async function start(change: Partial<ResponderOptions> = {}): Promise<Stand> {
  const started = await stand(w, { keepEvidence: evidenceFolder(folder), ...change });
  open.push(started);
  return started;
}

function only<Name extends PartyEvent["event"]>(events: readonly PartyEvent[], name: Name) {
  return events.filter((event): event is Extract<PartyEvent, { event: Name }> => event.event === name);
}

describe("Responder: third parties that lie", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-evidence-"));
  });
  afterEach(() => {
    for (const { responder } of open.splice(0)) responder.close();
    rmSync(folder, { recursive: true });
  });

  for (const [when, order] of [
    ["before the honest", [1, 2, 3]],
    ["between the honest", [2, 1, 3]],
    ["after the key is there", [2, 3, 1]],
  ] as const) {
    it(`an altered share ${when}: the key is the sensor's, the liar is named, what it signed is kept`, async () => {
      const standing = await start();
      const exchange = begin(w, 5);
      const messages = order.map((x) => forward(w, exchange, x, x === 1 ? { share: randomSource(16) } : {}));
      const answers = await send(standing, ...messages);
      for (const [i, answer] of answers.entries()) {
        const { code, payload } = await soon(answer);
        assert.equal(code, Codes.changed);
        assert.ok(confirmationIn(messages[i], payload as Uint8Array));
      }
      const { events } = standing;
      const [{ tek, misfits }] = only(events, "agreed");
      assert.equal(tek, fingerprint(primitives, exchange.provisionalKeys));
      assert.deepEqual(misfits, order[2] === 1 ? [] : ["party-01"]);
      const { bytes } = messages[order.indexOf(1)];
      const [{ evidence, ...misfit }, ...more] = only(events, "misfit");
      assert.deepEqual(more, []);
      assert.deepEqual(misfit, {
        event: "misfit",
        sensor: "sensor01",
        t: 5,
        thirdParty: "party-01",
        what: "share",
        digest: messageDigest(bytes),
        reason: "its share does not fit the key: it or the sensor lied, unless 2 or more lied together",
      });
      assert.deepEqual(Uint8Array.from(readFileSync(evidence as string)), bytes);
      assert.equal(statSync(evidence as string).mode & 0o777, 0o600);
    });
  }

  it("an altered share that comes after a restart is still found", async () => {
    const store = new MemoryStore();
    const before = await start({ store });
    const exchange = begin(w, 5);
    await send(before, forward(w, exchange, 2), forward(w, exchange, 3));
    before.responder.close();
    const after = await start({ store });
    await send(after, forward(w, exchange, 1, { share: randomSource(16) }));
    assert.deepEqual(
      only(after.events, "misfit").map(({ thirdParty }) => thirdParty),
      ["party-01"],
    );
  });

  it("another session of the same T is named before the key and after it, and after it refused", async () => {
    for (const change of [{ checkValue: randomSource(8) }, { session: { rand: randomSource(16) } }]) {
      for (const order of [
        [1, 2, 3],
        [2, 3, 1],
      ]) {
        const standing = await start();
        const exchange = begin(w, 5);
        const answers = await send(
          standing,
          ...order.map((x) => forward(w, exchange, x, x === 1 ? change : {})),
        );
        const { code } = await soon(answers[order.indexOf(1)]);
        assert.equal(code, order[0] === 1 ? Codes.changed : Codes.forbidden);
        const [{ thirdParty, what, reason, evidence }, ...more] = only(standing.events, "misfit");
        assert.deepEqual([thirdParty, what, more.length], ["party-01", "session", 0]);
        assert.match(reason, /it or the sensor lied, unless 2 or more lied together$/);
        assert.ok(evidence);
      }
    }
  });

  it("a contradiction after the key costs its signature once, and nothing the second time", async () => {
    let vouched = 0;
    const vouch: ResponderOptions["vouch"] = (message) => {
      vouched++;
      return voucher(w.authority)(message);
    };
    const standing = await start({ vouch });
    const exchange = begin(w, 5);
    await send(standing, forward(w, exchange, 2), forward(w, exchange, 3));
    for (let i = 0; i < 4; i++) {
      await send(standing, forward(w, exchange, 1, { checkValue: randomSource(8) }));
    }
    assert.equal(vouched, 3);
    assert.equal(only(standing.events, "misfit").length, 1);
    assert.equal(only(standing.events, "refused").length, 4);
  });

  it("a forged contradiction names nobody", async () => {
    const standing = await start();
    const exchange = begin(w, 5);
    await send(standing, forward(w, exchange, 2), forward(w, exchange, 3));
    const sign = () => new Uint8Array(256).fill(1);
    const [answer] = await send(
      standing,
      forward(w, exchange, 1, { checkValue: randomSource(8), party: { sign } }),
    );
    assert.equal((await soon(answer)).code, Codes.unauthorized);
    assert.deepEqual(only(standing.events, "misfit"), []);
  });

  it("from k contradictions on nobody is named, for the others may be the honest", async () => {
    const standing = await start();
    const exchange = begin(w, 5);
    const lie = { checkValue: randomSource(8) };
    await send(standing, forward(w, exchange, 3, lie), forward(w, exchange, 1), forward(w, exchange, 2));
    assert.deepEqual(
      only(standing.events, "misfit").map(({ thirdParty }) => thirdParty),
      ["party-03"],
    );
    await send(standing, forward(w, exchange, 2, lie));
    assert.equal(only(standing.events, "misfit").length, 1);
    const [{ thirdParties, reason }] = only(standing.events, "undecided");
    assert.deepEqual(thirdParties, ["party-03", "party-02"]);
    assert.match(reason, /at least 2 lied, or the sensor, and which side can't be told$/);
  });

  describe("with 3 of 5", () => {
    let five: World;
    before(async function () {
      this.timeout(30_000);
      const more = ["party-04", "party-05"].map((name) =>
        certified(name, { issuer: w.authority, role: "third-party" }),
      );
      const parties = [...w.parties, ...(await Promise.all(more))];
      const thirdParties = parties.map(({ identity }) => identity);
      const policy = { ...w.policy, threshold: 3, privacy: 2, thirdParties };
      const statement = await stated(w.authority, policy);
      five = { ...w, parties, policy, statement, psks: parties.map(() => randomSource(16)) };
    });

    /** The TP_R of third party x, with something added to its share. */
    const moved = (exchange: WaitingInitiator, x: number, by: (byte: number) => number) => {
      const read = readShareMessage(exchange.messages[x - 1]);
      const { share } = consumeShareMessage(primitives, read, five.policy, pskAt(five, x, read.session.t));
      return forward(five, exchange, x, { share: share.map((byte, i) => byte ^ by(i)) });
    };

    it("two that move the polynomial under the same TGK are named, whoever came first", async () => {
      const standing = await start();
      const exchange = begin(five, 5);
      // x · (x − 3) is 0 at the secret's x = 0 and at the third share.
      const g = (x: number) => multiply(x, x ^ 3);
      const lies = [1, 2].map((x) => moved(exchange, x, () => g(x)));
      await send(standing, ...lies, ...[3, 4, 5].map((x) => forward(five, exchange, x)));
      const { events } = standing;
      assert.equal(only(events, "agreed")[0].tek, fingerprint(primitives, exchange.provisionalKeys));
      assert.deepEqual(
        only(events, "misfit").map(({ thirdParty, what }) => [thirdParty, what]),
        [
          ["party-01", "share"],
          ["party-02", "share"],
        ],
      );
      assert.deepEqual(only(events, "undecided"), []);
    });

    it("one is named by three that fit, before the key, and another after it and a restart", async () => {
      const store = new MemoryStore();
      const standing = await start({ store });
      const exchange = begin(five, 5);
      const lies = [2, 5].map((x) => moved(exchange, x, (i) => i + 1));
      const honest = [1, 3, 4].map((x) => forward(five, exchange, x));
      await send(standing, lies[0], ...honest);
      assert.equal(only(standing.events, "agreed").length, 1);
      const [before, ...others] = only(standing.events, "misfit");
      assert.deepEqual([before.thirdParty, others.length], ["party-02", 0]);
      standing.responder.close();
      const after = await start({ store });
      await send(after, lies[1]);
      const [{ thirdParty, digest, evidence }, ...more] = only(after.events, "misfit");
      assert.deepEqual([thirdParty, digest, more.length], ["party-05", messageDigest(lies[1].bytes), 0]);
      assert.deepEqual(Uint8Array.from(readFileSync(evidence as string)), lies[1].bytes);
    });
  });

  it("k shares that fit nothing end without a key, with what can be told", async () => {
    const standing = await start({ deadline: 200, hold: 100 });
    const exchange = begin(w, 5);
    const lie = () => ({ share: randomSource(16) });
    await send(
      standing,
      forward(w, exchange, 1, lie()),
      forward(w, exchange, 2),
      forward(w, exchange, 3, lie()),
    );
    await sleep(300);
    assert.deepEqual(only(standing.events, "agreed"), []);
    const [{ missing, shares, reason }] = only(standing.events, "expired");
    assert.deepEqual([missing, shares], [0, 3]);
    assert.equal(
      reason,
      "no 2 of 3 shares fit the check value: at least 2 of their third parties lied, or the sensor, and which can't be told",
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  it("a key comes also where evidence can't be kept, and that is told", async () => {
    writeFileSync(join(folder, "file"), "");
    const standing = await start({ keepEvidence: evidenceFolder(join(folder, "file")) });
    const exchange = begin(w, 5);
    const messages = [1, 2, 3].map((x) =>
      forward(w, exchange, x, x === 1 ? { share: randomSource(16) } : {}),
    );
    await send(standing, ...messages);
    assert.equal(only(standing.events, "agreed").length, 1);
    assert.equal(only(standing.events, "misfit")[0].evidence, null);
    assert.ok(only(standing.events, "fault").some(({ where }) => where === "evidence"));
  });

  describe("evidence", () => {
    const item = (t: number, thirdParty = "party-01") => ({
      thirdParty,
      sensor: "sensor01",
      t,
      bytes: Uint8Array.of(t),
    });

    it("is the last 20 of each third party, and nobody pushes out another's", () => {
      const keep = evidenceFolder(folder);
      const other = keep(item(1, "party-02"));
      const paths = Array.from({ length: 25 }, (_, i) => {
        const path = keep(item(i));
        utimesSync(path, i, i);
        return path;
      });
      const kept = paths.filter((path) => statSync(path, { throwIfNoEntry: false }) !== undefined);
      assert.deepEqual(kept, paths.slice(-20));
      assert.deepEqual([...readFileSync(other)], [1]);
    });

    it("stays the first of a sensor and T", () => {
      const keep = evidenceFolder(folder);
      const path = keep(item(7));
      assert.equal(keep({ ...item(7), bytes: Uint8Array.of(0) }), path);
      assert.deepEqual([...readFileSync(path)], [7]);
    });
  });
});
