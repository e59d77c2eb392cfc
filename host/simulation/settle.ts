/** Waiting for what is still under way when the sensor has finished. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Exchange, Exchanges } from "./exchange.js";
import { READING_MS, SETTLE_MS, SILENCE_MS, START_MS, STUCK_MS } from "./patience.js";
import { PartyError, type PartyProcess } from "./process.js";
import { areComplete } from "./readings.js";
import type { Stage } from "./stage.js";

/**
 * The sensor has finished: waits for the Responder's word, when a third party has sent it anything, and for the
 * messages still under way.
 */
export async function settle(stage: Stage, exchange: Exchange, exchanges: Exchanges): Promise<void> {
  const { broken, cast, settings } = stage;
  const decided = () => exchange.responderTek !== null || exchange.expiry !== undefined;
  // The Responder's deadline begins with the first share that it accepts.
  const latest = performance.now() + settings.deadline * 1000 + SETTLE_MS;
  const forwarded = () => exchanges.forwardedAt >= exchange.beganAt;
  const quiet = () => performance.now() - exchange.heardAt > SILENCE_MS;
  const over = () => broken.aborted || performance.now() > latest;
  while (!decided() && !over() && (forwarded() || !quiet())) await sleep(10);

  const live = cast.thirdParties.length - cast.lost.length;
  const count = (wanted: string) => exchange.messages.filter(({ name }) => name === wanted).length;
  // What is refused as a lie gets no R_TP. A session that ends without a key may not be the last to end.
  const complete = () =>
    exchange.responderTek !== null &&
    count("R_TP") + exchange.misfits.size >= live &&
    count("TP_I") >= live &&
    exchange.misfits.size >= cast.liars.length;
  // Liars' messages are longer on their way than the honest.
  const still = () => cast.liars.length === 0 && quiet();
  const enough = performance.now() + SETTLE_MS;
  while (!complete() && !still() && !broken.aborted && performance.now() < enough) await sleep(10);
}

/**
 * Waits until the sensor has sent its readings and the Responder has told of those that it has; never rejects.
 * What stops the sensor before is the exchange's failure, and shows in the figures.
 */
export async function awaitReadings(
  sensor: PartyProcess,
  { readings }: Exchange,
  { count, deadline, sleep: sleeps }: { count: number; deadline: number; sleep: boolean },
): Promise<void> {
  const patience = START_MS + deadline * 1000 + STUCK_MS + count * READING_MS;
  try {
    // One that sleeps has sent all when it is not woken any more.
    if (sleeps) await Promise.race([sensor.ended, sleep(patience, undefined, { ref: false })]);
    else await sensor.waitFor("readings", ({ event }) => event === "readings", patience);
  } catch (error) {
    if (!(error instanceof PartyError)) throw error;
  }
  const enough = performance.now() + SETTLE_MS;
  while (!areComplete(readings.figures, count) && performance.now() < enough) await sleep(10);
}
