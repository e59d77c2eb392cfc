/** The sensor on the emulated Cortex-M4 with readings to send; see main.ts. */

import { readingsUsage, readReadings } from "../linux/readings-program.js";
import { runSensor } from "../linux/sensor.js";

Object.assign(globalThis, { start: () => runSensor(readReadings, readingsUsage) });
