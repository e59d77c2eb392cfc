/** docs/protocol.md says how long I_TP is on links without IP. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { ascii } from "../../protocol/bytes.js";
import { encodeMessage } from "../../protocol/coap/message.js";
import { Codes, ContentFormats, OptionNumbers, Types } from "../../protocol/coap/numbers.js";
import { encodeUint } from "../../protocol/coap/options.js";
import { proxyOptions } from "../../protocol/coap/proxy.js";
import { MIKEY_PATH } from "../../protocol/exchange/profile.js";
import { encodeGatt } from "../../protocol/gatt/message.js";
import { encodeCoapFrame } from "../../protocol/slipmux/frames.js";

describe("docs/protocol.md on links", () => {
  const page = readFileSync("docs/protocol.md", "utf8").replaceAll("\n", " ");
  const [host, ...rest] = proxyOptions("192.0.2.1:5683");
  const message = {
    ...{ type: Types.CON, code: Codes.POST, messageId: 1, token: new Uint8Array(4) },
    options: [
      host,
      { number: OptionNumbers.uriPath, value: ascii(MIKEY_PATH.replace("/", "")) },
      { number: OptionNumbers.contentFormat, value: encodeUint(ContentFormats.mikey) },
      ...rest,
    ],
    payload: new Uint8Array(117),
  };

  it("states the bytes of I_TP on a serial line", () => {
    const datagram = encodeMessage(message);
    assert.ok(page.includes(`${datagram.length} bytes, ${encodeCoapFrame(datagram).length} on the line`));
  });

  it("states the bytes of I_TP over GATT", () => {
    const value = encodeGatt({ messageId: 1, confirm: true, acknowledged: 0, content: message });
    assert.ok(page.includes(`a value of ${value.length} bytes, and needs an ATT MTU of ${value.length + 3}`));
  });
});
