/** What a board does at its start: it proves its primitives, then agrees on a key. */

import type { Device } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { direct, type Way } from "./main.js";
import { selfTest } from "./native/self-test.js";
import type { SensorEvent } from "./sensor-event.js";

/** What a board tells: the exchange's events, and that it refused to begin one. */
export type BoardEvent = SensorEvent | RefusedStart;

/** As an exchange that ends without a key. */
export interface RefusedStart {
  readonly event: "finished";
  readonly agreed: false;
  readonly confirmed: false;
  readonly tek: null;
  readonly reason: string;
}

/**
 * Runs the known-answer tests and one exchange with the Responder of the enrolment. A test that fails, a generator
 * without entropy, storage or a link that fail: all end in a RefusedStart, and nothing has been sent then. The
 * enrolment is asked for once the primitives have proven themselves; that it can't be read is a reason too.
 */
export function start(
  device: Device,
  enrol: () => Enrolment,
  onEvent: (event: BoardEvent) => void,
  way: Way = direct,
): void {
  try {
    selfTest(device);
    const enrolment = enrol();
    way.run(device, enrolment, enrolment.responder, onEvent, () => {});
  } catch (error) {
    const { message } = error as Error;
    onEvent({ event: "finished", agreed: false, confirmed: false, tek: null, reason: message });
  }
}
