/** The simulator with a screen. */

import { runSensor } from "../sensor.js";
import { Symbolon } from "./symbolon.js";

runSensor(new Symbolon());
