/**
 * Requests to sensors, from the application to the gateway: one after the other for each sensor, since a sensor takes
 * none whose number is below that of the last; and those who wait for the answers.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { toHex } from "../../protocol/bytes.js";
import { Codes, codeName, OptionNumbers } from "../../protocol/coap/numbers.js";
import { SENSORS_PATH, type SensorRequest } from "../../protocol/exchange/sensor-requests.js";
import type { Channel } from "../channel/channel.js";
import type { Answer, OpenRequest, RequestName } from "../channel/requests.js";
import { CoapError, coapRequest } from "../coap/client.js";
import type { OnEvent } from "../events.js";

export interface AskingOptions {
  readonly channel: Channel;
  readonly onEvent: OnEvent;
  /** host:port of the gateway, where nobody names another. */
  readonly gateway?: string;
}

/** Why a request does not wait for the sensor. The message is one line for people. */
export class AskError extends Error {
  override readonly name = "AskError";
}

/** Milliseconds that a gateway has. */
const PATIENCE = 10_000;

export class Asking {
  readonly #options: AskingOptions;
  /** The last deposit of each sensor. */
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #waiting = new Map<string, Set<(answer: Answer) => void>>();
  readonly #stopped = new AbortController();

  /** Goes on with what the process before this one has not deposited. */
  constructor(options: AskingOptions) {
    this.#options = options;
    for (const open of options.channel.requests.undeposited()) {
      this.#inTurn(open.sensor, () => this.#deposit(open)).catch((error: Error) => {
        if (this.#stopped.signal.aborted) return;
        options.onEvent({ event: "fault", where: "request", reason: error.message });
      });
    }
  }

  /** Leaves a request at the gateway; rejects with an AskError when it does not wait there. */
  async ask(sensor: string, request: SensorRequest, gateway = this.#options.gateway): Promise<RequestName> {
    if (gateway === undefined) throw new AskError("no gateway is known: name it with --gateway");
    return this.#inTurn(sensor, async () => {
      const open = this.#options.channel.ask(sensor, request, gateway);
      if (open === undefined) {
        throw new AskError(
          `${sensor} has no confirmed channel here; "symbolon responder trigger ${sensor}" asks it for an exchange`,
        );
      }
      await this.#deposit(open);
      const { t } = open;
      return { sensor, t, request: open.request };
    });
  }

  /** The answer to a request, at once or within so many milliseconds; undefined when there is none. `signal` ends the wait. */
  async answerWithin(
    name: RequestName,
    milliseconds: number,
    signal: AbortSignal,
  ): Promise<Answer | undefined> {
    const known = this.#options.channel.requests.get(name)?.answer;
    if (known !== undefined || milliseconds === 0) return known;
    const key = keyOf(name);
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting);
    const ended = new AbortController();
    let hear: (answer: Answer) => void = () => undefined;
    const answer = new Promise<Answer>((resolve) => {
      hear = resolve;
      waiting.add(hear);
    });
    const late = sleep(milliseconds, undefined, {
      signal: AbortSignal.any([this.#stopped.signal, signal, ended.signal]),
    });
    const first = await Promise.race([answer, late.catch(() => undefined)]);
    ended.abort();
    waiting.delete(hear);
    if (waiting.size === 0) this.#waiting.delete(key);
    return first;
  }

  /** An answer has come. */
  answered(answer: Answer): void {
    for (const hear of this.#waiting.get(keyOf(answer)) ?? []) hear(answer);
  }

  /** The store is at rest when this resolves. */
  async close(): Promise<void> {
    this.#stopped.abort();
    await Promise.allSettled(this.#queues.values());
  }

  #inTurn<Result>(sensor: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#queues.get(sensor) ?? Promise.resolve();
    const result = before.then(work, work);
    this.#queues.set(sensor, result);
    const end = () => {
      if (this.#queues.get(sensor) === result) this.#queues.delete(sensor);
    };
    result.then(end, end);
    return result;
  }

  async #deposit(open: OpenRequest): Promise<void> {
    const { gateway, sensor, senderId, oscore, payload } = open;
    const { requests } = this.#options.channel;
    let code: number;
    try {
      const response = await coapRequest({
        ...{ address: gateway, path: `${SENSORS_PATH}/${toHex(senderId)}`, payload, timeout: PATIENCE },
        options: [{ number: OptionNumbers.oscore, value: oscore }],
        signal: this.#stopped.signal,
      });
      ({ code } = response);
    } catch (error) {
      if (!(error instanceof CoapError)) throw error;
      // It may have arrived all the same: its answer counts, and the next process leaves it there again.
      throw new AskError(
        `the gateway does not answer (${error.message}); whether it has the request is not known`,
        {
          cause: error,
        },
      );
    }
    const isThere = code === Codes.created || code === Codes.changed;
    requests.settle(open, isThere);
    if (!isThere)
      throw new AskError(`the gateway at ${gateway} does not take it: ${refusalOf(code, sensor)}`);
  }
}

function refusalOf(code: number, sensor: string): string {
  if (code === Codes.notFound) {
    return `it has no mailbox of ${sensor}'s last exchange with this Responder (${codeName(code)})`;
  }
  if (code === Codes.serviceUnavailable)
    return `too many requests wait for ${sensor} there (${codeName(code)})`;
  return codeName(code);
}

function keyOf({ sensor, t, request }: RequestName): string {
  return `${sensor} ${t} ${request}`;
}
