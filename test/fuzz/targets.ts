/**
 * Everything of ours that reads bytes of strangers, with what it may say of them. A target that throws another error,
 * or whose own checks fail, is a finding.
 */

import type { KeyObject } from "node:crypto";
import { forward } from "../host/responder/forwarding.js";
import { begin, type World } from "../host/third-party/world.js";
import { authorityTargets } from "./targets/authority.js";
import { bundleTargets } from "./targets/bundle.js";
import { coapTargets } from "./targets/coap.js";
import { enrolmentTargets } from "./targets/enrolment.js";
import { httpTargets } from "./targets/http.js";
import { linkTargets } from "./targets/links.js";
import { mailboxTargets } from "./targets/mailbox.js";
import { mikeyTargets } from "./targets/mikey.js";
import { oscoreTargets } from "./targets/oscore.js";
import { storageTargets } from "./targets/storage.js";
import type { Target } from "./targets/target.js";
import { textTargets } from "./targets/text.js";
import { triggerTargets } from "./targets/trigger.js";

/** The targets, with inputs made in `world`. */
export async function targetsOf(world: World, authorityKey: KeyObject): Promise<Target[]> {
  const begun = begin(world, 7);
  const small = begin(world, 8, { policy: { ...world.policy, suite: "aes-ccm-128-8" } });
  const { bytes: forwarded } = forward(world, begun, 1);
  const shareMessages = [...begun.messages, ...small.messages];
  return [
    ...mikeyTargets(world, [...shareMessages, forwarded]),
    ...bundleTargets(world, small.messages),
    ...coapTargets(),
    ...linkTargets(),
    ...oscoreTargets(),
    ...mailboxTargets(),
    ...(await triggerTargets(world)),
    ...httpTargets(),
    ...textTargets(world),
    ...enrolmentTargets(),
    ...storageTargets(),
    ...authorityTargets(world, authorityKey),
  ];
}
