/**
 * What a board does first: while its button is held, or when it has no enrolment, it waits to be enrolled over its link;
 * else it runs with the enrolment that is in force.
 */

import Resource from "Resource";
import type { Device } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { awaitEnrolment, type EnrolmentEvent } from "../../firmware/enrolment-mode.js";
import { enrolmentInForce, isEnrolledOverLink, storedCode } from "../../firmware/stored-enrolment.js";
import { codeFromDigits } from "../../protocol/enrolment/code.js";
import { hasEnrolment, readEnrolment } from "./enrolment.js";

/** The resource with the code that `symbolon label --mod` makes. */
const CODE = "code.txt";

/** `run` begins the board's work; the enrolment is read when it asks for it. */
export function beginEnrolled(
  device: Device,
  isButtonHeld: boolean,
  onEvent: (event: EnrolmentEvent) => void,
  run: (enrol: () => Enrolment) => void,
): void {
  const { storage } = device;
  const work = (): void => run(() => enrolmentInForce(storage, readEnrolment));
  const isEnrolled = isEnrolledOverLink(storage) || hasEnrolment();
  if (!isButtonHeld && isEnrolled) {
    work();
    return;
  }
  try {
    awaitEnrolment(device, storedCode(storage) ?? flashedCode(), onEvent, work);
  } catch (error) {
    onEvent({ event: "enrolment", state: "refused", reason: (error as Error).message });
    work();
  }
}

/** Throws an Error in an image without a code, a SyntaxError when it is none. */
function flashedCode(): Uint8Array {
  if (!Resource.exists(CODE)) throw new Error(`enrolment: this image holds no ${CODE}`);
  return codeFromDigits(String.fromArrayBuffer(new Resource(CODE).slice(0)));
}
