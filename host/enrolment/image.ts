/** The image that a board stores: the code for its next enrolment, and `sensor.json` in ASCII. */

import { ascii, concat } from "../../protocol/bytes.js";
import { MAX_IMAGE } from "../../protocol/enrolment/numbers.js";
import type { SensorJson } from "./enrol.js";

/**
 * `kept`: the third parties, by position, whose PSK the board has and keeps; it is not in the image. Throws a RangeError
 * for an enrolment that is too long for a board.
 */
export function enrolmentImage(
  nextCode: Uint8Array,
  sensor: SensorJson,
  kept: readonly boolean[] = [],
): Uint8Array {
  const json = { ...sensor, psks: sensor.psks.map((psk, i) => (kept[i] ? null : psk)) };
  const text = JSON.stringify(json).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const image = concat(nextCode, ascii(text));
  if (image.length > MAX_IMAGE) {
    throw new RangeError(`enrolment: ${image.length} bytes, and a board takes at most ${MAX_IMAGE}`);
  }
  return image;
}
