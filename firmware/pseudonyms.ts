/**
 * A sensor that shows an observer of the radio another name with each exchange (protocol/exchange/pseudonym.ts): its
 * bundle has the pseudonym in it, and where there is no gateway, or none that answers, the third parties get the parts
 * of that bundle instead of whole messages.
 */

import { prepareOptions } from "../protocol/coap/client.js";
import { ContentFormats } from "../protocol/coap/numbers.js";
import { createBundle } from "../protocol/exchange/bundle.js";
import { PART_PATH } from "../protocol/exchange/bundle-cut.js";
import type { WaitingInitiator } from "../protocol/exchange/initiator.js";
import { withPseudonym } from "../protocol/exchange/pseudonym.js";
import { PseudonymousInitiator } from "../protocol/exchange/pseudonymous-initiator.js";
import { Phases } from "../protocol/marks.js";
import type { Device } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import type { Outcome } from "./initiator.js";
import { KeptChannel } from "./kept-channel.js";
import { forgetMailbox } from "./mailbox.js";
import { begin, direct, type ShareForm, sendShares, type Way } from "./main.js";
import type { SensorEvent } from "./sensor-event.js";

const REQUEST = { path: PART_PATH, contentFormat: ContentFormats.octetStream };
const part: ShareForm = { name: "part", request: REQUEST, prepared: prepareOptions(REQUEST) };

/** To each third party itself, as the enrolment has it: whole messages, or parts of a bundle with a pseudonym in it. */
export function directWay({ linkingKey }: Enrolment): Way {
  return linkingKey === undefined ? direct : alone;
}

/** The bundle of an exchange, with its pseudonym where the enrolment has the key. */
export function bundleOf(
  { primitives }: Device,
  { gateway, responder, linkingKey }: Enrolment,
  { session, nonce, messages }: WaitingInitiator,
): Uint8Array {
  const bundle = createBundle(session, nonce, messages, gateway?.handle ?? 0, [responder]);
  return linkingKey === undefined ? bundle : withPseudonym(primitives, bundle, linkingKey, session.t);
}

/** Sends what third parties get from the sensor itself, and says how the exchange ends. */
export function sendAlone(
  device: Device,
  enrolment: Enrolment,
  waiting: WaitingInitiator,
  onEvent: (event: SensorEvent) => void,
  onFinished: (outcome: Outcome) => void,
): void {
  if (enrolment.linkingKey === undefined) {
    sendShares(device, enrolment, waiting, onEvent, onFinished);
    return;
  }
  const hiding = new PseudonymousInitiator(waiting, enrolment.policy, bundleOf(device, enrolment, waiting));
  sendShares(device, enrolment, hiding, onEvent, onFinished, part);
}

/**
 * Session and mailbox of the exchange before are not used any more once there is another pseudonym: beside it their names
 * would link the two.
 */
export function forgetBefore({ storage }: Device, { linkingKey }: Enrolment): void {
  if (linkingKey === undefined) return;
  KeptChannel.forget(storage);
  forgetMailbox(storage);
}

/** To each third party itself, under a pseudonym where the enrolment has the key. */
export const alone: Way = {
  ...direct,
  run(device, enrolment, responder, onEvent, onFinished, onBegun) {
    forgetBefore(device, enrolment);
    const waiting = begin(device, enrolment, responder);
    sendAlone(device, enrolment, waiting, onEvent, onFinished);
    onBegun?.(waiting);
    device.mark?.(Phases.listen);
  },
};
