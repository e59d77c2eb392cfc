/** Bundles can be anybody's: what junk with a sensor's handle can take from the sensor. */

import assert from "node:assert/strict";
import { LIMITS, type Mailbox } from "../../../host/gateway/mailbox.js";
import { Mailboxes } from "../../../host/gateway/mailboxes.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { anyBundle, type Lone, lone } from "./lone.js";
import { locationOf } from "./scene.js";

const DEADLINE = 1_000;

describe("mailboxes under junk", () => {
  let mailboxes: Mailboxes;
  let opened: number;
  beforeEach(() => {
    mailboxes = new Mailboxes(new MemoryStore(), LIMITS);
    opened = 0;
  });

  function open(now: number): string | undefined {
    const t = ++opened;
    const mailbox: Mailbox = {
      ...{ sensor: "sensor01", handle: 5, t, digest: `${t}`, bundle: anyBundle(t), deadline: now + DEADLINE },
      ...{ answered: [], good: false, used: now, count: 0 },
    };
    return mailboxes.open(mailbox);
  }
  const isThere = (name: string | undefined) => name !== undefined && mailboxes.get(name) !== undefined;
  const good = (name: string | undefined, now: number) =>
    mailboxes.answered(name as string, 1, true, undefined, now);
  const refused = (name: string | undefined, x: number, now: number) =>
    mailboxes.answered(name as string, x, false, undefined, now);

  it("lose none that is good, and none that no third party has answered to yet", () => {
    const kept = [1, 2, 3, 4].map((now) => {
      const name = open(now);
      good(name, now);
      return name;
    });
    const fresh = open(10);
    const junk = [11, 12, 13, 14, 15, 16].map(open);
    assert.deepEqual(junk.map(isThere), [true, true, true, false, false, false]);
    assert.deepEqual([...kept, fresh].map(isThere), [true, true, true, true, true]);
    // The oldest of the good gives way to the new one when that is good, and nothing else.
    good(fresh, 20);
    assert.deepEqual([...kept, fresh].map(isThere), [false, true, true, true, true]);
  });

  it("give those up first that most third parties have refused", () => {
    const fresh = open(1);
    const junk = [2, 3, 4].map(open);
    refused(fresh, 1, 5);
    refused(junk[1], 1, 5);
    refused(junk[1], 2, 5);
    const next = open(6);
    assert.deepEqual([fresh, ...junk, next].map(isThere), [true, true, false, true, true]);
  });

  it("have room again when the deadline of the junk is past, and keep what is good then too", () => {
    const first = open(1);
    good(first, 2);
    const junk = Array.from({ length: 4 }, () => open(3));
    assert.equal(open(4), undefined);
    const late = 3 + DEADLINE;
    const next = open(late);
    assert.equal(isThere(next), true);
    good(next, late + 1);
    const more = Array.from({ length: 3 }, (_, i) => open(late + 10 + i));
    for (const name of more) good(name, late + 20);
    assert.deepEqual([first, ...junk].map(isThere), [false, false, false, false, false]);
    assert.deepEqual([next, ...more].map(isThere), [true, true, true, true]);
  });

  it("take one R_I once, also when it has been collected before another third party sends it", () => {
    const name = open(1) as string;
    const confirmation = { payload: new Uint8Array(20).fill(3), contentFormat: 42 };
    assert.equal(mailboxes.answered(name, 1, true, confirmation, 2), true);
    assert.equal(mailboxes.collect(name, mailboxes.next(name)?.number as number, 3), 1);
    assert.equal(mailboxes.answered(name, 2, true, confirmation, 4), false);
    assert.equal(mailboxes.next(name), undefined);
    const other = { ...confirmation, payload: new Uint8Array(20).fill(4) };
    assert.equal(mailboxes.answered(name, 3, true, other, 5), true);
  });

  it("survive as many of other sensors", () => {
    const name = open(1);
    for (let t = 1; t <= 20; t++) {
      mailboxes.open({
        ...{ sensor: "other", handle: 6, t, digest: `o${t}`, bundle: anyBundle(t), deadline: 9e9 },
        ...{ answered: [], good: false, used: 1, count: 0 },
      });
    }
    assert.equal(isThere(name), true);
  });
});

describe("a gateway under junk", () => {
  let gateway: Lone;
  afterEach(() => gateway.close());

  it("asks newcomers to come again while nobody has judged those before", async () => {
    gateway = await lone("127.0.0.1:9", { deadline: 60_000 });
    const boxes = [1, 2, 3, 4].map((t) => anyBundle(t));
    for (const bundle of boxes) assert.equal((await gateway.post(bundle)).code, Codes.created);
    const answer = await gateway.post(anyBundle(5));
    assert.equal(answer.code, Codes.serviceUnavailable);
    assert.deepEqual([...(findOption(answer.options, OptionNumbers.maxAge) ?? [])], [5]);
    // The first ones are there, and known.
    const again = locationOf(await gateway.post(boxes[0]));
    assert.equal((await gateway.send(again, 1)).code, Codes.changed);
    assert.deepEqual(
      gateway.events.filter(({ event }) => event === "dropped"),
      [
        {
          ...{ event: "dropped", sensor: "sensor01", what: "bundle of T 5" },
          reason: "third parties have not answered to so many others of this sensor",
        },
      ],
    );
  });
});

describe("mailboxes under lying third parties", () => {
  it("are good when more third parties say so than can lie together, each counted once", () => {
    const mailboxes = new Mailboxes(new MemoryStore(), LIMITS);
    const open = (t: number, quorum: number) =>
      mailboxes.open({
        ...{ sensor: "sensor01", handle: 5, t, digest: `${t}`, bundle: anyBundle(t), deadline: 9e9, quorum },
        ...{ answered: [], good: false, used: 1, count: 0 },
      }) as string;
    const honest = open(7, 2);
    const junk = open(2 ** 32 - 1, 2);
    const say = (name: string, x: number) => {
      const isGoodWith = mailboxes.isGoodWith(name, x);
      mailboxes.answered(name, x, true, undefined, 2);
      assert.equal(mailboxes.get(name)?.good, isGoodWith);
    };
    say(honest, 1);
    assert.equal(mailboxes.newestGood(5), undefined);
    say(honest, 2);
    say(junk, 3);
    say(junk, 3);
    assert.equal(mailboxes.newestGood(5)?.name, honest);
  });
});
