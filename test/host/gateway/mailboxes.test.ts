/** What a gateway keeps, without anybody around it. */

import assert from "node:assert/strict";
import type { Mailbox, MessageKind } from "../../../host/gateway/mailbox.js";
import { Mailboxes } from "../../../host/gateway/mailboxes.js";
import { randomSource } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { concat, toHex } from "../../../protocol/bytes.js";

const NOW = 1_000_000;

describe("mailboxes", () => {
  let mailboxes: Mailboxes;
  let store: MemoryStore;
  beforeEach(() => {
    store = new MemoryStore();
    mailboxes = new Mailboxes(store);
  });

  const open = (t: number, handle = 1) => {
    const digest = toHex(randomSource(32));
    const mailbox: Mailbox = {
      ...{ sensor: "sensor01", handle, t, digest, deadline: 0, answered: [], good: false },
      ...{ used: NOW, count: 0 },
    };
    return mailboxes.open(mailbox) as string;
  };
  const confirmation = (senderId: Uint8Array) => ({
    payload: concat(senderId, randomSource(16)),
    contentFormat: 42,
  });
  const senderId = Uint8Array.of(1, 2, 3, 4);

  it("take an R_I once, however early the sensor has collected it", () => {
    const box = open(1);
    const item = confirmation(senderId);
    assert.ok(mailboxes.answered(box, 1, true, item, NOW));
    const number = mailboxes.next(box)?.number as number;
    assert.equal(mailboxes.collect(box, number, NOW), 1);
    assert.ok(!mailboxes.answered(box, 2, true, item, NOW));
    assert.equal(mailboxes.next(box), undefined);
    // One that differs may be the true one.
    assert.ok(mailboxes.answered(box, 3, true, confirmation(senderId), NOW));
  });

  it("are found by the sender IDs in their R_I, as long as they are there", () => {
    const [one, two] = [open(1), open(2)];
    for (const box of [one, two]) mailboxes.answered(box, 1, true, confirmation(senderId), NOW);
    mailboxes.answered(two, 2, true, confirmation(Uint8Array.of(9)), NOW);
    assert.deepEqual(mailboxes.bySenderId("01020304").sort(), [one, two].sort());
    assert.deepEqual(mailboxes.bySenderId("09"), [two]);
    for (const id of ["", "0102", "0102030405", "01020304 ", "zz"]) {
      assert.deepEqual(mailboxes.bySenderId(id), [], id);
    }
    // No sender ID of OSCORE's, and none at all.
    mailboxes.answered(one, 2, true, confirmation(randomSource(8)), NOW);
    mailboxes.answered(one, 3, true, confirmation(new Uint8Array(0)), NOW);
    mailboxes.sweep(NOW + 8 * 24 * 3600_000);
    assert.deepEqual(mailboxes.bySenderId("01020304"), []);
    assert.deepEqual(store.table("senders").entries(), []);
  });

  it("know a sensor's last exchange that was good, whatever strangers have sent", () => {
    const boxes = [3, 5, 4].map((t) => open(t));
    for (const [i, box] of boxes.entries()) mailboxes.answered(box, 1, i < 2, undefined, NOW);
    open(9);
    mailboxes.answered(open(7, 2), 1, true, undefined, NOW);
    assert.equal(mailboxes.newestGood(1)?.mailbox.t, 5);
    assert.equal(mailboxes.newestGood(1)?.name, boxes[1]);
    assert.equal(mailboxes.newestGood(3), undefined);
  });

  it("bound a kind of message by itself: one more is refused, or takes the place of the oldest", () => {
    const box = open(1);
    const item = (kind: number, i: number) => ({ payload: Uint8Array.of(kind, i), contentFormat: 1 });
    const kind = (first: number, whenFull: MessageKind["whenFull"]): MessageKind => ({
      includes: ({ payload }) => payload[0] === first,
      ...{ most: 2, whenFull },
    });
    const [few, last] = [kind(7, "refuse"), kind(8, "replace oldest")];
    assert.deepEqual(
      [0, 1, 1, 2].map((i) => mailboxes.deposit(box, item(7, i), few, NOW)),
      ["stored", "stored", "known", "full"],
    );
    assert.deepEqual(
      [0, 1, 1, 2].map((i) => mailboxes.deposit(box, item(8, i), last, NOW)),
      ["stored", "stored", "known", "stored"],
    );
    const left: number[][] = [];
    for (let next = mailboxes.next(box); next !== undefined; next = mailboxes.next(box)) {
      left.push([...next.item.payload]);
      mailboxes.collect(box, next.number, NOW);
    }
    assert.deepEqual(left, [
      [7, 0],
      [7, 1],
      [8, 1],
      [8, 2],
    ]);
    assert.equal(mailboxes.deposit("AAAAAAAA", item(7, 0), few, NOW), "full");
  });

  it("leave room for another network, whatever one sends", () => {
    const box = open(1);
    const kind: MessageKind = { includes: () => true, most: 3, mostOfOne: 2, whenFull: "refuse" };
    const send = (from: string, n: number) =>
      mailboxes.deposit(box, { payload: Uint8Array.of(n), contentFormat: 7, from }, kind, NOW);
    assert.deepEqual([send("a", 0), send("a", 1), send("a", 2)], ["stored", "stored", "full"]);
    assert.deepEqual([send("b", 3), send("b", 4)], ["stored", "full"]);
    mailboxes.collect(box, mailboxes.next(box)?.number as number, NOW);
    assert.equal(send("a", 5), "stored");
  });
});
