/** Requests and responses that wait: what gives way when they are too many. */

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Endpoint } from "../../../host/coap/endpoint.js";
import { decodeMessage, encodeMessage } from "../../../protocol/coap/message.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { post } from "./endpoint.js";

const MAX = 8;

describe("CoAP responses that nobody acknowledges", () => {
  it("give way to new requests, the oldest first", async () => {
    const sent: { peer: string; code: number }[] = [];
    const endpoint = new Endpoint({
      send: (peer, datagram) => void sent.push({ peer, code: decodeMessage(datagram)?.code ?? 0 }),
      answer: async () => {
        await sleep(5);
        return { code: Codes.changed, options: [], payload: new Uint8Array(0) };
      },
      ...{ piggybackDelay: 0, maxPending: MAX },
    });
    try {
      const ask = (i: number) =>
        endpoint.receive(`192.0.2.1:${1000 + i}`, encodeMessage(post({ messageId: i })));
      for (let i = 0; i < 5 * MAX; i++) {
        ask(i);
        await sleep(8);
      }
      const codes = sent.map(({ code }) => code);
      assert.ok(!codes.includes(Codes.serviceUnavailable));
      const answered = new Set(sent.filter(({ code }) => code === Codes.changed).map(({ peer }) => peer));
      assert.equal(answered.size, 5 * MAX);
    } finally {
      endpoint.close();
    }
  });

  it("leave no room to more requests than are handled at once", () => {
    const codes: number[] = [];
    const endpoint = new Endpoint({
      send: (_peer, datagram) => void codes.push(decodeMessage(datagram)?.code ?? 0),
      answer: () => new Promise(() => {}),
      maxPending: MAX,
    });
    for (let i = 0; i < 3 * MAX; i++) endpoint.receive("192.0.2.1:5", encodeMessage(post({ messageId: i })));
    endpoint.close();
    assert.deepEqual(codes, Array<number>(2 * MAX).fill(Codes.serviceUnavailable));
  });
});
