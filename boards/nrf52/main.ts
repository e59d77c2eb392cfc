/** The sensor on an nRF52840: with its first button held, or fresh, it waits to be enrolled. */

import { runApplication } from "../moddable/application.js";
import { beginEnrolled } from "../moddable/enrolling.js";
import { isButtonHeld } from "./button.js";
import { createDevice } from "./device.js";

const board = createDevice();
const { device } = board;
// Nobody presses a button to end a sleep.
const wants = !board.hasSlept && isButtonHeld();
beginEnrolled(
  device,
  wants,
  (event) => device.trace(JSON.stringify(event)),
  (enrol) => runApplication({ ...board, early: false, enrol }),
);
