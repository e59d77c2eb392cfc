/** The pins of marks: one to three, as the manifest's config says, for an image that was built with them. */

import config from "mc/config";
import { open, play } from "../../../firmware/native/marks/marks.js";
import { pinMark, selfTestWave } from "../../../firmware/waves.js";
import type { Mark } from "../../../protocol/marks.js";

/** Opens the pins; after a time without power their self-test is played. Throws a RangeError for other than 1 to 3. */
export default function openPins(hasSlept: boolean): Mark {
  const pins = Uint8Array.from(config.marks as number[]);
  const mark = pinMark(pins.length, play);
  open(pins);
  if (!hasSlept) play(selfTestWave(pins.length));
  return mark;
}
