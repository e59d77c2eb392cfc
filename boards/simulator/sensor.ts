/**
 * The sensor in Moddable's simulator. The environment says where it lives: SYMBOLON_DIR is a folder with sensor.json,
 * and state/ for what must last, as of the Linux board. Events are lines of the trace, one JSON object each.
 *
 * It runs the application and waits SYMBOLON_INTERVAL seconds (default 60) where a board would sleep; after
 * SYMBOLON_WAKES wake-ups, where that is set, the process ends: code 0 when the last reading was acknowledged, else 1.
 * SYMBOLON_MARKS adds an event for each phase. With SYMBOLON_EXIT set it runs one exchange and no more: code 0 agreed,
 * 1 not agreed.
 */

import { type ApplicationEvent, EXCHANGE_EVERY, runWakeUp } from "../../firmware/application.js";
import type { Device } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { enrolmentFromText, withoutPsks } from "../../firmware/enrolment-text.js";
import { sleepersWay } from "../../firmware/gateway.js";
import { marked } from "../../firmware/marked.js";
import { alone } from "../../firmware/pseudonyms.js";
import { type BoardEvent, start } from "../../firmware/start.js";
import { phaseCodes } from "../../protocol/marks.js";
import { readFile, readText, writeFile } from "../linux/modules/files.js";
import { vitalSigns } from "../linux/vital-signs.js";
import { createDevice, say } from "./device.js";
import { end, environment } from "./environment.js";

/** What a screen can show. */
export interface Display {
  /** The enrolment is read: so many third parties. */
  begin(thirdParties: number): void;
  /** Something happened. */
  tell(event: ApplicationEvent): void;
}

/** Seconds. */
const INTERVAL = 60;

/** Runs the application, or one exchange. */
export function runSensor(display?: Display): void {
  const folder = environment("SYMBOLON_DIR") ?? ".";
  const enrol = (): Enrolment => {
    const path = `${folder}/sensor.json`;
    const text = readText(path);
    if (text === undefined) throw new Error(`${path}: there is no such file (SYMBOLON_DIR names its folder)`);
    const taken = (): void => {
      const file = readFile(path);
      if (file !== undefined) writeFile(folder, "sensor.json", withoutPsks(new Uint8Array(file)));
    };
    const enrolment = { ...enrolmentFromText(text), taken };
    display?.begin(enrolment.policy.thirdParties.length);
    return enrolment;
  };
  const onEvent = (event: ApplicationEvent): void => {
    say(JSON.stringify(event));
    display?.tell(event);
  };
  const device = createDevice(`${folder}/state`);
  if (environment("SYMBOLON_EXIT") === undefined) runApplication(device, enrol, onEvent);
  else {
    const tell = (event: BoardEvent): void => {
      onEvent(event);
      if (event.event === "finished") end(event.agreed ? 0 : 1);
    };
    start(device, enrol, tell, alone);
  }
}

function runApplication(
  board: Device,
  enrol: () => Enrolment,
  onEvent: (event: ApplicationEvent) => void,
): void {
  const device = environment("SYMBOLON_MARKS") === undefined ? board : marked(board, sayMark(board));
  const interval = 1000 * positive("SYMBOLON_INTERVAL", INTERVAL);
  let left = positive("SYMBOLON_WAKES", Number.POSITIVE_INFINITY);
  let acknowledged = false;
  const wake = (): void =>
    runWakeUp(device, enrol, {
      ...{ interval, exchangeEvery: EXCHANGE_EVERY, early: true, way: sleepersWay },
      sense: () => vitalSigns(device.random(1)[0]),
      onEvent(event) {
        if (event.event === "sleeping") acknowledged = event.acknowledged;
        onEvent(event);
      },
      sleep(milliseconds) {
        if (--left <= 0) end(acknowledged ? 0 : 1);
        board.clock.set(wake, milliseconds);
      },
    });
  wake();
}

function sayMark({ clock }: Device): (phase: number) => void {
  return (phase) => say(JSON.stringify({ event: "mark", phase: phaseCodes[phase].name, at: clock.now() }));
}

/** A number of the environment. */
function positive(name: string, otherwise: number): number {
  const value = Number(environment(name) ?? otherwise);
  if (!(value > 0)) throw new RangeError(`${name}: expected a number above 0`);
  return value;
}
