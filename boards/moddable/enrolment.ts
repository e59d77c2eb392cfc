/** The enrolment of a board without files: the resource `sensor.json` of its image (docs/boards.md says how). */

import Resource from "Resource";
import type { Enrolment } from "../../firmware/enrolment.js";
import { enrolmentFromText } from "../../firmware/enrolment-text.js";

const NAME = "sensor.json";

/** Whether the image has one. */
export function hasEnrolment(): boolean {
  return Resource.exists(NAME);
}

/** Throws an Error in an image without it, and whatever is wrong with it otherwise. */
export function readEnrolment(): Enrolment {
  if (!hasEnrolment()) throw new Error(`enrolment: this image holds no ${NAME}`);
  return enrolmentFromText(String.fromArrayBuffer(new Resource(NAME).slice(0)));
}
