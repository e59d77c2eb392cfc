import assert from "node:assert/strict";
import { ascii } from "../../../protocol/bytes.js";
import { decodeBlock, encodeBlock } from "../../../protocol/coap/block.js";
import { Codes, ContentFormats, OptionNumbers } from "../../../protocol/coap/numbers.js";
import { findOption } from "../../../protocol/coap/options.js";
import { post } from "./endpoint.js";
import { ask, changed, nothing, start, useServer } from "./server-fixture.js";

describe("CoAP server: /.well-known/core", () => {
  useServer();

  const path = [ascii(".well-known"), ascii("core")].map((value) => ({
    number: OptionNumbers.uriPath,
    value,
  }));
  const get = post({ code: Codes.GET, options: path, payload: nothing });

  it("names the routes in link-format", async () => {
    await start(changed, {
      routes: {
        "/mikey": { contentFormat: ContentFormats.mikey, resourceType: "symbolon.mikey", handler: changed },
        "a/b c": { contentFormat: 0, handler: changed },
      },
    });
    const response = await ask(get);
    assert.equal(response.code, Codes.content);
    const format = { number: OptionNumbers.contentFormat, value: Uint8Array.of(40) };
    assert.deepEqual(response.options[0], format);
    // A stranger gets little at a time, whatever size it asks for.
    let text = new TextDecoder().decode(response.payload);
    const value = encodeBlock({ num: 1, more: false, szx: 1 });
    const options = [...path, { number: OptionNumbers.block2, value }];
    text += new TextDecoder().decode((await ask({ ...get, messageId: 2, options })).payload);
    assert.equal(text, '</mikey>;rt="symbolon.mikey";ct=65000,</a/b%20c>;ct=0');
    const whole = { number: OptionNumbers.block2, value: encodeBlock({ num: 0, more: false, szx: 6 }) };
    const first = await ask({ ...get, messageId: 3, options: [...path, whole] });
    assert.deepEqual(first, { ...response, messageId: 3 });
  });

  it("comes in blocks to who asks for them", async () => {
    await start(changed);
    let text = "";
    for (let num = 0, more = true; more; num++) {
      const value = encodeBlock({ num, more: false, szx: 0 });
      const response = await ask({
        ...get,
        messageId: num,
        options: [...path, { number: OptionNumbers.block2, value }],
      });
      text += new TextDecoder().decode(response.payload);
      more = decodeBlock(findOption(response.options, OptionNumbers.block2) ?? nothing).more;
    }
    assert.equal(text, "</mikey>;ct=65000");
    const value = encodeBlock({ num: 9, more: false, szx: 0 });
    const beyond = await ask({
      ...get,
      messageId: 9,
      options: [...path, { number: OptionNumbers.block2, value }],
    });
    assert.equal(beyond.code, Codes.badOption);
  });

  it("is for GET and link-format only", async () => {
    await start(changed);
    assert.equal((await ask({ ...get, code: Codes.POST })).code, Codes.methodNotAllowed);
    const accept = { number: OptionNumbers.accept, value: Uint8Array.of(50) };
    assert.equal((await ask({ ...get, messageId: 2, options: [...path, accept] })).code, Codes.notAcceptable);
  });
});
