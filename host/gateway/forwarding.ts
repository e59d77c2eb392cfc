/**
 * Forwards what sensors send to their Responders under OSCORE, one message of a mailbox after the other, and waits with
 * them for a Responder that is away. The bytes of the OSCORE message stay as they are, over CoAP and over HTTP.
 *
 * An answer ends a message's wait when it is protected, or a receipt for one under a provisional context, which has no other.
 * Whatever else comes may be anybody's: of a proxy on the way for instance, or of a Responder that has forgotten the
 * sensor. It is nobody's word, and the message is tried again, later and later, while others go on.
 */

import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Codes, ContentFormats, codeClass, codeName, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { carriedResponse } from "../../protocol/exchange/carried.js";
import { OscoreError } from "../../protocol/oscore/errors.js";
import { decodeOscoreOption } from "../../protocol/oscore/option.js";
import { CoapError, type CoapResponse, coapRequest } from "../coap/client.js";
import { isHttpUrl, oscorePost } from "../http/client.js";
import type { OnGatewayEvent } from "./events.js";
import type { Outgoing } from "./mailbox.js";
import type { Mailboxes } from "./mailboxes.js";
import type { StoreTrouble } from "./store-trouble.js";

export interface ForwardingOptions {
  readonly mailboxes: Mailboxes;
  readonly onEvent: OnGatewayEvent;
  onItem(name: string): void;
  /** Where the Responder of a mailbox is, "host:port" or a URL, as far as it is known now. */
  address(name: string): string | undefined;
  /** Milliseconds that one question to a Responder may take. */
  readonly attempt: number;
  readonly trouble: StoreTrouble;
}

/** Milliseconds of rest after a Responder was silent: the first, and the longest. */
const FIRST_REST = 500;
const LONGEST_REST = 30_000;
/** The longest rest of a message whose answers prove nothing. */
const LONGEST_DOUBT = 3600_000;

/** A message whose answers proved nothing: when it is tried again, and how long it rests now. */
interface Doubt {
  readonly due: number;
  readonly rest: number;
}

/** What works on a mailbox. */
interface Worker {
  readonly done: Promise<void>;
  /** Ends a rest: there is something new. */
  wake: () => void;
}

export class Forwarding {
  readonly #options: ForwardingOptions;
  readonly #running = new Map<string, Worker>();
  /** By key of the message. */
  readonly #doubts = new Map<string, Doubt>();
  /** Why a Responder could not be asked, as it was told last, by address. */
  readonly #unreachable = new Map<string, string>();
  /** Sensors that wait for the answer now, by key of the message. */
  readonly #listeners = new Map<string, (response: CoapResponse) => void>();
  readonly #stopped = new AbortController();

  constructor(options: ForwardingOptions) {
    this.#options = options;
    setMaxListeners(0, this.#stopped.signal);
  }

  /** Goes on with what waits in a mailbox. */
  start(name: string): void {
    if (this.#stopped.signal.aborted) return;
    const running = this.#running.get(name);
    if (running !== undefined) {
      running.wake();
      return;
    }
    const done = this.#work(name).finally(() => this.#running.delete(name));
    this.#running.set(name, { done, wake: () => undefined });
  }

  /** Keys of those messages of a mailbox whose answers proved nothing. */
  refused(name: string): ReadonlySet<string> {
    return new Set([...this.#doubts.keys()].filter((key) => key.startsWith(`${name} `)));
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
    await Promise.all([...this.#running.values()].map(({ done }) => done));
  }

  async #work(name: string): Promise<void> {
    const { mailboxes, address: addressOf, trouble } = this.#options;
    const { signal } = this.#stopped;
    let rest = FIRST_REST;
    for (;;) {
      const waiting = trouble.attempt(() => mailboxes.outgoing(name))?.result ?? [];
      this.#forgetDoubts(name, waiting);
      const address = addressOf(name);
      // A Responder that nobody knows may be known after a restart.
      if (waiting.length === 0 || address === undefined || signal.aborted) return;
      const now = Date.now();
      const due = waiting.map(([key]) => this.#doubts.get(key)?.due ?? now);
      const first = due.findIndex((at) => at <= now);
      if (first < 0) {
        await this.#restUntilWoken(name, Math.min(...due) - now);
        continue;
      }
      const [key, outgoing] = waiting[first];
      const response = await this.#ask(address, outgoing);
      if (signal.aborted) return;
      if (response === undefined || !this.#answered(name, key, outgoing, address, response)) {
        await this.#rest(rest);
        rest = Math.min(2 * rest, LONGEST_REST);
      } else rest = FIRST_REST;
    }
  }

  async #rest(milliseconds: number, ...signals: AbortSignal[]): Promise<void> {
    const signal = AbortSignal.any([this.#stopped.signal, ...signals]);
    await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => undefined);
  }

  async #restUntilWoken(name: string, milliseconds: number): Promise<void> {
    const woken = new AbortController();
    const worker = this.#running.get(name);
    if (worker !== undefined) worker.wake = () => woken.abort();
    await this.#rest(milliseconds, woken.signal);
    if (worker !== undefined) worker.wake = () => undefined;
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
      this.#unreachable.delete(address);
      const isBusy = codeClass(response.code) === 5 || response.code === Codes.tooManyRequests;
      return isBusy && oscoreOf(response) === undefined ? undefined : response;
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      if (error.reason === "unreachable") this.#tellUnreachable(address, error);
      return undefined;
    }
  }

  /** More than silence, which is usual: a name without an address, a certificate that nobody vouches for. */
  #tellUnreachable(address: string, { cause, message }: CoapError): void {
    const reason = cause instanceof Error ? cause.message : message;
    if (this.#unreachable.get(address) === reason) return;
    this.#unreachable.set(address, reason);
    this.#options.onEvent({ event: "refused", from: address, reason });
  }

  /** Acts on an answer; false when the store has failed under it, and the message is to be sent again. */
  #answered(name: string, key: string, sent: Outgoing, address: string, response: CoapResponse): boolean {
    const { mailboxes, onEvent, onItem, trouble } = this.#options;
    const { oscore: request } = sent;
    const sensor = mailboxes.get(name)?.sensor ?? "";
    const listener = this.#listeners.get(key);
    const option = oscoreOf(response);
    if (option === undefined && !(isProvisional(request) && codeClass(response.code) === 2)) {
      this.#doubt(key, address, response);
      listener?.(response);
      return true;
    }
    const payload = option && carriedResponse(request, option, response.payload);
    // To one who waits it may not arrive. Then the sensor asks again, and the Responder answers again.
    const item =
      payload === undefined || listener !== undefined
        ? undefined
        : { payload, contentFormat: ContentFormats.oscore };
    const stored = trouble.attempt(() => mailboxes.forwarded(name, key, item, Date.now()));
    listener?.(response);
    if (stored === undefined) return false;
    onEvent({ event: "forwarded", sensor, code: codeName(response.code) });
    if (item === undefined) return true;
    if (stored.result) {
      onEvent({ event: "waiting", sensor, bytes: item.payload.length });
      onItem(name);
    } else onEvent({ event: "dropped", sensor, what: "response", reason: "its mailbox is full" });
    return true;
  }

  #doubt(key: string, address: string, { code }: CoapResponse): void {
    const rest = Math.min(2 * (this.#doubts.get(key)?.rest ?? FIRST_REST / 2), LONGEST_DOUBT);
    this.#doubts.set(key, { rest, due: Date.now() + rest });
    const reason = `answered ${codeName(code)} without protection`;
    this.#options.onEvent({ event: "refused", from: address, reason });
  }

  /** Of messages that wait no more. */
  #forgetDoubts(name: string, waiting: readonly (readonly [key: string, outgoing: Outgoing])[]): void {
    const keys = new Set(waiting.map(([key]) => key));
    for (const key of this.refused(name)) if (!keys.has(key)) this.#doubts.delete(key);
  }
}

/** Whether a request is under a provisional context, which alone has a kid context; false for what is none. */
function isProvisional(oscore: Uint8Array): boolean {
  return optionIn(oscore)?.kidContext !== undefined;
}

/** The kid of a request under a confirmed context; undefined for what is none. */
export function confirmedKid(oscore: Uint8Array): Uint8Array | undefined {
  const option = optionIn(oscore);
  return option?.kidContext === undefined ? option?.kid : undefined;
}

function optionIn(oscore: Uint8Array): ReturnType<typeof decodeOscoreOption> | undefined {
  try {
    return decodeOscoreOption(oscore);
  } catch (error) {
    if (error instanceof OscoreError) return undefined;
    throw error;
  }
}

/** The OSCORE option of a response, copied; undefined for one that is not protected. */
export function oscoreOf({ options }: Pick<CoapResponse, "options">): Uint8Array | undefined {
  const value = findOption(options, OptionNumbers.oscore);
  return value && Uint8Array.from(value);
}
