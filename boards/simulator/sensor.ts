/**
 * The sensor in Moddable's simulator. The environment says where it lives: SYMBOLON_DIR is a folder with sensor.json,
 * and state/ for what must last, as of the Linux board. With SYMBOLON_EXIT set the process ends with the exchange:
 * code 0 agreed, 1 not agreed. Events are lines of the trace, one JSON object each.
 */

import type { Enrolment } from "../../firmware/enrolment.js";
import { enrolmentFromText } from "../../firmware/enrolment-text.js";
import { type BoardEvent, start } from "../../firmware/start.js";
import { readText } from "../linux/modules/files.js";
import { createDevice, say } from "./device.js";
import { end, environment } from "./environment.js";

/** What a screen can show. */
export interface Display {
  /** The exchange begins, with so many third parties. */
  begin(thirdParties: number): void;
  /** Something happened. */
  tell(event: BoardEvent): void;
}

/** Runs one exchange. */
export function runSensor(display?: Display): void {
  const folder = environment("SYMBOLON_DIR") ?? ".";
  const enrol = (): Enrolment => {
    const path = `${folder}/sensor.json`;
    const text = readText(path);
    if (text === undefined) throw new Error(`${path}: there is no such file (SYMBOLON_DIR names its folder)`);
    const enrolment = enrolmentFromText(text);
    display?.begin(enrolment.policy.thirdParties.length);
    return enrolment;
  };
  start(createDevice(`${folder}/state`), enrol, (event) => {
    say(JSON.stringify(event));
    display?.tell(event);
    if (event.event === "finished" && environment("SYMBOLON_EXIT") !== undefined) end(event.agreed ? 0 : 1);
  });
}
