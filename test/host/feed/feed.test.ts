/** The feed: who reads what, who missed what, and who is dropped. */

import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { Reading } from "../../../host/channel/reading.js";
import { Feed } from "../../../host/feed/feed.js";
import { startFeedServer } from "../../../host/feed/server.js";

function reading(number: number): Reading {
  const records = [{ n: "heart-rate", u: "beat/min", v: 72 }];
  return { sensor: "sensor01", t: 7, number, confirmed: true, age: "unknown", records };
}

/** A reader that takes what it is given until it is told not to. */
class Reader extends EventEmitter {
  text = "";
  destroyed = false;
  taking = true;
  write(text: string): boolean {
    this.text += text;
    return this.taking;
  }
  destroy(): void {
    this.destroyed = true;
  }
  get events() {
    return this.text
      .split("\n\n")
      .filter((event) => event.startsWith("id: "))
      .map((event) => {
        const [, id, data] = /^id: (\S+)\nevent: reading\ndata: (.*)$/.exec(event) as RegExpExecArray;
        return { id, reading: JSON.parse(data) as Reading };
      });
  }
  get numbers(): number[] {
    return this.events.map(({ reading: { number } }) => number);
  }
}

describe("feed of readings", () => {
  const limits = { events: 4, bytes: 100_000, readers: 2 };

  it("gives what comes, as one JSON object an event", () => {
    const feed = new Feed(limits);
    const reader = new Reader();
    feed.publish(reading(0));
    feed.add(reader);
    feed.publish(reading(1));
    assert.deepEqual(
      reader.events.map((event) => event.reading),
      [reading(1)],
    );
  });

  it("goes on behind Last-Event-ID, and says when something was missed", () => {
    const feed = new Feed(limits);
    const first = new Reader();
    feed.add(first);
    for (let i = 0; i < 3; i++) feed.publish(reading(i));
    first.emit("close");
    const second = new Reader();
    feed.add(second, first.events[1].id);
    assert.deepEqual(second.numbers, [2]);
    assert.doesNotMatch(second.text, /missed/);
    for (let i = 3; i < 9; i++) feed.publish(reading(i));
    second.emit("close");
    const third = new Reader();
    feed.add(third, second.events[0].id);
    assert.match(third.text, /^event: missed\n/);
    assert.deepEqual(third.numbers, [5, 6, 7, 8]);
    third.emit("close");
    for (const id of ["nonsense", `${"0".repeat(12)}-1`]) {
      const stranger = new Reader();
      feed.add(stranger, id);
      assert.match(stranger.text, /^event: missed\n/);
      stranger.emit("close");
    }
    assert.equal(feed.readers, 0);
  });

  it("keeps nothing for a slow reader but its place, and drops it when that is gone", () => {
    const feed = new Feed(limits);
    const slow = new Reader();
    slow.taking = false;
    const quick = new Reader();
    feed.add(slow);
    feed.add(quick);
    assert.equal(feed.isFull, true);
    for (let i = 0; i < 3; i++) feed.publish(reading(i));
    assert.deepEqual(slow.numbers, [0]);
    slow.taking = true;
    slow.emit("drain");
    assert.deepEqual(slow.numbers, [0, 1, 2]);
    slow.taking = false;
    for (let i = 3; i < 9; i++) feed.publish(reading(i));
    assert.equal(slow.destroyed, true);
    assert.deepEqual(slow.numbers, [0, 1, 2, 3]);
    assert.deepEqual(quick.numbers, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert.equal(feed.isFull, false);
  });

  it("is bounded in bytes too", () => {
    const feed = new Feed({ ...limits, bytes: 600 });
    for (let i = 0; i < 9; i++) feed.publish(reading(i));
    const reader = new Reader();
    feed.add(reader, "");
    assert.ok(reader.numbers.length > 0 && reader.text.length < 700, reader.text);
  });

  it("is served to who asks this machine for it, and to nobody who was led here", async () => {
    const feed = new Feed({ ...limits, readers: 1 });
    const server = await startFeedServer({ host: "127.0.0.1", port: 0 }, feed, (error) => {
      throw error;
    });
    const ask = async (path: string, headers: Record<string, string> = {}, method = "GET") => {
      const request = get({ host: "127.0.0.1", port: server.port, path, headers, method, agent: false });
      const [response] = (await once(request, "response")) as [IncomingMessage];
      return response.setEncoding("utf8");
    };
    try {
      assert.equal((await ask("/readings", { Host: "attacker.example" })).statusCode, 421);
      assert.equal((await ask("/")).statusCode, 404);
      assert.equal((await ask("/readings", {}, "POST")).statusCode, 405);
      feed.publish(reading(0));
      const response = await ask("/readings", { "Last-Event-ID": "old" });
      assert.deepEqual([response.statusCode, response.headers["content-type"]], [200, "text/event-stream"]);
      assert.equal((await ask("/readings", { Host: "localhost" })).statusCode, 503);
      feed.publish(reading(1));
      let text = "";
      for await (const part of response) {
        text += part;
        if (text.split("\n\n").length >= 5) break;
      }
      assert.match(
        text,
        /^retry: 2000\n\nevent: missed\ndata: \{\}\n\nid: \S+-0\n.*\n.*"number":0,.*\n\nid: /,
      );
    } finally {
      await server.close();
    }
  });
});
