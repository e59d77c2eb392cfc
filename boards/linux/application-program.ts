/**
 * What a sensor does as an application: `--dir FOLDER --wake INTERVAL [--exchange-every N] [--gateway] [--marks]` runs one wake-up, and ends with code
 * 0 when the board would sleep, for so many milliseconds. Whoever starts it again wakes it (wakes.ts).
 *
 * Tells besides, on standard output: `{"event":"resumed","t":T}`,
 * `{"event":"reading","t":T,"number":I,"records":[{"n","u","v"}…]}`, out of the gateway's mailbox
 * `{"event":"request","number":N,"code":"2.05"}`, `{"event":"late","number":I,"acknowledged":BOOL}` and
 * `{"event":"triggered","t":T}`,
 * `{"event":"sleeping","acknowledged":BOOL,"milliseconds":N}` with a `reason` where the wake-up was cut short, and with
 * --marks `{"event":"mark","phase":NAME,"at":MILLISECONDS,"computrons":N}` for each phase.
 */

import { type ApplicationEvent, EXCHANGE_EVERY, runWakeUp } from "../../firmware/application.js";
import { sleepersWay } from "../../firmware/gateway.js";
import { marked } from "../../firmware/marked.js";
import { directWay } from "../../firmware/pseudonyms.js";
import { phaseCodes } from "../../protocol/marks.js";
import { now } from "./modules/clock.js";
import { computrons, exit, print } from "./modules/process.js";
import type { Program } from "./sensor.js";
import { record, vitalSigns } from "./vital-signs.js";

interface Options {
  readonly interval: number;
  readonly exchangeEvery: number;
  /** Through the gateway of the enrolment, where R_I waits for the next wake-up. */
  readonly gateway: boolean;
  readonly marks: boolean;
}

function readOptions(rest: readonly string[]): Options | undefined {
  let options: Options = {
    interval: Number.NaN,
    exchangeEvery: EXCHANGE_EVERY,
    gateway: false,
    marks: false,
  };
  for (let i = 0; i < rest.length; i++) {
    if (rest[i] === "--gateway") options = { ...options, gateway: true };
    else if (rest[i] === "--marks") options = { ...options, marks: true };
    else if (rest[i] === "--wake") options = { ...options, interval: Number(rest[++i]) };
    else if (rest[i] === "--exchange-every") options = { ...options, exchangeEvery: Number(rest[++i]) };
    else return undefined;
  }
  return options.interval >= 0 && options.exchangeEvery > 0 ? options : undefined;
}

export const applicationUsage = "--dir FOLDER --wake INTERVAL [--exchange-every N] [--gateway] [--marks]";

/** The program of the arguments behind the folder; undefined for wrong use. */
export function readApplication(rest: readonly string[]): Program | undefined {
  const options = readOptions(rest);
  if (options === undefined) return undefined;
  const { interval, exchangeEvery, gateway, marks } = options;
  return {
    begin(device, enrol, onEvent) {
      const sensor = marks ? marked(device, tellMark) : device;
      runWakeUp(sensor, enrol, {
        ...{ interval, exchangeEvery, early: true },
        way: gateway ? sleepersWay : directWay,
        sense: () => vitalSigns(device.random(1)[0]),
        onEvent: (event) => tell(event, onEvent),
        sleep: () => exit(0),
      });
    },
    ended: () => undefined,
  };
}

function tell(event: ApplicationEvent, onEvent: Parameters<Program["begin"]>[2]): void {
  switch (event.event) {
    case "reading": {
      const { measurements, ...rest } = event;
      print(JSON.stringify({ ...rest, records: measurements.map(record) }));
      break;
    }
    case "message":
    case "refused":
    case "suspended":
    case "finished":
      onEvent(event);
      break;
    default:
      print(JSON.stringify(event));
  }
}

function tellMark(phase: number): void {
  const { name } = phaseCodes[phase];
  print(JSON.stringify({ event: "mark", phase: name, at: now(), computrons: computrons() }));
}
