/** Whether a trigger out of the mailbox is one: what third parties have vouched for (protocol/exchange/trigger.ts). */

import { wipe } from "../protocol/bytes.js";
import { countVouchers, decodeTrigger, HIDDEN_T, type Trigger } from "../protocol/exchange/trigger.js";
import { sameIdentity } from "../protocol/mikey/identity.js";
import { peekStep } from "./chain.js";
import type { Device } from "./device.js";
import { readDuty } from "./duty.js";
import type { Enrolment } from "./enrolment.js";

/**
 * The trigger, when k third parties vouch for it under their PSKs of the sensor's next T. Else why it is none. Nothing is
 * changed.
 */
export function readTrigger(
  device: Pick<Device, "primitives" | "storage">,
  enrolment: Enrolment,
  payload: Uint8Array,
): Trigger | string {
  const { policy, responder, linkingKey } = enrolment;
  let trigger: Trigger;
  try {
    trigger = decodeTrigger(payload);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return error.message;
  }
  if (readDuty(device.storage).deaf > 0) return "it comes too soon after another";
  // The list of a sensor has one Responder.
  const isOurs =
    typeof trigger.responder === "number"
      ? trigger.responder === 0
      : sameIdentity(trigger.responder, responder);
  if (!isOurs) return "it is of another Responder";
  const next = peekStep(device, enrolment);
  if (next === undefined) return "the sensor's keys are gone";
  const { t, psks } = next;
  const { nonce, vouchers } = trigger;
  const isNext = t !== 0 && trigger.t === (linkingKey === undefined ? t : HIDDEN_T);
  const claim = { sensor: policy.sensor, responder, t, nonce };
  const count = isNext ? countVouchers(device.primitives, claim, vouchers, psks) : 0;
  wipe(...psks);
  if (!isNext) return `T ${trigger.t} is not the next`;
  const { threshold } = policy;
  return count >= threshold ? trigger : `${count} third parties vouch for it, not ${threshold}`;
}
