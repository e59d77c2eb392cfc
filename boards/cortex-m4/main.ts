/** The sensor on the emulated Cortex-M4. This runs at boot, before the application's memory exists; `start` in it. */

import { runSensor } from "../linux/sensor.js";

Object.assign(globalThis, { start: runSensor });
