/** The button that has the board wait for its enrolment: held while it starts. */

import Digital from "embedded:io/digital";
import config from "mc/config";

/** Of the board's own first button (config `button1_pin`, low while it is pressed); never on a board without one. */
export function isButtonHeld(): boolean {
  const { button1_pin: pin } = config;
  if (pin === undefined) return false;
  const button = new Digital({ pin: Number(pin), mode: Digital.InputPullUp });
  const isHeld = button.read() === 0;
  button.close();
  return isHeld;
}
