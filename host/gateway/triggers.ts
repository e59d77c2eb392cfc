/**
 * Triggers: a Responder that asks for an exchange, POST /t, with a plea (trigger/plea.ts) that the gateway can't check. It
 * asks the sensor's third parties, and puts what they vouch for into the mailbox of the sensor's last exchange.
 *
 * 2.01 stored; 2.04 it waits already; 4.03 too few vouch; 4.04 no such sensor, or it has no mailbox; 4.29 too many of this
 * sender; 5.03 too many at once; 5.04 too few have answered. The payload is a byte for each third party in order: the
 * code of its answer, 0 for none.
 */

import { setMaxListeners } from "node:events";
import { Codes, ContentFormats } from "../../protocol/coap/numbers.js";
import { encodeTrigger, HIDDEN_T, TRIGGER_TAG_LENGTH, VOUCH_PATH } from "../../protocol/exchange/trigger.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { parseAddress } from "../coap/address.js";
import { busy } from "../coap/answer.js";
import { CoapError, coapRequest } from "../coap/client.js";
import { networkOf } from "../coap/network.js";
import { Rates } from "../coap/rate.js";
import type { RouteRequest, RouteResponse } from "../coap/resources.js";
import { messageDigest } from "../refusals.js";
import { type Plea, readPlea, vouchQuestion } from "../trigger/plea.js";
import type { OnGatewayEvent } from "./events.js";
import type { GatewaySensor } from "./folder.js";
import type { MessageKind } from "./mailbox.js";
import type { Mailboxes } from "./mailboxes.js";

export interface TriggerOptions {
  readonly mailboxes: Mailboxes;
  readonly onEvent: OnGatewayEvent;
  onItem(name: string): void;
  /** The sensor of that name (identityToText), if it is known here. */
  named(name: string): GatewaySensor | undefined;
}

/** Bytes of an identity that a mailbox's message can hold. */
const LONGEST_NAME = 254;
/** Milliseconds that third parties have. */
const PATIENCE = 5_000;
/** No threshold is below this; what the sensor's is, the gateway does not know. */
const FEWEST = 2;
/** Under way at a time, of all senders. */
const MOST_AT_ONCE = 32;
/** Of one sender: at once, and in a second in the long run. */
const RATE = { burst: 4, perSecond: 0.2 } as const;

/** The last is as good as any: they are for the same T. */
const triggers: MessageKind = {
  includes: ({ contentFormat }) => contentFormat === ContentFormats.trigger,
  most: 1,
  whenFull: "replace oldest",
};

/** What a third party said: its code, 0 for nothing; and its tag. */
interface Word {
  readonly code: number;
  readonly tag?: Uint8Array;
}

export class Triggers {
  readonly #options: TriggerOptions;
  readonly #running = new Map<string, Promise<RouteResponse>>();
  readonly #rates = new Rates(RATE);
  readonly #stopped = new AbortController();

  constructor(options: TriggerOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopped.signal);
  }

  /** Answers a plea. What is answered with 2.01 or 2.04 is durable. */
  take({ peer, payload }: RouteRequest): RouteResponse | Promise<RouteResponse> {
    const jws = Buffer.from(payload).toString("latin1");
    let plea: Plea;
    try {
      plea = readPlea(jws);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#options.onEvent({ event: "refused", from: peer, reason: error.message });
      return { code: Codes.badRequest };
    }
    const digest = messageDigest(payload);
    const known = this.#running.get(digest);
    if (known !== undefined) return known;
    const sensor = this.#options.named(identityToText(plea.sensor));
    const newest = sensor && this.#options.mailboxes.newestGood(sensor.handle);
    if (sensor === undefined || newest === undefined || plea.responder.data.length > LONGEST_NAME) {
      return { code: Codes.notFound };
    }
    if (!this.#rates.admits(networkOf(parseAddress(peer).host), performance.now())) {
      return busy(Codes.tooManyRequests);
    }
    if (this.#running.size >= MOST_AT_ONCE) return busy(Codes.serviceUnavailable);
    const answer = this.#collect(sensor, newest.mailbox.t + 1, newest.name, plea, jws);
    this.#running.set(digest, answer);
    return answer.finally(() => this.#running.delete(digest));
  }

  /** The store is at rest when this resolves. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#running.values());
  }

  async #collect(
    { thirdParties, pseudonyms }: GatewaySensor,
    t: number,
    name: string,
    plea: Plea,
    jws: string,
  ): Promise<RouteResponse> {
    const question = vouchQuestion(t, jws);
    const words = await Promise.all(thirdParties.map((address) => this.#ask(address, question)));
    // Whoever asked will ask again, and third parties say the same again.
    if (this.#stopped.signal.aborted) return busy(Codes.serviceUnavailable);
    const vouchers = words.flatMap(({ tag }, i) => (tag === undefined ? [] : [{ x: i + 1, tag }]));
    const sensor = identityToText(plea.sensor);
    const from = identityToText(plea.responder);
    this.#options.onEvent({ event: "vouched", sensor, t, from, by: vouchers.map(({ x }) => x) });
    const told = {
      payload: Uint8Array.from(words.map(({ code }) => code)),
      contentFormat: ContentFormats.octetStream,
    };
    if (vouchers.length < FEWEST) {
      const silent = words.filter(({ code }) => code === 0).length;
      const mightVouch = vouchers.length + silent >= FEWEST;
      return { ...told, code: mightVouch ? Codes.gatewayTimeout : Codes.forbidden };
    }
    // A sensor with pseudonyms shows its T to nobody, and knows which one is meant.
    const shown = pseudonyms === undefined ? t : HIDDEN_T;
    const payload = encodeTrigger({ ...plea, t: shown }, vouchers, []);
    return { ...this.#store(sensor, name, payload), ...told };
  }

  #store(sensor: string, name: string, payload: Uint8Array): RouteResponse {
    const { mailboxes, onEvent, onItem } = this.#options;
    const item = { payload, contentFormat: ContentFormats.trigger };
    const outcome = mailboxes.deposit(name, item, triggers, Date.now());
    if (outcome === "known") return { code: Codes.changed };
    if (outcome === "full") {
      onEvent({ event: "dropped", sensor, what: "trigger", reason: "its mailbox is full or gone" });
      return busy(Codes.serviceUnavailable);
    }
    onEvent({ event: "waiting", sensor, bytes: payload.length });
    onItem(name);
    return { code: Codes.created };
  }

  async #ask(address: string, payload: Uint8Array): Promise<Word> {
    try {
      const answer = await coapRequest({
        ...{ address, path: VOUCH_PATH, payload, timeout: PATIENCE },
        contentFormat: ContentFormats.octetStream,
        signal: this.#stopped.signal,
      });
      const { code, payload: tag } = answer;
      const vouches = code === Codes.changed && tag.length === TRIGGER_TAG_LENGTH;
      return vouches ? { code, tag: Uint8Array.from(tag) } : { code };
    } catch (error) {
      if (error instanceof CoapError) return { code: error.code ?? 0 };
      throw error;
    }
  }
}
