/** The simulator without a screen. */

import { runSensor } from "./sensor.js";

runSensor();
