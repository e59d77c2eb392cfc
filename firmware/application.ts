/**
 * The sensor as an application: one wake-up, from the start of the board to its sleep. The machine of cycle.ts says
 * what to do; here it is done.
 *
 * Whatever ends a wake-up early, power included, the next one begins from what is stored: T and the PSKs (chain.ts), the
 * confirmed session with its numbers (kept-channel.ts), what went badly and what was asked for (duty.ts, interval.ts).
 * Each is written before it is relied on.
 */

import { Phases } from "../protocol/marks.js";
import { SensorChannel } from "./channel.js";
import type { CollectionEvent } from "./collection.js";
import { Cycle, type CycleAction, type CycleEvent } from "./cycle.js";
import type { Device, TimerId } from "./device.js";
import { readDuty, writeDuty } from "./duty.js";
import type { Enrolment } from "./enrolment.js";
import { readInterval } from "./interval.js";
import { direct, type Way } from "./main.js";
import { selfTest } from "./native/self-test.js";
import { encodeReading, type Measurement } from "./readings.js";
import type { ChannelEvent } from "./start-channel.js";

/** What the application tells. */
export type ApplicationEvent =
  | ChannelEvent
  | CollectionEvent
  | {
      readonly event: "reading";
      readonly t: number;
      readonly number: number;
      readonly measurements: readonly Measurement[];
    }
  /** The wake-up is over. */
  | {
      readonly event: "sleeping";
      readonly acknowledged: boolean;
      readonly milliseconds: number;
      readonly reason?: string;
    };

export interface ApplicationOptions {
  /** Milliseconds of sleep, unless the Responder has asked for others. */
  readonly interval: number;
  /** Wake-ups that a session lasts. */
  readonly exchangeEvery: number;
  /**
   * Whether the board can have the links of the exchange and of the channel at once: then the reading goes out with
   * the shares, else when the session is there.
   */
  readonly early: boolean;
  /** The way to the others; without it, to each party itself. */
  readonly way?: (enrolment: Enrolment) => Way;
  /** Takes a reading. Throws when the sensor fails. */
  readonly sense: () => readonly Measurement[];
  /** Seconds since 1970 where the board knows them, for the reading only. */
  readonly date?: () => number | undefined;
  readonly onEvent: (event: ApplicationEvent) => void;
  /** Sleeps; the wake-up has ended. */
  readonly sleep: (milliseconds: number) => void;
}

/** A session for a day of readings each minute. */
export const EXCHANGE_EVERY = 1440;
/** Milliseconds that a board stays awake beyond the time for an exchange. */
const PATIENCE = 40_000;

/** Runs one wake-up, at whose end `sleep` is called once. The enrolment is asked for when the self-test has passed. */
export function runWakeUp(device: Device, enrol: () => Enrolment, options: ApplicationOptions): void {
  device.mark?.(Phases.boot);
  const { onEvent } = options;
  const cutShort = (reason: string): void => {
    onEvent({ event: "finished", agreed: false, confirmed: false, tek: null, reason });
    fallAsleep(device, options, false, reason);
  };
  try {
    selfTest(device);
    const enrolment = enrol();
    if (enrolment.responderAddress === undefined)
      throw new Error("the enrolment has no address of the Responder");
    const way = options.way?.(enrolment) ?? direct;
    way.prepare(device, enrolment, onEvent, (failure) => {
      if (failure !== undefined) cutShort(failure);
      else new WakeUp(way.through(device, enrolment), enrolment, way, options).start();
    });
  } catch (error) {
    cutShort((error as Error).message);
  }
}

class WakeUp {
  readonly #cycle: Cycle;
  readonly #patience: TimerId;
  #measurements: readonly Measurement[] = [];
  /** The reading's number, once it has one. */
  #number: number | undefined;
  #channel: SensorChannel | undefined;
  /** Why the wake-up is cut short. */
  #reason: string | undefined;
  #over = false;
  readonly #events: CycleEvent[] = [];
  #busy = false;

  constructor(
    private readonly device: Device,
    private readonly enrolment: Enrolment,
    private readonly way: Way,
    private readonly options: ApplicationOptions,
  ) {
    this.#cycle = new Cycle(options.exchangeEvery, enrolment.linkingKey !== undefined);
    this.#patience = device.clock.set(() => this.#fail("it took too long"), enrolment.deadline + PATIENCE);
  }

  start(): void {
    this.#try(() =>
      this.#tell({ kind: "woken", wakeUps: this.#wakeUps(), duty: readDuty(this.device.storage) }),
    );
  }

  #wakeUps(): number | undefined {
    try {
      return SensorChannel.takenUp(this.device.storage, this.enrolment.responder);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      // Of another firmware: the next session takes its place.
      this.device.trace(error.message);
      return undefined;
    }
  }

  /** One event after the other, never one within another: a board's stack is small. */
  #tell(event: CycleEvent): void {
    this.#events.push(event);
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift())
        for (const action of this.#cycle.handle(next)) this.#do(action);
    } finally {
      this.#busy = false;
      this.#events.length = 0;
    }
  }

  #do(action: CycleAction): void {
    switch (action.kind) {
      case "sense":
        this.#sense();
        break;
      case "exchange":
        this.#exchange(action.early);
        break;
      case "resume":
        this.#resume();
        break;
      case "post":
        this.#post(action.reading);
        break;
      case "store":
        writeDuty(this.device.storage, action.duty);
        break;
      case "collect":
        this.#collect();
        break;
      case "sleep":
        this.#sleep(action.acknowledged);
        break;
    }
  }

  #sense(): void {
    this.#tell({ kind: "sensed", reading: this.#measure() });
  }

  #measure(): Uint8Array {
    this.device.mark?.(Phases.sense);
    this.#measurements = this.options.sense();
    return encodeReading(this.#measurements, this.options.date?.());
  }

  #exchange(early: boolean): void {
    const { device, enrolment } = this;
    this.way.run(
      device,
      enrolment,
      enrolment.responder,
      this.options.onEvent,
      (outcome) =>
        this.#try(() => {
          // Nobody waits for the end of an exchange that the board has given up.
          if (this.#over) return;
          if (this.#channel !== undefined) this.#channel.conclude(outcome);
          else if (outcome.confirmed) SensorChannel.keep(device, enrolment, outcome.finished);
          this.#tell({ kind: "exchanged", confirmed: outcome.confirmed });
        }),
      (waiting) => {
        if (!this.options.early || !early) return;
        this.#channel = SensorChannel.begin(device, enrolment, waiting);
        this.#tell({ kind: "opened" });
      },
    );
  }

  #resume(): void {
    this.#channel?.close();
    this.#channel = SensorChannel.resume(this.device, this.enrolment);
    if (this.#channel === undefined) throw new Error("the session is no longer there");
    this.options.onEvent({ event: "resumed", t: this.#channel.t });
    this.#tell({ kind: "opened" });
  }

  #post(reading: Uint8Array): void {
    const channel = this.#channel as SensorChannel;
    this.device.mark?.(Phases.build);
    const number = channel.post(reading, (acknowledged) =>
      this.#try(() => {
        // That of a channel which has been given up.
        if (channel !== this.#channel) return;
        const waits = this.way.collect !== undefined && channel.somethingWaits;
        this.#tell({ kind: "settled", acknowledged, waits });
      }),
    );
    this.#number = number;
    this.options.onEvent({
      ...{ event: "reading", t: channel.t, number },
      measurements: this.#measurements,
    });
    this.device.mark?.(Phases.listen);
  }

  #collect(): void {
    const { device, enrolment, way, options } = this;
    const { interval, onEvent } = options;
    const wakeUp = {
      ...{ interval, onEvent, measure: () => this.#measure() },
      askForExchange: (triggered: boolean) => this.#tell({ kind: "asked", triggered }),
      onHeard: (number: number) => this.#tell({ kind: "heard", ofThisWakeUp: number === this.#number }),
    };
    way.collect?.(device, enrolment, this.#channel as SensorChannel, wakeUp, (failure) =>
      this.#try(() => {
        if (this.#over) return;
        if (failure !== undefined) throw new Error(failure);
        this.#tell({ kind: "collected" });
      }),
    );
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail((error as Error).message);
    }
  }

  #fail(reason: string): void {
    this.#reason = reason;
    try {
      this.#tell({ kind: "failed" });
    } catch (error) {
      this.#reason = (error as Error).message;
    }
    // Not even the duty could be stored. Sleep saves what is left of the battery.
    this.#sleep(false);
  }

  #sleep(acknowledged: boolean): void {
    if (this.#over) return;
    this.#over = true;
    this.device.clock.clear(this.#patience);
    this.#channel?.close();
    this.#channel = undefined;
    fallAsleep(this.device, this.options, acknowledged, this.#reason);
  }
}

function fallAsleep(
  device: Device,
  { interval, onEvent, sleep }: ApplicationOptions,
  acknowledged: boolean,
  reason: string | undefined,
): void {
  const milliseconds = timeToSleep(device, interval);
  const ending = { event: "sleeping", acknowledged, milliseconds } as const;
  onEvent(reason === undefined ? ending : { ...ending, reason });
  device.mark?.(Phases.sleep);
  sleep(milliseconds);
}

function timeToSleep(device: Device, otherwise: number): number {
  try {
    return readInterval(device.storage, otherwise);
  } catch (error) {
    // Whatever is wrong with the storage, the board sleeps.
    device.trace((error as Error).message);
    return otherwise;
  }
}
