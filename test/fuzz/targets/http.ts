/** HTTP: OSCORE's mapping, both ways, and what a reader of the feed says that it has. */

import assert from "node:assert/strict";
import { Feed } from "../../../host/feed/feed.js";
import { fromHttp, oscoreHeader, readOscoreHeader, toHttp } from "../../../host/http/mapping.js";
import { ascii, concat, fromHex } from "../../../protocol/bytes.js";
import { isResponse } from "../../../protocol/coap/numbers.js";
import { never, pieces, type Target, textOf } from "./target.js";

const field = (bytes: Uint8Array) => concat(bytes.length, bytes);

export function httpTargets(): Target[] {
  const header = oscoreHeader(fromHex("0905c1"));
  const feed = new Feed({ events: 4, bytes: 400, readers: 2 });
  const reading = {
    sensor: "sensor01",
    t: 1,
    number: 1,
    confirmed: true,
    age: "fresh" as const,
    records: [],
  };
  for (let number = 0; number < 9; number++) feed.publish({ ...reading, number });
  return [
    {
      name: "oscore-header",
      seeds: [ascii(header), ascii("")],
      longest: 300,
      allows: never,
      run(input) {
        const option = readOscoreHeader(textOf(input));
        if (option !== undefined) assert.equal(oscoreHeader(option), textOf(input));
      },
    },
    {
      // Status, OSCORE header, Retry-After, body.
      name: "http-response",
      seeds: [
        concat(field(Uint8Array.of(0, 200)), field(ascii(header)), field(ascii("5")), field(ascii("body"))),
        concat(field(Uint8Array.of(1, 247)), field(ascii("x")), field(ascii("999999999"))),
      ],
      longest: 400,
      allows: never,
      run(input) {
        const [status = input, oscore = input, retryAfter = input, body = input] = [...pieces(input)];
        const number = ((status[0] ?? 0) << 8) | (status[1] ?? 0);
        const headers = { oscore: textOf(oscore), retryAfter: textOf(retryAfter) };
        const content = fromHttp(number, headers, body);
        assert.ok(isResponse(content.code));
        const { status: back } = toHttp(content);
        assert.ok(back >= 200 && back < 600, `${back}`);
      },
    },
    {
      name: "last-event-id",
      seeds: [ascii("0"), ascii("5"), ascii("00112233aabb-7")],
      longest: 100,
      allows: never,
      run(input) {
        let written = 0;
        const close: (() => void)[] = [];
        feed.add(
          {
            write(text) {
              written += text.length;
              return true;
            },
            on: (event, listener) => event === "close" && close.push(listener),
            destroy: () => undefined,
          },
          textOf(input),
        );
        for (const listener of close) listener();
        assert.equal(feed.readers, 0);
        assert.ok(written < 2_000, `${written} characters`);
      },
    },
  ];
}
