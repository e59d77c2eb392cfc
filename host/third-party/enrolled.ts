/** A sensor's enrolment as the records know it. */

import { identityToText } from "../../protocol/mikey/identity.js";
import type { SensorEnrolment } from "./options.js";
import { type Enrolled, enrolmentName } from "./records.js";

export function enrolledAs({ policy, statement, start }: SensorEnrolment): Enrolled {
  return { sensor: identityToText(policy.sensor), name: enrolmentName(statement), start };
}
