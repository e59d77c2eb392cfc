/** Messages of the exchange. */

import assert from "node:assert/strict";
import { explainMessage } from "../../../host/decode/explain.js";
import { primitives } from "../../../host/primitives.js";
import { concat, equal } from "../../../protocol/bytes.js";
import { readForwardMessage } from "../../../protocol/exchange/forward-message.js";
import { consumeShareMessage, readShareMessage } from "../../../protocol/exchange/share-message.js";
import { readKemacContents, writeKemacContents } from "../../../protocol/mikey/key-data.js";
import { decodeMessage, encodeMessage, refuseForbiddenPolicy } from "../../../protocol/mikey/message.js";
import type { World } from "../../host/third-party/world.js";
import { isMikey, never, type Target } from "./target.js";

export function mikeyTargets(world: World, messages: readonly Uint8Array[]): Target[] {
  const longest = 3_000;
  const contents = concat(0, 0x20, 0, 16, new Uint8Array(16));
  return [
    {
      name: "mikey",
      seeds: messages,
      longest,
      allows: isMikey,
      run(input) {
        const message = decodeMessage(input);
        // What may be read and not be written.
        refuseForbiddenPolicy(message);
        const again = decodeMessage(encodeMessage(message));
        assert.deepEqual(again.payloads, message.payloads);
        assert.deepEqual(again.header, message.header);
      },
    },
    {
      name: "mikey-explain",
      seeds: messages,
      longest,
      allows: never,
      run(input) {
        const { error, message } = explainMessage(input, { showKeys: false });
        assert.ok(error !== undefined || message !== undefined);
      },
    },
    {
      name: "key-data",
      seeds: [contents],
      longest: 200,
      allows: isMikey,
      run(input) {
        for (const mode of ["preSharedKey", "publicKey"] as const) {
          const read = readKemacContents(input, mode, 0);
          assert.deepEqual(readKemacContents(writeKemacContents(read), mode, 0), read);
        }
      },
    },
    {
      name: "share-message",
      seeds: messages,
      longest,
      allows: isMikey,
      run(input) {
        const read = readShareMessage(input);
        const policy = { ...world.policy, suite: read.session.suite.name };
        consumeShareMessage(primitives, read, policy, world.psks[0]);
        assert.ok(
          messages.some((message) => equal(message, input)),
          "a forged share was taken",
        );
      },
    },
    {
      name: "forward-message",
      seeds: messages,
      longest,
      allows: isMikey,
      run: (input) => void readForwardMessage(input),
    },
  ];
}
