import assert from "node:assert/strict";
import { decodeBlock, encodeBlock } from "../../../protocol/coap/block.js";
import type { Message } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption, type Option } from "../../../protocol/coap/options.js";
import { bareEndpoint, post } from "./endpoint.js";
import {
  ask,
  changed,
  contentFormat,
  nothing,
  requests,
  server,
  start,
  uriPath,
  useServer,
} from "./server-fixture.js";

describe("CoAP server: Block1", () => {
  useServer();

  let messageId: number;
  beforeEach(() => {
    messageId = 100;
  });

  /** One block of a body; tokens differ from block to block, as RFC 7959 §3.3 lets them. */
  function block(
    num: number,
    more: boolean,
    szx: number,
    payload: Uint8Array,
    extra: Option[] = [],
  ): Message {
    messageId++;
    const value = encodeBlock({ num, more, szx });
    const options = [uriPath, contentFormat, { number: OptionNumbers.block1, value }, ...extra];
    return post({ options, payload, messageId, token: Uint8Array.of(messageId) });
  }
  const body = Uint8Array.from({ length: 2000 }, (_, i) => i & 255);

  it("puts blocks together, of sizes that shrink too", async () => {
    await start(changed);
    const first = await ask(block(0, true, 6, body.subarray(0, 1024)));
    assert.equal(first.code, Codes.continue);
    assert.deepEqual(decodeBlock(first.options[0].value), { num: 0, more: true, szx: 6 });
    assert.equal((await ask(block(2, true, 5, body.subarray(1024, 1536)))).code, Codes.continue);
    assert.equal(requests.length, 0);
    const last = await ask(block(3, false, 5, body.subarray(1536)));
    assert.equal(last.code, Codes.changed);
    assert.deepEqual(decodeBlock(findOption(last.options, OptionNumbers.block1) ?? nothing), {
      num: 3,
      more: false,
      szx: 5,
    });
    assert.equal(requests.length, 1);
    assert.deepEqual(requests[0].payload, body);
  });

  it("takes a body of one block", async () => {
    await start(changed);
    assert.equal((await ask(block(0, false, 6, body.subarray(0, 10)))).code, Codes.changed);
    assert.deepEqual(requests[0].payload, body.subarray(0, 10));
  });

  it("refuses a block out of order with 4.08, and begins again at block 0", async () => {
    await start(changed);
    const out: [num: number, more: boolean][] = [
      [2, true],
      [1, true],
      [3, false],
    ];
    for (const [num, more] of out) {
      await ask(block(0, true, 6, body.subarray(0, 1024)));
      if (num === 1) await ask(block(1, true, 6, body.subarray(0, 1024)));
      const refused = await ask(block(num, more, 6, body.subarray(0, 1024)));
      assert.equal(refused.code, Codes.requestEntityIncomplete);
    }
    assert.equal((await ask(block(1, false, 6, body.subarray(1024)))).code, Codes.requestEntityIncomplete);
    assert.equal(requests.length, 0);
    await ask(block(0, true, 6, body.subarray(0, 1024)));
    await ask(block(0, true, 6, body.subarray(0, 1024)));
    assert.equal((await ask(block(1, false, 6, body.subarray(1024)))).code, Codes.changed);
    assert.deepEqual(requests[0].payload, body);
  });

  it("refuses a body beyond its limit with 4.13 and Size1, however it comes", async () => {
    await start(changed, { maxBody: 2048 });
    const big = new Uint8Array(1024);
    const size1 = [{ number: OptionNumbers.size1, value: Uint8Array.of(8, 1) }];
    const refusals = [
      await ask(post({ payload: new Uint8Array(2049) })),
      await ask(block(0, true, 6, big, size1)),
    ];
    await ask(block(0, true, 6, big));
    await ask(block(1, true, 6, big));
    refusals.push(await ask(block(2, false, 6, big.subarray(0, 1))));
    for (const { code, options } of refusals) {
      assert.equal(code, Codes.requestEntityTooLarge);
      assert.deepEqual(options, [{ number: OptionNumbers.size1, value: Uint8Array.of(8, 0) }]);
    }
    assert.equal(requests.length, 0);
    // Up to the limit it is taken.
    await ask(block(0, true, 6, big));
    assert.equal((await ask(block(1, false, 6, big))).code, Codes.changed);
    assert.equal(requests[0].payload.length, 2048);
  });

  it("takes 16 kB by default", async () => {
    await start(changed);
    const big = new Uint8Array(1024);
    for (let num = 0; num < 16; num++) {
      assert.equal((await ask(block(num, true, 6, big))).code, Codes.continue);
    }
    assert.equal((await ask(block(16, false, 6, big))).code, Codes.requestEntityTooLarge);
  });

  it("refuses blocks whose size is not what they say, and SZX 7", async () => {
    await start(changed);
    assert.equal((await ask(block(0, true, 6, body.subarray(0, 1000)))).code, Codes.badRequest);
    assert.equal((await ask(block(0, true, 0, body.subarray(0, 17)))).code, Codes.badRequest);
    const reserved = { number: OptionNumbers.block1, value: Uint8Array.of(7) };
    const request = post({ options: [uriPath, contentFormat, reserved], messageId: 1 });
    assert.equal((await ask(request)).code, Codes.badRequest);
  });

  it("keeps transfers apart by Request-Tag and by peer", async () => {
    await start(changed);
    const tag = [{ number: OptionNumbers.requestTag, value: Uint8Array.of(1) }];
    await ask(block(0, true, 6, body.subarray(0, 1024)));
    assert.equal(
      (await ask(block(1, false, 6, body.subarray(1024), tag))).code,
      Codes.requestEntityIncomplete,
    );
    const other = await bareEndpoint();
    other.send(server.address, block(1, false, 6, body.subarray(1024)));
    await other.until(1);
    other.close();
    assert.equal(other.received[0].code, Codes.requestEntityIncomplete);
    assert.equal((await ask(block(1, false, 6, body.subarray(1024)))).code, Codes.changed);
  });

  it("lets the quietest transfer give way when there are too many", async () => {
    await start(changed);
    const tag = (number: number) => [
      { number: OptionNumbers.requestTag, value: Uint8Array.of(number >> 8, number) },
    ];
    for (let i = 0; i < 257; i++) await ask(block(0, true, 0, body.subarray(0, 16), tag(i)));
    assert.equal((await ask(block(1, false, 0, nothing, tag(0)))).code, Codes.requestEntityIncomplete);
    assert.equal((await ask(block(1, false, 0, nothing, tag(1)))).code, Codes.changed);
  });
});
