/** An exchange that was begun before the sleep, finished behind it: R_I comes out of the mailbox. */

import { Codes, ContentFormats } from "../protocol/coap/numbers.js";
import { restoreConfirmation } from "../protocol/exchange/bundle.js";
import { fingerprint } from "../protocol/exchange/fingerprint.js";
import {
  type FinishedInitiator,
  resumeExchange,
  type WaitingInitiator,
} from "../protocol/exchange/initiator.js";
import { Refusal } from "../protocol/mikey/refusal.js";
import { SEQUENCE_BLOCK } from "../protocol/oscore/sender-sequence.js";
import { Asker } from "./asker.js";
import { SensorChannel } from "./channel.js";
import type { CollectionEvent } from "./collection.js";
import type { Device } from "./device.js";
import { afterExchange, askedFor, readDuty, writeDuty } from "./duty.js";
import type { Enrolment } from "./enrolment.js";
import { clearPending, mailboxPath, readMailbox, readPending } from "./mailbox.js";
import { collecting, type MailboxMessage, messageIn } from "./mailbox-messages.js";
import type { SensorEvent } from "./sensor-event.js";
import { readTrigger } from "./trigger.js";

/** Milliseconds for which a sensor that has just woken waits for its gateway. */
const COLLECT = 5_000;
/** Seconds for which the gateway may wait then: a sensor that slept long enough never needs them. */
const LISTEN = 2;
/** Numbers of readings that may have left with the bundle; one wake-up gives far fewer. */
const USED_BEFORE = SEQUENCE_BLOCK;

/**
 * Asks the gateway for R_I of the exchange that was begun before the sleep, if there is one. What is confirmed is the
 * kept channel when `onReady` is called, and `onConfirmation` has heard in which message R_I was. A trigger that stands
 * before R_I is heard: who wants an exchange may be why this one does not end. What is of the session before stays where it
 * is, with R_I behind it, until that session has taken it in this wake-up; without one it is of sessions that are over.
 */
export function collectPending(
  device: Device,
  enrolment: Enrolment,
  onEvent: (event: SensorEvent | CollectionEvent) => void,
  onConfirmation: (number: number) => void,
  onReady: (failure?: string) => void,
): void {
  const { gateway, responder } = enrolment;
  const { storage, steps, primitives } = device;
  const suspended = gateway && readPending(storage, responder);
  if (suspended === undefined || gateway === undefined || readMailbox(storage) === undefined) {
    onReady();
    return;
  }
  const waiting = resumeExchange(steps, enrolment, responder, suspended);
  suspended.tgk.fill(0);
  const asker = new Asker(device, gateway.address);
  const path = mailboxPath(storage);
  const until = device.clock.now() + COLLECT;
  const onRefused = (message: "R_I" | "trigger") => (reason: string) =>
    onEvent({ event: "refused", message, from: gateway.address, error: null, reason });
  /** Whether there may be more to ask for; undefined stands for a question that has no answer. */
  const take = (message: MailboxMessage): boolean => {
    if (message.format === ContentFormats.trigger) {
      const trigger = readTrigger(device, enrolment, message.payload);
      if (typeof trigger === "string") onRefused("trigger")(trigger);
      else {
        writeDuty(storage, askedFor(readDuty(storage), true));
        onEvent({ event: "triggered", t: trigger.t });
      }
      return true;
    }
    const finished = confirmedBy(waiting, message, onRefused("R_I"));
    if (finished === undefined) return true;
    SensorChannel.keep(device, enrolment, finished, USED_BEFORE);
    writeDuty(storage, afterExchange(readDuty(storage)));
    onEvent({
      ...{ event: "finished", agreed: true, confirmed: true },
      tek: fingerprint(primitives, finished.keys),
    });
    onConfirmation(message.number);
    clearPending(storage);
    return false;
  };
  const ask = (collected?: number): void => {
    const timeout = Math.max(1, until - device.clock.now());
    asker.ask({ path, ...collecting(collected, LISTEN), timeout }, (answer) => {
      let failure: string | undefined;
      try {
        const message = messageIn(answer);
        const isForSession = message?.format === ContentFormats.oscore && hasSession(device, enrolment);
        if (message !== undefined && !isForSession && take(message)) {
          ask(message.number);
          return;
        }
        // A mailbox that is gone will have nothing more; the exchange is given up.
        if (typeof answer !== "string" && answer.code === Codes.notFound) clearPending(storage);
      } catch (error) {
        // Nothing is sent under a channel that storage may keep a second time, with its first number.
        failure = (error as Error).message;
      }
      asker.close();
      waiting.abandon();
      onReady(failure);
    });
  };
  ask();
}

function hasSession({ storage }: Device, { responder }: Enrolment): boolean {
  try {
    return SensorChannel.takenUp(storage, responder) !== undefined;
  } catch (error) {
    // Of another firmware: nobody takes it up.
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The exchange that an R_I finishes; undefined for anything else, and it goes on. */
export function confirmedBy(
  waiting: WaitingInitiator,
  { format, payload }: MailboxMessage,
  onRefused: (reason: string) => void,
): FinishedInitiator | undefined {
  if (format !== ContentFormats.octetStream) return undefined;
  try {
    return waiting.consumeConfirmation(restoreConfirmation(waiting.session, payload));
  } catch (error) {
    if (!(error instanceof Refusal || error instanceof RangeError)) throw error;
    onRefused(error.message);
    return undefined;
  }
}
