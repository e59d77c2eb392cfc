/**
 * A gateway whose store fails: a full disk, a broken one. It goes on: what it can't store it refuses with 5.03, and what is
 * under way is tried again. It says so once, and again each minute for as long as it lasts.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Codes } from "../../protocol/coap/numbers.js";
import { busy } from "../coap/answer.js";
import type { CoapRoute } from "../coap/resources.js";
import { StoreError } from "../store/store.js";
import type { OnGatewayEvent } from "./events.js";

/** Milliseconds until the same trouble is told again, and until what failed is tried again. */
const TELL_AGAIN = 60_000;
const TRY_AGAIN = 500;

export class StoreTrouble {
  #told: { readonly reason: string; readonly until: number } | undefined;

  constructor(private readonly onEvent: OnGatewayEvent) {}

  /** Does what needs the store; undefined when the store has failed. */
  attempt<Result>(work: () => Result): { readonly result: Result } | undefined {
    try {
      return { result: work() };
    } catch (error) {
      this.#tell(error);
      return undefined;
    }
  }

  /** The same, again and again until that time (Unix, milliseconds) or the signal. */
  async persist<Result>(
    work: () => Result,
    { until, signal }: { readonly until: number; readonly signal: AbortSignal },
  ): Promise<{ readonly result: Result } | undefined> {
    for (;;) {
      const done = this.attempt(work);
      if (done !== undefined || signal.aborted || Date.now() + TRY_AGAIN > until) return done;
      await sleep(TRY_AGAIN, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return undefined;
    }
  }

  /** A handler whose client is to come again when the store has failed under it. */
  refusing(handler: CoapRoute["handler"]): CoapRoute["handler"] {
    const refuse = (error: unknown) => {
      this.#tell(error);
      return busy(Codes.serviceUnavailable);
    };
    return (request) => {
      try {
        const response = handler(request);
        return response instanceof Promise ? response.catch(refuse) : response;
      } catch (error) {
        return refuse(error);
      }
    };
  }

  /** Throws what is no trouble of the store. */
  #tell(error: unknown): void {
    if (!(error instanceof StoreError)) throw error;
    const { message: reason } = error;
    const now = Date.now();
    if (this.#told?.reason === reason && now < this.#told.until) return;
    this.#told = { reason, until: now + TELL_AGAIN };
    this.onEvent({ event: "fault", where: "store", reason });
  }
}
