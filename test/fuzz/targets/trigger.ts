/** Triggers: in the sensor's mailbox, as the Responder's plea, and as the question to a third party. */

import assert from "node:assert/strict";
import { primitives } from "../../../host/primitives.js";
import { readPlea, readVouchQuestion, signPlea, vouchQuestion } from "../../../host/trigger/plea.js";
import { ascii, equal } from "../../../protocol/bytes.js";
import {
  countVouchers,
  decodeTrigger,
  encodeTrigger,
  triggerTag,
} from "../../../protocol/exchange/trigger.js";
import type { World } from "../../host/third-party/world.js";
import { isSyntax, type Target, textOf } from "./target.js";

export async function triggerTargets(world: World): Promise<Target[]> {
  const { policy, hospital, psks } = world;
  const claim = {
    ...{ sensor: policy.sensor, responder: hospital.identity, t: 9 },
    nonce: new Uint8Array(8).fill(5),
  };
  const vouchers = [1, 2].map((x) => ({ x, tag: triggerTag(primitives, psks[x - 1], claim) }));
  const good = encodeTrigger(claim, vouchers, [hospital.identity]);
  const pleader = { ...hospital, chain: [hospital.certificate] };
  const jws = await signPlea(pleader, policy.sensor, claim.nonce, Date.now());
  return [
    {
      name: "trigger",
      seeds: [good, encodeTrigger(claim, [], [])],
      longest: 200,
      allows: isSyntax,
      run(input) {
        const read = decodeTrigger(input);
        const count = countVouchers(
          primitives,
          { ...claim, t: read.t, nonce: read.nonce },
          read.vouchers,
          psks,
        );
        const isTrue = read.t === claim.t && equal(read.nonce, claim.nonce);
        assert.ok(count === 0 || isTrue, "a word for another trigger was taken");
        assert.ok(count <= 2, "a third party was counted twice");
      },
    },
    {
      name: "vouch-question",
      seeds: [vouchQuestion(9, jws), vouchQuestion(0, "a.b.c")],
      longest: 4_000,
      allows: isSyntax,
      run(input) {
        const { jws: text } = readVouchQuestion(input);
        const { nonce, chain, issuedAt, expiresAt } = readPlea(text);
        assert.ok(nonce.length === 8 && chain.length > 0);
        // They can be shown.
        new Date(issuedAt).toISOString();
        new Date(expiresAt).toISOString();
      },
    },
    {
      name: "plea",
      seeds: [ascii(jws)],
      longest: 4_000,
      allows: isSyntax,
      run: (input) => void readPlea(textOf(input)),
    },
  ];
}
