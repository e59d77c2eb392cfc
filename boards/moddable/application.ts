/**
 * The application on a board with Moddable's SDK. The manifest's config, or mcconfig's command line, may say `interval`
 * (seconds of sleep) and `exchangeEvery` (wake-ups that a session lasts). Events are lines of the trace, one JSON
 * object each.
 */

import config from "mc/config";
import Modules from "modules";
import { EXCHANGE_EVERY, runWakeUp } from "../../firmware/application.js";
import type { Device } from "../../firmware/device.js";
import type { Enrolment } from "../../firmware/enrolment.js";
import { sleepersWay } from "../../firmware/gateway.js";
import { marked } from "../../firmware/marked.js";
import type { Mark } from "../../protocol/marks.js";
import { sense } from "./sensor.js";

/** What the application needs of a board beside its Device. */
export interface Board {
  readonly device: Device;
  /** Whether it can have two links at once. */
  readonly early: boolean;
  /** Whether this start is the end of a sleep. */
  readonly hasSlept: boolean;
  readonly enrol: () => Enrolment;
  /** Seconds since 1970 where the board knows them. */
  readonly date?: () => number | undefined;
  /** Sleeps, with RAM and radio off. The board starts anew; where it only waits, this returns. */
  readonly sleep: (milliseconds: number) => void;
}

const PINS = "boards/moddable/marks/pins";
/** Seconds. */
const INTERVAL = 60;

/** Milliseconds between two wake-ups. */
export function interval(): number {
  return 1000 * positive("interval", INTERVAL);
}

/** Runs a wake-up, and another one after each sleep that returns. */
export function runApplication(board: Board): void {
  const mark = openPins(board.hasSlept);
  const device = mark === undefined ? board.device : marked(board.device, mark);
  const { early, enrol, date } = board;
  const run = (): void =>
    runWakeUp(device, enrol, {
      ...{ early, interval: interval(), exchangeEvery: positive("exchangeEvery", EXCHANGE_EVERY) },
      ...(date !== undefined && { date }),
      way: sleepersWay,
      sense: () => sense(device.random),
      onEvent: (event) => device.trace(JSON.stringify(event)),
      sleep(milliseconds) {
        board.sleep(milliseconds);
        board.device.clock.set(run, milliseconds);
      },
    });
  run();
}

/** Undefined in an image that was built without pins. */
function openPins(hasSlept: boolean): Mark | undefined {
  if (!Modules.has(PINS)) return undefined;
  return (Modules.importNow(PINS) as (hasSlept: boolean) => Mark)(hasSlept);
}

/** Of the config; mcconfig's command line gives text. */
function positive(name: string, otherwise: number): number {
  const value = Number(config[name] ?? otherwise);
  if (!(value > 0)) throw new RangeError(`config: ${name} is not a number above 0`);
  return value;
}
