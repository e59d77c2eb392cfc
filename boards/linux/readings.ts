/** The sensor with readings to send, as a Linux process: `--dir FOLDER --readings N [--resume]`. */

import { readingsUsage, readReadings } from "./readings-program.js";
import { runSensor } from "./sensor.js";

runSensor(readReadings, readingsUsage);
