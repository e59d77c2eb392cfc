/** What a measuring board prints, and what `symbolon energy report` reads: time,current,voltage and its mark inputs. */

import type { MeterSample } from "./smbus.js";

/** The first line, for so many marking pins. */
export function csvHeading(pins: number): string {
  let heading = "time,current,voltage";
  for (let pin = 0; pin < pins; pin++) heading += `,D${pin}`;
  return `${heading}\n`;
}

/** One sample: seconds, amperes to the nanoampere, volts; levels of the pins, the first in bit 0. */
export function csvRow(
  seconds: number,
  { current, volts }: MeterSample,
  levels: number,
  pins: number,
): string {
  let row = `${seconds.toFixed(6)},${current.toFixed(9)},${volts.toFixed(4)}`;
  for (let pin = 0; pin < pins; pin++) row += `,${(levels >> pin) & 1}`;
  return `${row}\n`;
}
