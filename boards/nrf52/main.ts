/** The sensor on an nRF52840. Events are lines of the trace, one JSON object each. */

import { start } from "../../firmware/start.js";
import { readEnrolment } from "../moddable/enrolment.js";
import { createDevice } from "./device.js";

const device = createDevice();
start(device, readEnrolment, (event) => device.trace(JSON.stringify(event)));
