/**
 * A hostile gateway: the real process, and around it one who holds all that it sends to third parties and Responders and
 * all that these answer, and does with it what a mode says. To everybody else the two are one. Neither holds a key.
 *
 * What it swallows it answers to the gateway process with what seems to be protected, so that it lets go of it.
 */

import { toHex } from "../../protocol/bytes.js";
import { decodeMessage, encodeMessage, type Message } from "../../protocol/coap/message.js";
import { Codes, OptionNumbers, type Type, Types } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { readBundleHead } from "../../protocol/exchange/bundle-parts.js";
import { CHECK_VALUE_LENGTH } from "../../protocol/exchange/profile.js";
import { readRequestHeader } from "../../protocol/oscore/protect.js";
import { randomSource } from "../primitives.js";
import { type Cast, GATEWAY, RESPONDER } from "./cast.js";
import type { Interceptor, Send } from "./network.js";
import { SLEEP_MS } from "./patience.js";
import type { HostileMode } from "./settings.js";

/** How long a message is held that waits for another, or comes once more. */
const HOLD_MS = 2 * SLEEP_MS;

/** What passes between the gateway and a server: a part of a bundle, a sensor's OSCORE request, and their answers. */
type Kind = "part" | "request" | "part's answer" | "request's answer";

/** One message in the hands of the hostile gateway. */
interface Held {
  readonly kind: Kind;
  /** The server that it goes to or comes from; third parties count from 1, the Responder is 0. */
  readonly server: number;
  /** How many of its kind were there before; sent again, a message has the same. */
  readonly nth: number;
  /** Whether it was there before. */
  readonly again: boolean;
  readonly message: Message;
  /** Sends it on, changed like this. */
  pass(changes?: Partial<Message>): void;
  /** Sends it on once more, as a message of its own. */
  repeat(changes?: Partial<Message>): void;
  /** Answers in the Responder's place, as far as a gateway can tell. */
  answer(): void;
}

/** A copy with one bit of its last half changed: of a part, of R_I and of an OSCORE message that is under a MAC. */
export function altered(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[copy.length - 1 - (randomSource(1)[0] % (copy.length >> 1))] ^= 1;
  return copy;
}

/** A part that says another check value, of the TGK, to the third party. */
export function otherCheckValue(part: Uint8Array, difference: number): Uint8Array {
  const copy = part.slice();
  copy[readBundleHead(part).length - CHECK_VALUE_LENGTH] ^= difference;
  return copy;
}

const random = ({ length }: Uint8Array): Uint8Array => new Uint8Array(randomSource(length));

/** Whether it is one of those readings, of which the gateway lets every second pass. */
const isChosen = ({ kind, nth }: Held): boolean => kind === "request" && nth % 2 === 0;

/** Stands between a gateway and the servers behind it. */
export class HostileGateway {
  readonly mode: HostileMode;
  /** All that the gateway sent and got. */
  readonly passed: Uint8Array[] = [];
  /** How many messages it did not let pass as they were. */
  meddled = 0;
  readonly #cast: Cast;
  /** Ordinal numbers of messages that are known, by what makes them the same. */
  readonly #known = new Map<string, number>();
  readonly #counts = new Map<Kind, number>();
  /** What waits for another to come, by what it waits for. */
  readonly #waiting = new Map<string, Held>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Sensors' requests that reached the Responder after the wake-up that they are of. */
  readonly late: Message[] = [];
  /** Whose requests are, by OSCORE option. */
  readonly #owners = new Map<string, string>();
  /** Whether such a request is held until its sensor sleeps. */
  readonly #held = new Map<string, boolean>();
  /** Sensors whose last request went on. */
  readonly #answered = new Set<string>();
  /** Held requests by sensor. */
  readonly #untilSleep = new Map<string, Held[]>();

  constructor(mode: HostileMode, cast: Cast) {
    this.mode = mode;
    this.#cast = cast;
  }

  readonly intercept: Interceptor = ({ from, to, towardsServer, clientPort, datagram }, send) => {
    if (from === GATEWAY || to === GATEWAY) this.passed.push(datagram.slice());
    const message = decodeMessage(datagram);
    if (message !== undefined && to === GATEWAY) this.#takeDown(from, message);
    const isBehind = towardsServer ? from === GATEWAY : to === GATEWAY;
    const kind = message && isBehind ? kindOf(message, towardsServer, from) : undefined;
    if (message === undefined || kind === undefined) {
      send(datagram);
      return;
    }
    const same = `${kind} ${from} ${to} ${clientPort} ${message.messageId} ${message.token}`;
    const known = this.#known.get(same);
    const nth = known ?? this.#counts.get(kind) ?? 0;
    if (known === undefined) {
      this.#known.set(same, nth);
      this.#counts.set(kind, nth + 1);
    }
    const server = this.#cast.thirdParties.indexOf(towardsServer ? to : from) + 1;
    this.#acts[this.mode](held({ kind, server, nth, again: known !== undefined, message }, send));
  };

  /** A sensor's wake-up is over: what was held of it goes on. */
  slept(sensor: string): void {
    for (const it of this.#untilSleep.get(sensor) ?? []) {
      it.pass();
      this.late.push(it.message);
    }
    this.#untilSleep.delete(sensor);
  }

  /** What is held then goes nowhere. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  readonly #acts: Readonly<Record<HostileMode, (it: Held) => void>> = {
    read: (it) => it.pass(),
    alter: (it) => {
      const { kind, server, message } = it;
      if (isChosen(it) || (kind === "part" && server === 1) || (kind === "part's answer" && server === 2))
        this.#meddle(it).pass({ payload: altered(message.payload) });
      else it.pass();
    },
    drop: (it) => {
      if (isChosen(it)) this.#meddle(it).answer();
      else if (it.kind === "part" && it.server === 1) this.#meddle(it);
      else it.pass();
    },
    // Swallowed and not just held, or what comes after it would wait for it too.
    delay: (it) => {
      if (it.kind === "request" && this.#waitsForSleep(it)) this.#meddle(it).answer();
      else it.pass();
    },
    reorder: (it) => {
      if (it.kind !== "request") return it.pass();
      if (!it.again) {
        this.#pair("request", it, (other) => {
          it.pass();
          other.pass();
        });
      }
      this.#meddle(it).answer();
    },
    replay: (it) => {
      it.pass();
      if (it.again || (it.kind !== "request" && it.kind !== "part")) return;
      this.#meddle(it).repeat();
      this.#later(() => it.repeat());
    },
    swap: (it) => this.#swap(it),
    answer: (it) => {
      const { kind, server, message } = it;
      if (isChosen(it)) {
        this.#meddle(it).pass({ payload: random(message.payload) });
        it.answer();
      } else if (kind === "part's answer" && server > 1) {
        const { payload } = message;
        // Sender ID, nonce and tag of R_I.
        this.#meddle(it).pass({ payload: Buffer.concat([payload.subarray(0, -8), randomSource(8)]) });
      } else it.pass();
    },
    equivocate: (it) => {
      const { kind, server, nth, message } = it;
      if (kind === "part" && server % 2 === 0)
        this.#meddle(it).pass({ payload: otherCheckValue(message.payload, server) });
      // The Responder has taken it, and the sensor is told that it has not.
      else if (kind === "request's answer" && nth % 2 === 0)
        this.#meddle(it).pass({ code: Codes.badRequest, options: [], payload: new Uint8Array(0) });
      else it.pass();
    },
  };

  /** Whose a request is shows on its way to the gateway. */
  #takeDown(sensor: string, { options }: Message): void {
    const option = findOption(options, OptionNumbers.oscore);
    if (option !== undefined) this.#owners.set(toHex(option), sensor);
  }

  /**
   * Whether a sensor's request is held until the sensor sleeps; it is kept for then. All under the provisional context
   * are, and each under the confirmed one whose sensor has the Echo of an answer to the one before it.
   */
  #waitsForSleep(it: Held): boolean {
    const name = toHex(findOption(it.message.options, OptionNumbers.oscore) as Uint8Array);
    const sensor = this.#owners.get(name);
    if (sensor === undefined) return false;
    const known = this.#held.get(name);
    if (known !== undefined) return known;
    const early = readRequestHeader(it.message).kidContext !== undefined;
    const waits = early || this.#answered.has(sensor);
    if (!early && !this.#answered.delete(sensor)) this.#answered.add(sensor);
    this.#held.set(name, waits);
    if (waits) this.#untilSleep.set(sensor, [...(this.#untilSleep.get(sensor) ?? []), it]);
    return waits;
  }

  /** Exchanges what two sensors sent to one server; with one sensor, what it sent to two third parties. */
  #swap(it: Held): void {
    const { kind, message } = it;
    if (kind !== "part" && kind !== "request") {
      it.pass();
      return;
    }
    if (it.again) return;
    const alone = this.#cast.sensors.length === 1;
    const what = alone ? kind : `${kind} ${it.server} `;
    const isOther = (other: Held) => alone || senderOf(other) !== senderOf(it);
    this.#pair(
      what,
      it,
      (other) => {
        this.#meddle(it).pass(contents(other.message));
        this.#meddle(other).pass(contents(message));
      },
      isOther,
    );
  }

  /** Keeps a message until another such comes, but not for ever. */
  #pair(
    what: string,
    it: Held,
    together: (other: Held) => void,
    isOther: (other: Held) => boolean = () => true,
  ): void {
    const other = this.#waiting.get(what);
    if (other !== undefined && isOther(other)) {
      this.#waiting.delete(what);
      together(other);
      return;
    }
    if (other !== undefined) {
      it.pass();
      return;
    }
    this.#waiting.set(what, it);
    this.#later(() => {
      if (this.#waiting.get(what) !== it) return;
      this.#waiting.delete(what);
      it.pass();
    });
  }

  #meddle(it: Held): Held {
    this.meddled++;
    return it;
  }

  #later(work: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, HOLD_MS);
    this.#timers.add(timer);
  }
}

function kindOf(message: Message, towardsServer: boolean, from: string): Kind | undefined {
  const isProtected = findOption(message.options, OptionNumbers.oscore) !== undefined;
  if (towardsServer) {
    if (isProtected) return "request";
    return message.code === Codes.POST && message.payload.length > 0 ? "part" : undefined;
  }
  if (from === RESPONDER) return isProtected ? "request's answer" : undefined;
  return message.code === Codes.changed && message.payload.length > 0 ? "part's answer" : undefined;
}

function held(about: Pick<Held, "kind" | "server" | "nth" | "again" | "message">, send: Send): Held {
  const { message } = about;
  return {
    ...about,
    pass: (changes = {}) => send(encodeMessage({ ...message, ...changes })),
    repeat: (changes = {}) => {
      const [high, low] = randomSource(2);
      send(encodeMessage({ ...message, messageId: high * 256 + low, ...changes }));
    },
    answer() {
      const { messageId, token } = message;
      const type: Type = Types.ACK;
      const options = [{ number: OptionNumbers.oscore, value: new Uint8Array(0) }];
      const payload = random(message.payload);
      send(encodeMessage({ type, code: Codes.changed, messageId, token, options, payload }), true);
    },
  };
}

/** All of a request that is its sender's: the rest is between gateway and server. */
function contents({ options, payload }: Message): Partial<Message> {
  return { options, payload };
}

/** Whose it is, as far as it shows: the handle of a part, the OSCORE option's kid and ID context without Partial IV. */
function senderOf({ kind, message }: Held): string {
  if (kind === "part") return `${readBundleHead(message.payload).handle}`;
  const option = findOption(message.options, OptionNumbers.oscore) ?? new Uint8Array(0);
  return Buffer.from(option.subarray(1 + (option[0] & 7))).toString("hex");
}
