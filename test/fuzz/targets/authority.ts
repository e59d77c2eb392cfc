/** What the authority signs. */

import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { CertificateError, validateChain } from "../../../host/authority/certificate.js";
import { StatementError, verifyStatement } from "../../../host/enrolment/statement.js";
import { equal } from "../../../protocol/bytes.js";
import type { World } from "../../host/third-party/world.js";
import { type Target, textOf } from "./target.js";

export function authorityTargets(world: World, authorityKey: KeyObject): Target[] {
  const [certificate] = [world.parties[0].certificate];
  return [
    {
      name: "certificate",
      seeds: [certificate],
      longest: 2_048,
      allows: (error) => error instanceof CertificateError,
      run(input) {
        const question = { chain: [input], root: world.authority, now: Date.now() };
        validateChain({ ...question, identity: world.parties[0].identity, role: "third-party" });
        assert.ok(equal(input, certificate), "another certificate was taken");
      },
    },
    {
      name: "statement",
      seeds: [world.statement],
      longest: 4_096,
      allows: (error) => error instanceof StatementError,
      async run(input) {
        const { policy } = await verifyStatement(textOf(input), authorityKey, Date.now());
        assert.deepEqual(policy, world.policy, "another policy was taken");
      },
    },
  ];
}
