/**
 * An untrusted gateway for sensors that sleep: it takes bundles apart, and keeps what is for a sensor until the sensor
 * asks, and what is for a Responder until the Responder is there. It holds no key. What it can do is drop and delay.
 *
 * POST /b         a bundle: 2.01 with the Location-Path of its mailbox
 * POST /m/NAME    collects: payload empty, or the number of the last message that the sensor has; 2.04 with the next
 *                 message, its number as ETag, or without payload. Uri-Query "w=N": wait up to N seconds for one
 * POST /m/NAME    with the OSCORE option: for the Responder; 2.04 at once or with the Responder's answer. An ETag is the
 *                 number of the message that waits for longest: a sensor that sees none need not ask
 * POST /s/ID      with the OSCORE option: a Responder's request to the sensor; see deposits.ts
 * POST /t         a Responder asks for an exchange; see triggers.ts
 */

import { ascii, toHex } from "../../protocol/bytes.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import { BUNDLE_PATH } from "../../protocol/exchange/bundle.js";
import { readBundleHead, splitBundle } from "../../protocol/exchange/bundle-parts.js";
import { errorNumberOf, refusalCode } from "../../protocol/exchange/over-coap.js";
import { SENSORS_PATH } from "../../protocol/exchange/sensor-requests.js";
import { TRIGGER_PATH } from "../../protocol/exchange/trigger.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { ErrorNumbers } from "../../protocol/mikey/numbers.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import { busy } from "../coap/answer.js";
import type { RouteRequest, RouteResponse, Routes } from "../coap/resources.js";
import { messageDigest } from "../refusals.js";
import type { Store } from "../store/store.js";
import { Delivery } from "./bundles.js";
import { type DepositOptions, deposit, requests } from "./deposits.js";
import type { OnGatewayEvent } from "./events.js";
import type { GatewaySensor } from "./folder.js";
import { confirmedKid, Forwarding, oscoreOf } from "./forwarding.js";
import { Listeners } from "./listeners.js";
import { LIMITS, type Limits } from "./mailbox.js";
import { Mailboxes } from "./mailboxes.js";
import { Owners } from "./owners.js";
import { Pseudonyms } from "./pseudonyms.js";
import { StoreTrouble } from "./store-trouble.js";
import { Triggers } from "./triggers.js";

export interface GatewayOptions {
  /** The sensor of that handle, if it is known here. */
  sensor(handle: number): GatewaySensor | undefined;
  /** The sensor of that name (identityToText), if it is known here. */
  named(name: string): GatewaySensor | undefined;
  /** All sensors by handle; the same map as long as none is another. Without it none has pseudonyms. */
  sensors?(): ReadonlyMap<number, GatewaySensor>;
  readonly store: Store;
  readonly onEvent: OnGatewayEvent;
  /** Milliseconds for which third parties are asked about one bundle. */
  readonly deadline: number;
  /** Milliseconds that one question to a Responder may take. */
  readonly attempt: number;
  readonly limits?: Limits;
  /** Questions to one third party at once; see questions.ts. */
  readonly questions?: number;
}

/** Uri-Path of mailboxes. */
export const MAILBOX_PATH = "m";

/** How long the Responder's answer to a sensor's message is waited for, in milliseconds: an acknowledgement's time. */
const ANSWER_WITHIN = 400;
/** The longest that a sensor may listen for a message, in milliseconds. */
const LONGEST_LISTENING = 60_000;
/** Milliseconds between two looks for what is too old. */
const SWEEP = 60_000;

const nobody: ReadonlyMap<number, GatewaySensor> = new Map();

export class Gateway {
  readonly #options: GatewayOptions;
  readonly #mailboxes: Mailboxes;
  readonly #pseudonyms: Pseudonyms;
  readonly #delivery: Delivery;
  readonly #forwarding: Forwarding;
  readonly #deposits: DepositOptions;
  readonly #triggers: Triggers;
  readonly #trouble: StoreTrouble;
  readonly #owners = new Owners();
  readonly #listeners = new Listeners();
  readonly #sweeper: NodeJS.Timeout;
  #closed = false;

  /** Goes on with what the process before this one left. */
  constructor(options: GatewayOptions) {
    this.#options = options;
    const { store, onEvent, attempt, limits = LIMITS } = options;
    const mailboxes = new Mailboxes(store, limits);
    const onItem = (name: string) => this.#listeners.wake(name);
    this.#mailboxes = mailboxes;
    this.#triggers = new Triggers({ mailboxes, onEvent, onItem, named: (name) => options.named(name) });
    this.#deposits = { mailboxes, onEvent, onItem, longest: limits.bytes };
    const pseudonyms = new Pseudonyms({ store, sensors: () => options.sensors?.() ?? nobody });
    this.#pseudonyms = pseudonyms;
    this.#trouble = new StoreTrouble(onEvent);
    const common = { mailboxes, onEvent, onItem, trouble: this.#trouble };
    this.#delivery = new Delivery({
      ...common,
      ...(options.questions !== undefined && { limit: options.questions }),
      onGood: ({ handle, t }) => pseudonyms.good(handle, t),
    });
    this.#forwarding = new Forwarding({
      ...{ ...common, attempt },
      address: (name) => this.#responderOf(name),
    });
    this.#sweep();
    for (const [name, mailbox] of mailboxes.all()) {
      const sensor = options.sensor(mailbox.handle);
      if (sensor !== undefined) this.#delivery.start(name, mailbox, sensor);
      this.#forwarding.start(name);
    }
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP).unref();
  }

  get routes(): Routes {
    return {
      [BUNDLE_PATH]: {
        contentFormat: ContentFormats.octetStream,
        resourceType: "symbolon.bundle",
        handler: this.#trouble.refusing((request) => this.#takeBundle(request)),
      },
      [`${MAILBOX_PATH}/*`]: {
        resourceType: "symbolon.mailbox",
        carriesOscore: true,
        handler: this.#trouble.refusing((request) => this.#mailbox(request)),
      },
      [`${SENSORS_PATH}/*`]: {
        resourceType: "symbolon.deposit",
        carriesOscore: true,
        admission: true,
        handler: this.#trouble.refusing((request) => deposit(this.#deposits, request)),
      },
      [TRIGGER_PATH]: {
        contentFormat: ContentFormats.octetStream,
        resourceType: "symbolon.trigger",
        admission: true,
        handler: this.#trouble.refusing((request) => this.#triggers.take(request)),
      },
    };
  }

  /** Ends what is under way; the next process takes it up again. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    await Promise.all([this.#delivery.close(), this.#forwarding.close(), this.#triggers.close()]);
  }

  /** What is taken is durable before this returns. */
  #takeBundle({ peer, payload }: RouteRequest): RouteResponse {
    const { onEvent, deadline } = this.#options;
    const digest = messageDigest(payload);
    const known = this.#mailboxes.byDigest(digest);
    if (known !== undefined) return created(known);
    try {
      const plain = this.#pseudonyms.unveil(payload);
      if (plain === undefined) {
        throw new Refusal(ErrorNumbers.identity, "no sensor with this pseudonym is known here");
      }
      const { handle, t, responder } = readBundleHead(plain);
      const sensor = this.#options.sensor(handle);
      // One that has pseudonyms says nothing else: who knows its handle is to know no more.
      if (sensor === undefined || (plain === payload && sensor.pseudonyms !== undefined)) {
        throw new Refusal(ErrorNumbers.identity, `no sensor with handle ${handle} is known here`);
      }
      splitBundle(payload, { privacy: sensor.privacy, shares: sensor.thirdParties.length });
      const now = Date.now();
      const mailbox = {
        ...{ sensor: identityToText(sensor.sensor), handle, t, digest, bundle: Uint8Array.from(payload) },
        ...(typeof responder === "number" && { responder }),
        ...{ deadline: now + deadline, answered: [], good: false, used: now, count: 0 },
        quorum: quorumOf(sensor),
      };
      const name = this.#mailboxes.open(mailbox);
      if (name === undefined) {
        const reason = "third parties have not answered to so many others of this sensor";
        onEvent({ event: "dropped", sensor: mailbox.sensor, what: `bundle of T ${t}`, reason });
        return busy(Codes.serviceUnavailable);
      }
      onEvent({ event: "bundle", sensor: mailbox.sensor, t, bytes: payload.length });
      this.#owners.add(name, peer);
      this.#delivery.start(name, mailbox, sensor);
      return created(name);
    } catch (error) {
      const number = errorNumberOf(error);
      if (number === undefined) throw error;
      onEvent({ event: "refused", from: peer, reason: (error as Error).message });
      return { code: refusalCode(number) };
    }
  }

  #mailbox(request: RouteRequest): RouteResponse | Promise<RouteResponse> {
    const name = request.segment ?? "";
    if (this.#mailboxes.get(name) === undefined) return { code: Codes.notFound };
    const oscore = oscoreOf(request);
    if (oscore === undefined) return this.#collect(name, request);
    this.#gather(name, oscore);
    const answer = this.#forward(name, oscore, request.payload);
    return answer instanceof Promise
      ? answer.then((response) => this.#hinting(name, response))
      : this.#hinting(name, answer);
  }

  /** Requests under the session of what a sensor sends wait where it collects. */
  #gather(name: string, oscore: Uint8Array): void {
    const kid = confirmedKid(oscore);
    if (kid !== undefined) this.#mailboxes.gather(name, toHex(kid), requests);
  }

  #collect(name: string, { peer, payload, options }: RouteRequest): RouteResponse | Promise<RouteResponse> {
    if (payload.length > 1) return { code: Codes.badRequest };
    if (payload.length === 1) {
      const count = this.#mailboxes.collect(name, payload[0], Date.now());
      const sensor = this.#mailboxes.get(name)?.sensor ?? "";
      if (count > 0) this.#options.onEvent({ event: "collected", sensor, count });
    }
    const listening = listeningTime(options);
    if (listening === undefined) return { code: Codes.badRequest };
    const next = this.#next(name);
    return next.payload !== undefined || listening === 0 ? next : this.#listen(name, peer, listening);
  }

  #next(name: string): RouteResponse {
    const next = this.#mailboxes.next(name);
    if (next === undefined) return { code: Codes.changed };
    const { payload, contentFormat } = next.item;
    return { code: Codes.changed, payload, contentFormat, options: [tagOf(next.number)] };
  }

  /** An answer to a sensor that does not collect: whether it should, it sees by the ETag. */
  #hinting(name: string, response: RouteResponse): RouteResponse {
    // The store is closed when this gateway is.
    const next = this.#closed ? undefined : this.#mailboxes.next(name);
    return next === undefined
      ? response
      : { ...response, options: [tagOf(next.number), ...(response.options ?? [])] };
  }

  async #listen(name: string, peer: string, milliseconds: number): Promise<RouteResponse> {
    await this.#listeners.wait(name, milliseconds);
    // Who was told the mailbox's name is there.
    return { ...this.#next(name), shown: this.#owners.get(name) === peer };
  }

  /** Stored before anything is answered, so that what a sensor has got rid of is not lost. */
  #forward(name: string, oscore: Uint8Array, payload: Uint8Array): RouteResponse | Promise<RouteResponse> {
    const outgoing = { oscore, payload: Uint8Array.from(payload) };
    const now = Date.now();
    const { outcome, gone } = this.#mailboxes.keep(name, outgoing, now, this.#forwarding.refused(name));
    const sensor = this.#mailboxes.get(name)?.sensor ?? "";
    if (outcome === "full") {
      this.#options.onEvent({ event: "dropped", sensor, what: "request", reason: "too much of its waits" });
      return busy(Codes.serviceUnavailable);
    }
    if (gone) {
      const reason = "newer ones need its room, and what answered it had no proof";
      this.#options.onEvent({ event: "dropped", sensor, what: "request", reason });
    }
    if (outcome === "kept") {
      this.#options.onEvent({ event: "stored", sensor, bytes: payload.length });
    }
    const waiting = this.#mailboxes.outgoing(name);
    const own = waiting.find(([, other]) => Buffer.compare(other.payload, payload) === 0);
    this.#forwarding.start(name);
    return own === undefined ? { code: Codes.changed } : this.#answerTo(own[0]);
  }

  async #answerTo(key: string): Promise<RouteResponse> {
    const response = await this.#forwarding.answerWithin(key, ANSWER_WITHIN);
    const option = response && oscoreOf(response);
    if (response === undefined || option === undefined) return { code: Codes.changed };
    const { code, payload } = response;
    return { code, payload, options: [{ number: OptionNumbers.oscore, value: option }] };
  }

  #responderOf(name: string): string | undefined {
    const mailbox = this.#mailboxes.get(name);
    if (mailbox?.responder === undefined) return undefined;
    return this.#options.sensor(mailbox.handle)?.responders[mailbox.responder] || undefined;
  }

  #sweep(): void {
    const now = Date.now();
    const swept = this.#trouble.attempt(() => ({
      mailboxes: this.#mailboxes.sweep(now),
      requests: this.#mailboxes.sweepOutgoing(now),
    }));
    for (const { sensor } of swept?.result.requests ?? []) {
      this.#options.onEvent({ event: "dropped", sensor, what: "request", reason: "nobody took it" });
    }
    for (const { sensor, t } of swept?.result.mailboxes ?? []) {
      const what = `mailbox of T ${t}`;
      this.#options.onEvent({ event: "dropped", sensor, what, reason: "nobody came for it" });
    }
  }
}

/**
 * How many third parties must have found a bundle good before it counts for the sensor's: more than k − 1, which may lie
 * together. Under Shamir's scheme t is k − 1; under another k is not known here, and 2 at least.
 */
function quorumOf({ privacy, thirdParties }: GatewaySensor): number {
  return Math.min(thirdParties.length, Math.max(2, privacy + 1));
}

/** The number of a message. */
function tagOf(number: number): Option {
  return { number: OptionNumbers.eTag, value: encodeUint(number) };
}

function created(name: string): RouteResponse {
  const location = [MAILBOX_PATH, name].map((segment) => ({
    number: OptionNumbers.locationPath,
    value: ascii(segment),
  }));
  return { code: Codes.created, options: location };
}

/** Milliseconds out of "w=N"; 0 without it, undefined for what can't be read. */
function listeningTime(options: readonly Option[]): number | undefined {
  const query = findOption(options, OptionNumbers.uriQuery);
  if (query === undefined) return 0;
  const [, seconds] = /^w=(\d{1,4})$/.exec(String.fromCharCode(...query)) ?? [];
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1000, LONGEST_LISTENING);
}
