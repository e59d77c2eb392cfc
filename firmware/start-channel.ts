/** What a board does at its start when it has readings to send: it agrees on a key, or takes up the last one. */

import { SensorChannel } from "./channel.js";
import type { Device } from "./device.js";
import type { Enrolment } from "./enrolment.js";
import { direct, type Way } from "./main.js";
import { selfTest } from "./native/self-test.js";
import type { BoardEvent } from "./start.js";

/** What a board tells besides. */
export type ChannelEvent =
  | BoardEvent
  /** There was no exchange: the keys are those of an earlier one, with this T. */
  | { readonly event: "resumed"; readonly t: number };

export interface ChannelStart {
  /** Whether the channel of the last confirmed exchange will do. */
  readonly resume: boolean;
  /** The way through a gateway; without it, to each party itself. */
  readonly way?: Way;
  readonly onEvent: (event: ChannelEvent) => void;
  /** The channel is there for readings: at once when it is resumed, else as soon as the shares are on their way. */
  readonly onChannel: (channel: SensorChannel) => void;
}

/** As `start` of start.ts, with a channel. */
export function startChannel(board: Device, enrol: () => Enrolment, options: ChannelStart): void {
  const { resume, onEvent, onChannel, way = direct } = options;
  try {
    selfTest(board);
    const enrolment = enrol();
    const device = way.through(board, enrolment);
    if (enrolment.responderAddress === undefined)
      throw new Error("the enrolment has no address of the Responder");
    let channel = resume ? SensorChannel.resume(device, enrolment) : undefined;
    if (channel !== undefined) {
      onEvent({ event: "resumed", t: channel.t });
      onChannel(channel);
      return;
    }
    way.run(
      device,
      enrolment,
      enrolment.responder,
      onEvent,
      (outcome) => channel?.conclude(outcome),
      (waiting) => {
        channel = SensorChannel.begin(device, enrolment, waiting);
        onChannel(channel);
      },
    );
  } catch (error) {
    const { message } = error as Error;
    onEvent({ event: "finished", agreed: false, confirmed: false, tek: null, reason: message });
  }
}
