/** A wake-up of the application on the emulated Cortex-M4; see main.ts. */

import { applicationUsage, readApplication } from "../linux/application-program.js";
import { runSensor } from "../linux/sensor.js";

Object.assign(globalThis, { start: () => runSensor(readApplication, applicationUsage) });
