/** The sensor on an nRF52840. */

import { runApplication } from "../moddable/application.js";
import { readEnrolment } from "../moddable/enrolment.js";
import { createDevice } from "./device.js";

runApplication({ ...createDevice(), early: false, enrol: readEnrolment });
