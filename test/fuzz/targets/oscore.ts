/** OSCORE and what it protects. */

import assert from "node:assert/strict";
import { Channel } from "../../../host/channel/channel.js";
import { decodeSenml } from "../../../host/channel/senml.js";
import { primitives } from "../../../host/primitives.js";
import { MemoryStore } from "../../../host/store/memory.js";
import { ascii, fromHex } from "../../../protocol/bytes.js";
import { decodeMessage as decodeCoap, encodeMessage as encodeCoap } from "../../../protocol/coap/message.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import { deriveContext } from "../../../protocol/oscore/context.js";
import { OscoreError } from "../../../protocol/oscore/errors.js";
import { decodePlaintext, encodePlaintext } from "../../../protocol/oscore/message.js";
import { decodeOscoreOption, encodeOscoreOption } from "../../../protocol/oscore/option.js";
import { protectRequest } from "../../../protocol/oscore/protect.js";
import { post } from "../../host/coap/endpoint.js";
import { isSyntax, type Target } from "./target.js";

export function oscoreTargets(): Target[] {
  const input = { masterSecret: new Uint8Array(16).fill(1), idContext: new Uint8Array(8).fill(2) };
  const client = deriveContext(primitives, {
    ...input,
    senderId: Uint8Array.of(1),
    recipientId: Uint8Array.of(2),
  });
  const reading = fromHex("81a2006168021848");
  const request = { code: Codes.POST, options: [{ number: 11, value: ascii("r") }], payload: reading };
  const { message } = protectRequest(primitives, client, 5, request);
  const plaintext = encodePlaintext(request);
  return [
    {
      name: "oscore-option",
      seeds: [message.options[0].value, Uint8Array.of()],
      longest: 64,
      allows: (error) => error instanceof OscoreError,
      run(bytes) {
        const option = decodeOscoreOption(bytes);
        assert.deepEqual(decodeOscoreOption(encodeOscoreOption(option)), option);
      },
    },
    {
      name: "oscore-plaintext",
      seeds: [plaintext],
      longest: 300,
      allows: (error) => error instanceof OscoreError,
      run(bytes) {
        for (const kind of ["request", "response"] as const) decodePlaintext(bytes, kind);
      },
    },
    {
      name: "channel",
      seeds: [encodeCoap(post({ ...message, token: Uint8Array.of(1) }))],
      longest: 300,
      allows: isSyntax,
      run(bytes) {
        const content = decodeCoap(bytes);
        if (content === undefined) return;
        const channel = new Channel({
          store: new MemoryStore(),
          onEvent: () => {},
          onReading: () => assert.fail("a reading was taken that nobody could have sent"),
          hold: 1_000,
        });
        channel.receive("192.0.2.1:5683", content);
        channel.close();
      },
    },
    {
      name: "senml",
      seeds: [reading, fromHex("82a421626872221a100000000061610214a104f5")],
      longest: 300,
      allows: isSyntax,
      run: (bytes) => void decodeSenml(bytes),
    },
  ];
}
