/** The application on Linux: application-program.ts says what it takes and tells; wakes.ts wakes it. */

import { applicationUsage, readApplication } from "./application-program.js";
import { runSensor } from "./sensor.js";

runSensor(readApplication, applicationUsage);
