/** Frames of links that are no IP. */

import assert from "node:assert/strict";
import { fromHex } from "../../../protocol/bytes.js";
import { encodeMessage as encodeCoap } from "../../../protocol/coap/message.js";
import { decodeGatt, encodeGatt } from "../../../protocol/gatt/message.js";
import { courtesyReset, encodeCoapFrame, MAX_FRAME, readFrame } from "../../../protocol/slipmux/frames.js";
import { SlipDecoder } from "../../../protocol/slipmux/slip.js";
import { post } from "../../host/coap/endpoint.js";
import { isSyntax, never, type Target } from "./target.js";

export function linkTargets(): Target[] {
  const { code, token, options, payload } = post();
  return [
    {
      name: "slipmux",
      seeds: [encodeCoapFrame(encodeCoap(post())), fromHex("c00a68656c6c6f0ac0")],
      longest: 3_000,
      allows: never,
      run(input) {
        const slip = new SlipDecoder(MAX_FRAME, {
          onFrame(bytes) {
            assert.ok(bytes.length > 0 && bytes.length <= MAX_FRAME);
            const frame = readFrame(bytes);
            if (frame.kind === "coap") courtesyReset(frame.message);
          },
        });
        slip.push(input);
      },
    },
    {
      name: "gatt",
      seeds: [
        encodeGatt({
          messageId: 1,
          confirm: true,
          acknowledged: 0,
          content: { code, token, options, payload },
        }),
      ],
      longest: 520,
      allows: isSyntax,
      run(input) {
        const message = decodeGatt(input);
        if (message === undefined) return;
        assert.deepEqual(decodeGatt(encodeGatt(message)), message);
      },
    },
  ];
}
