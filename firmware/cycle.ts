/**
 * A wake-up of the sensor, as a state machine: what happens goes in, what to do comes out. It takes a reading, makes
 * sure that there is a session, sends the reading, collects what waits for it, and sleeps.
 *
 * An exchange is due when there is no session, when the session has lasted long enough, when somebody who may has asked
 * for it, or when the Responder has been silent for some wake-ups. One that fails is not tried again at once (duty.ts), and a session that is still
 * there serves meanwhile.
 */

import {
  afterExchange,
  afterWakeUp,
  askedFor,
  beforeExchange,
  type Duty,
  noTrouble,
  SILENT,
  sameDuty,
} from "./duty.js";

export type CycleEvent =
  /** `wakeUps`: how often the kept session was taken up; undefined where there is none. */
  | { readonly kind: "woken"; readonly wakeUps: number | undefined; readonly duty: Duty }
  | { readonly kind: "sensed"; readonly reading: Uint8Array }
  /** The channel takes readings: the kept one; or that of the exchange which has begun, where a board has links for both. */
  | { readonly kind: "opened" }
  | { readonly kind: "exchanged"; readonly confirmed: boolean }
  /** The reading is with the Responder, or given up. `waits`: something is to be collected. */
  | { readonly kind: "settled"; readonly acknowledged: boolean; readonly waits: boolean }
  /** The Responder has taken a reading: this wake-up's, or one of the wake-up before. */
  | { readonly kind: "heard"; readonly ofThisWakeUp: boolean }
  /** An exchange is asked for. */
  | { readonly kind: "asked"; readonly triggered: boolean }
  /** Nothing more is to be collected. */
  | { readonly kind: "collected" }
  /** The board can't go on, or has been awake for too long. */
  | { readonly kind: "failed" };

export type CycleAction =
  | { readonly kind: "sense" }
  /** `early`: the reading may leave with the shares. */
  | { readonly kind: "exchange"; readonly early: boolean }
  | { readonly kind: "resume" }
  | { readonly kind: "post"; readonly reading: Uint8Array }
  | { readonly kind: "store"; readonly duty: Duty }
  | { readonly kind: "collect" }
  | { readonly kind: "sleep"; readonly acknowledged: boolean };

type State = "asleep" | "sensing" | "exchanging" | "exchanged" | "resumed" | "collecting";

export class Cycle {
  #state: State = "asleep";
  #kept = false;
  #exchangeNow = false;
  /** The kept session serves until the new one is there. */
  #serves = false;
  #duty: Duty = noTrouble;
  #stored: Duty = noTrouble;
  #reading: Uint8Array | undefined;
  /** The reading was posted under the exchange that goes on. */
  #early = false;
  #acknowledged: boolean | undefined;
  /** The Responder has given a sign of life, if only to a reading before. */
  #heard = false;

  /** `exchangeEvery`: wake-ups that a session lasts. `fresh`: an exchange ends the kept session, whatever becomes of it. */
  constructor(
    private readonly exchangeEvery: number,
    private readonly fresh = false,
  ) {}

  /** Takes an event. What comes when it is not awaited changes nothing. */
  handle(event: CycleEvent): CycleAction[] {
    if (this.#state === "asleep") return event.kind === "woken" ? this.#wake(event) : [];
    switch (event.kind) {
      case "woken":
        return [];
      case "sensed":
        return this.#state === "sensing" ? this.#open(event.reading) : [];
      case "opened":
        return this.#post();
      case "exchanged":
        return this.#state === "exchanging" ? this.#exchanged(event.confirmed) : [];
      case "settled":
        return this.#state === "collecting" ? [] : this.#settled(event);
      case "heard":
        this.#heard = true;
        if (event.ofThisWakeUp) this.#acknowledged = true;
        return [];
      case "asked":
        this.#duty = askedFor(this.#duty, event.triggered);
        return this.#store();
      case "collected":
        return this.#state === "collecting" ? this.#sleep() : [];
      case "failed":
        return this.#sleep();
    }
  }

  #wake({ wakeUps, duty }: Extract<CycleEvent, { kind: "woken" }>): CycleAction[] {
    this.#reading = undefined;
    this.#early = false;
    this.#acknowledged = undefined;
    this.#heard = false;
    // After an exchange that broke off the Responder may have sessions that the sensor never heard of.
    const silent = duty.unacknowledged >= (duty.failed > 0 ? 1 : SILENT);
    const due = wakeUps === undefined || wakeUps >= this.exchangeEvery || silent || duty.asked;
    this.#exchangeNow = due && duty.rest === 0;
    this.#kept = wakeUps !== undefined && !(this.fresh && this.#exchangeNow);
    this.#serves = this.#kept && !silent;
    this.#stored = duty;
    this.#duty = due && duty.rest > 0 ? { ...duty, rest: duty.rest - 1 } : duty;
    if (!this.#exchangeNow && !this.#kept) return this.#sleep();
    this.#state = "sensing";
    return [{ kind: "sense" }];
  }

  #open(reading: Uint8Array): CycleAction[] {
    this.#reading = reading;
    if (!this.#exchangeNow) return this.#resume();
    this.#state = "exchanging";
    this.#duty = beforeExchange(this.#duty);
    // Under a session that serves it goes out once; with the shares it might have to go out again under that one.
    return [...this.#store(), { kind: "exchange", early: !this.#serves }];
  }

  #post(): CycleAction[] {
    if (this.#reading === undefined) return [];
    this.#early = this.#state === "exchanging";
    return [{ kind: "post", reading: this.#reading }];
  }

  #resume(): CycleAction[] {
    this.#state = "resumed";
    this.#acknowledged = undefined;
    return [{ kind: "resume" }];
  }

  #exchanged(confirmed: boolean): CycleAction[] {
    this.#state = "exchanged";
    if (confirmed) {
      this.#duty = afterExchange(this.#duty);
      if (!this.#early) return [...this.#store(), ...this.#resume()];
      return this.#acknowledged === undefined ? this.#store() : this.#sleep();
    }
    return this.#kept ? this.#resume() : this.#sleep();
  }

  #settled({ acknowledged, waits }: Extract<CycleEvent, { kind: "settled" }>): CycleAction[] {
    this.#acknowledged = acknowledged;
    if (this.#state === "exchanging") return [];
    if (!waits) return this.#sleep();
    this.#state = "collecting";
    return [{ kind: "collect" }];
  }

  #store(): CycleAction[] {
    if (sameDuty(this.#duty, this.#stored)) return [];
    this.#stored = this.#duty;
    return [{ kind: "store", duty: this.#duty }];
  }

  #sleep(): CycleAction[] {
    const acknowledged = this.#acknowledged === true;
    this.#duty = afterWakeUp(this.#duty, acknowledged || this.#heard);
    this.#state = "asleep";
    this.#reading = undefined;
    return [...this.#store(), { kind: "sleep", acknowledged }];
  }
}
