/** Bundles without end, and sensors that listen without end: what a gateway keeps, and who gives way. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Listeners } from "../../../host/gateway/listeners.js";
import { PartQuestions } from "../../../host/gateway/questions.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { crowd } from "./crowd.js";

describe("gateway: a crowd", () => {
  it("of bundles keeps a few mailboxes of each sensor, and a few questions to a third party that is away", async () => {
    const store = new MemoryStore();
    let mailboxes = 0;
    const [sensors, questions] = [20, 16];
    const { opened, refused, sockets, asked } = await crowd({
      ...{ store, count: 600, sensors, questions },
      onFull() {
        mailboxes = store.table("mailboxes").entries().length;
      },
    });
    assert.equal(opened + refused, 600);
    assert.ok(mailboxes <= 8 * sensors, `${mailboxes}`);
    // Those to both third parties, and as many that are about to close.
    assert.ok(sockets <= 4 * questions, `${sockets} sockets`);
    assert.ok(asked > 0);
  });

  it("of questions to one third party gives up its oldest, and none to another", async () => {
    const questions = new PartQuestions(3);
    const given: string[] = [];
    const ask = (address: string, name: string) =>
      questions.ask(address, (signal) => {
        return new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => {
            given.push(name);
            resolve();
          });
        });
      });
    const all = [ask("b", "other"), ...Array.from({ length: 10 }, (_, i) => ask("a", `${i}`))];
    await sleep(1);
    assert.deepEqual(given, ["0", "1", "2", "3", "4", "5", "6"]);
    assert.equal(questions.size, 4);
    questions.close();
    await Promise.all(all);
    assert.equal(questions.size, 0);
  });

  it("of listeners wakes the oldest of a mailbox, then the oldest of all", async () => {
    const listeners = new Listeners({ perMailbox: 2, all: 5 });
    const woken: string[] = [];
    const wait = (name: string, who: string) =>
      listeners.wait(name, 60_000).then(() => {
        woken.push(who);
      });
    const all = [wait("a", "a1"), wait("a", "a2"), wait("a", "a3")];
    await sleep(1);
    assert.deepEqual(woken, ["a1"]);
    all.push(...["b", "c", "d", "e"].map((name) => wait(name, name)));
    await sleep(1);
    assert.deepEqual(woken, ["a1", "a2"]);
    assert.equal(listeners.size, 5);
    for (const name of ["a", "b", "c", "d", "e"]) listeners.wake(name);
    await Promise.all(all);
    assert.equal(listeners.size, 0);
  });
});
