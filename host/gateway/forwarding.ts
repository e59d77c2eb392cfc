/**
 * Forwards what sensors send to their Responders under OSCORE, one message of a mailbox after the other, and waits with
 * them for a Responder that is away. The bytes of the OSCORE message stay as they are, over CoAP and over HTTP.
 */

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Codes, ContentFormats, codeClass, codeName, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { carriedResponse } from "../../protocol/exchange/carried.js";
import { CoapError, type CoapResponse, coapRequest } from "../coap/client.js";
import { isHttpUrl, oscorePost } from "../http/client.js";
import type { OnGatewayEvent } from "./events.js";
import type { Outgoing } from "./mailbox.js";
import type { Mailboxes } from "./mailboxes.js";

export interface ForwardingOptions {
  readonly mailboxes: Mailboxes;
  readonly onEvent: OnGatewayEvent;
  onItem(name: string): void;
  /** Where the Responder of a mailbox is, "host:port" or a URL, as far as it is known now. */
  address(name: string): string | undefined;
  /** Milliseconds that one question to a Responder may take. */
  readonly attempt: number;
}

/** Milliseconds of rest after a Responder was silent: the first, and the longest. */
const FIRST_REST = 500;
const LONGEST_REST = 30_000;

export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** Sensors that wait for the answer now, by key of the message. */
  readonly #listeners = new Map<string, (response: CoapResponse) => void>();
  readonly #stopped = new AbortController();

  constructor(options: ForwardingOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopped.signal);
  }

  /** Goes on with what waits in a mailbox. */
  start(name: string): void {
    if (this.#running.has(name) || this.#stopped.signal.aborted) return;
    const work = this.#work(name).finally(() => this.#running.delete(name));
    this.#running.set(name, work);
  }

  /** The Responder's answer to a message, if it comes within so many milliseconds; else it goes into the mailbox. */
  async answerWithin(key: string, milliseconds: number): Promise<CoapResponse | undefined> {
    const answer = new Promise<CoapResponse>((resolve) => this.#listeners.set(key, resolve));
    const late = sleep(milliseconds, undefined, { ref: false });
    const first = await Promise.race([answer, late]);
    this.#listeners.delete(key);
    return first;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#running.values());
  }

  async #work(name: string): Promise<void> {
    const { signal } = this.#stopped;
    let rest = FIRST_REST;
    for (;;) {
      const [next] = this.#options.mailboxes.outgoing(name);
      const address = this.#options.address(name);
      // A Responder that nobody knows may be known after a restart.
      if (next === undefined || address === undefined || signal.aborted) return;
      const response = await this.#ask(address, next[1]);
      if (signal.aborted) return;
      if (response !== undefined) {
        rest = FIRST_REST;
        this.#settle(name, next, response);
        continue;
      }
      await sleep(rest, undefined, { signal, ref: false }).catch(() => undefined);
      rest = Math.min(2 * rest, LONGEST_REST);
    }
  }

  /** Undefined when the Responder is away, or too busy. */
  async #ask(address: string, { oscore, payload }: Outgoing): Promise<CoapResponse | undefined> {
    try {
      const limits = { timeout: this.#options.attempt, signal: this.#stopped.signal };
      const response = isHttpUrl(address)
        ? await oscorePost({ url: address, oscore, payload, ...limits })
        : await coapRequest({
            ...{ address, path: "", payload, ...limits },
            options: [{ number: OptionNumbers.oscore, value: oscore }],
            understood: [OptionNumbers.oscore],
          });
      const isBusy = codeClass(response.code) === 5 || response.code === Codes.tooManyRequests;
      return isBusy && oscoreOf(response) === undefined ? undefined : response;
    } catch (error) {
      if (error instanceof CoapError) return undefined;
      throw error;
    }
  }

  #settle(name: string, [key, { oscore: request }]: [string, Outgoing], response: CoapResponse): void {
    const { mailboxes, onEvent, onItem } = this.#options;
    const sensor = mailboxes.get(name)?.sensor ?? "";
    onEvent({ event: "forwarded", sensor, code: codeName(response.code) });
    const listener = this.#listeners.get(key);
    const option = oscoreOf(response);
    if (listener !== undefined || option === undefined) {
      mailboxes.forwarded(name, key, undefined, Date.now());
      // It may not arrive. Then the sensor asks again, and the Responder answers again.
      listener?.(response);
      return;
    }
    const payload = carriedResponse(request, option, response.payload);
    const item = { payload, contentFormat: ContentFormats.oscore };
    if (mailboxes.forwarded(name, key, item, Date.now())) {
      onEvent({ event: "waiting", sensor, bytes: payload.length });
      onItem(name);
    } else onEvent({ event: "dropped", sensor, what: "response", reason: "its mailbox is full" });
  }
}

/** The OSCORE option of a response, copied; undefined for one that is not protected. */
export function oscoreOf({ options }: Pick<CoapResponse, "options">): Uint8Array | undefined {
  const value = findOption(options, OptionNumbers.oscore);
  return value && Uint8Array.from(value);
}
