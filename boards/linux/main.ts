/** The sensor as a Linux process: the module that launch.ts starts. */

import { runSensor } from "./sensor.js";

runSensor();
