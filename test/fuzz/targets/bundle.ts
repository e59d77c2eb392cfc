/** Bundles, their parts, and what comes back. */

import assert from "node:assert/strict";
import { primitives } from "../../../host/primitives.js";
import { ascii, concat, equal } from "../../../protocol/bytes.js";
import {
  compressVerification,
  readBundleHead,
  readBundlePart,
  readPseudonym,
  restoreShareMessage,
  splitBundle,
  withoutPseudonym,
} from "../../../protocol/exchange/bundle-parts.js";
import { PSEUDONYMOUS_PROFILE } from "../../../protocol/exchange/pseudonym.js";
import { consumeShareMessage, readShareMessage } from "../../../protocol/exchange/share-message.js";
import type { World } from "../../host/third-party/world.js";
import { isMikey, type Target } from "./target.js";

export function bundleTargets(world: World, messages: readonly Uint8Array[]): Target[] {
  const sharing = { privacy: 1, shares: 3 };
  const policy = { ...world.policy, suite: "aes-ccm-128-8" as const };
  const { identity } = world.parties[1];
  const part = concat(0x11, 0, 1, 0, new Uint8Array(8), 0, 0, 0, 8, new Uint8Array(8 + 16 + 8));
  const named = concat(0x11, 0, 1, 255, 9, 0, ascii("hospital"), new Uint8Array(8 + 4 + 8 + 16 + 8));
  return [
    {
      name: "bundle",
      seeds: [new Uint8Array(80).fill(0x11), concat(0x11, new Uint8Array(79)), named],
      longest: 300,
      allows: isMikey,
      run(input) {
        for (const each of splitBundle(input, sharing)) readBundlePart(each);
      },
    },
    {
      name: "bundle-part",
      seeds: [part, named],
      longest: 300,
      allows: isMikey,
      run(input) {
        const responders = [world.hospital.identity];
        const party = { identity, policy, psk: world.psks[1], responders };
        const message = restoreShareMessage(primitives, readBundlePart(input), party);
        // What was restored can be read; its MAC is another matter.
        const read = readShareMessage(message);
        consumeShareMessage(primitives, read, policy, world.psks[1]);
        assert.ok(
          messages.some((each) => equal(each, message)),
          "a forged part was taken",
        );
      },
    },
    {
      name: "pseudonym",
      seeds: [part, named].map((each) => concat(PSEUDONYMOUS_PROFILE, each.subarray(1))),
      longest: 300,
      allows: isMikey,
      run(input) {
        readPseudonym(input);
        const { handle, t } = readBundleHead(withoutPseudonym(input, 0x0102, 8));
        assert.deepEqual([handle, t], [0x0102, 8], "handle and T are not where the pseudonym was");
      },
    },
    {
      name: "confirmation",
      seeds: messages,
      longest: 400,
      allows: isMikey,
      run: (input) => void compressVerification(input),
    },
  ];
}
