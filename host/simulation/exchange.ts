/** What the parties say of exchanges that run. */

import { RESPONDER } from "./cast.js";
import type { PartyEvent } from "./process.js";
import { ReadingTally } from "./readings.js";
import type { Expiry, MessageRecord, Misfit } from "./result.js";

/** One exchange while it runs. */
export class Exchange {
  readonly sensor: string;
  readonly messages: MessageRecord[] = [];
  readonly readings = new ReadingTally();
  engine: string;
  /** Of a sensor that sleeps. */
  wakeUps = 0;
  beganAt = performance.now();
  /** When the last message was announced. */
  heardAt = this.beganAt;
  responderTek: string | null = null;
  /** All that the Responder has, and all that the sensor has confirmed. */
  readonly #responderTeks = new Set<string>();
  readonly #sensorTeks = new Set<string>();
  expiry: Expiry | undefined;
  /** What the Responder found, by third party. */
  readonly misfits = new Map<string, Misfit>();
  /** What it could not tell, by the kind of lie. */
  readonly undecided = new Map<Misfit, string>();

  constructor(sensor: string, engine: string) {
    this.sensor = sensor;
    this.engine = engine;
  }

  /** What the sensor says. */
  hearSensor(event: PartyEvent): void {
    if (event.event === "engine") {
      this.engine = `${event.engine}`;
      this.beganAt = performance.now();
    }
    if (event.event === "finished" && event.confirmed === true) this.#sensorTeks.add(`${event.tek}`);
    if (event.event === "wake") this.wakeUps++;
    if (event.event === "reading") this.readings.sent(event);
    if (event.event === "message") this.announced(event);
  }

  /** What the Responder says of this exchange, but its messages. */
  hearResponder(event: PartyEvent): void {
    if (event.event === "reading") this.readings.received(event);
    if (event.event === "agreed" && typeof event.tek === "string") {
      this.responderTek = event.tek;
      this.#responderTeks.add(event.tek);
    }
    if (event.event === "expired") this.#expired(event);
    const kind: Misfit = event.what === "share" ? "share" : "session";
    if (event.event === "misfit" && typeof event.thirdParty === "string") {
      this.misfits.set(event.thirdParty, kind);
      this.undecided.delete(kind);
    }
    if (event.event === "undecided") this.undecided.set(kind, `${event.reason}`);
  }

  /**
   * The fingerprints at both ends: those of the exchange whose end is `finished`, unless another is confirmed at the
   * sensor and not known to the Responder; and how many both have.
   */
  teks(finished: string | null) {
    const strange = [...this.#sensorTeks].filter((tek) => !this.#responderTeks.has(tek));
    const initiatorTek = strange[0] ?? finished;
    const isKnown = initiatorTek !== null && this.#responderTeks.has(initiatorTek);
    return {
      initiatorTek,
      responderTek: isKnown ? initiatorTek : this.responderTek,
      agreed: this.#sensorTeks.size - strange.length,
    };
  }

  /** A message, as its sender announces it. */
  announced({ name, from, to, bytes }: PartyEvent): void {
    this.heardAt = performance.now();
    if (
      typeof name === "string" &&
      typeof from === "string" &&
      typeof to === "string" &&
      typeof bytes === "number"
    ) {
      this.messages.push({ name, from, to, bytes });
    }
  }

  #expired({ shares, threshold, missing, reason }: PartyEvent): void {
    if (typeof shares !== "number" || typeof threshold !== "number" || typeof missing !== "number") return;
    const explained = typeof reason === "string" ? { reason } : {};
    this.heardAt = performance.now();
    // Liars open sessions of their own: the fullest says most.
    if (shares > (this.expiry?.shares ?? -1)) {
      this.expiry = { shares, threshold, missing, ...explained };
    }
  }
}

/** The exchanges that run, each told what is said of it. */
export class Exchanges {
  /** By the sensor's name. */
  readonly #running = new Map<string, Exchange>();
  /** When a third party last sent the Responder anything, for whichever sensor. */
  forwardedAt = Number.NEGATIVE_INFINITY;

  add(exchange: Exchange): void {
    this.#running.set(exchange.sensor, exchange);
  }

  delete({ sensor }: Exchange): void {
    this.#running.delete(sensor);
  }

  /** What a third party or the Responder says, to the exchange that it is about. */
  readonly hearServer = (name: string, event: PartyEvent): void => {
    if (event.event === "message" && event.name === "TP_R") this.forwardedAt = performance.now();
    const exchange = this.#find(event);
    if (exchange === undefined) return;
    if (event.event === "message") exchange.announced(event);
    if (name === RESPONDER) exchange.hearResponder(event);
  };

  #find({ sensor, from, to }: PartyEvent): Exchange | undefined {
    for (const name of [sensor, from, to]) {
      const exchange = typeof name === "string" ? this.#running.get(name) : undefined;
      if (exchange !== undefined) return exchange;
    }
    // A message between servers that does not say whose it is can be told only when there is one exchange.
    if (sensor !== undefined || this.#running.size !== 1) return undefined;
    const [only] = this.#running.values();
    return only;
  }
}
