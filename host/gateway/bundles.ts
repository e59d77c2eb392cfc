/** Delivers the parts of bundles to third parties, until each has answered or the time of the exchange is up. */

import { setTimeout as sleep } from "node:timers/promises";
import { Codes, ContentFormats, codeName } from "../../protocol/coap/numbers.js";
import { PART_PATH } from "../../protocol/exchange/bundle-cut.js";
import {
  briefConfirmation,
  compressConfirmation,
  isPseudonymous,
  splitBundle,
} from "../../protocol/exchange/bundle-parts.js";
import { errorNumberOf } from "../../protocol/exchange/over-coap.js";
import { CoapError, coapRequest } from "../coap/client.js";
import type { OnGatewayEvent } from "./events.js";
import type { GatewaySensor } from "./folder.js";
import type { Item, Mailbox } from "./mailbox.js";
import type { Mailboxes } from "./mailboxes.js";
import { PartQuestions } from "./questions.js";
import type { StoreTrouble } from "./store-trouble.js";

export interface DeliveryOptions {
  readonly mailboxes: Mailboxes;
  readonly onEvent: OnGatewayEvent;
  /** Hears that something has come into a mailbox. */
  onItem(name: string): void;
  /** Hears that so many third parties have found their parts good that one of them is honest. */
  onGood?(mailbox: Pick<Mailbox, "handle" | "t">): void;
  readonly trouble: StoreTrouble;
  /** Questions to one third party at once. */
  readonly limit?: number;
}

/** Milliseconds from the beginning of one question to the next at least: some fail at once. */
const PAUSE = 500;

/** Why a part is not delivered that could have been. */
const CROWDED = "its third party is asked about too many others";

/** What a third party said: R_I, a receipt, no; or nothing. */
type Answer = { readonly confirmation?: Uint8Array } | "refused" | "silent";

export class Delivery {
  readonly #options: DeliveryOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #questions: PartQuestions;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#questions = new PartQuestions(options.limit);
  }

  /** Delivers what is left of a mailbox's bundle. */
  start(name: string, mailbox: Mailbox, sensor: GatewaySensor): void {
    const { bundle } = mailbox;
    if (bundle === undefined || this.#running.has(name)) return;
    const shares = sensor.thirdParties.length;
    const parts = splitBundle(bundle, { privacy: sensor.privacy, shares });
    const deliveries = parts.flatMap((part, i) =>
      mailbox.answered.includes(i + 1)
        ? []
        : [
            this.#questions.ask(sensor.thirdParties[i], (signal) =>
              this.#deliver(name, mailbox, i + 1, sensor.thirdParties[i], part, signal),
            ),
          ],
    );
    const all = Promise.all(deliveries).then(() => {
      this.#running.delete(name);
      const { trouble, mailboxes } = this.#options;
      // The next process goes on with what this one leaves.
      if (!this.#stopped) trouble.attempt(() => mailboxes.closeBundle(name));
    });
    this.#running.set(name, all);
  }

  /** The store is at rest when this resolves. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#questions.close();
    await Promise.all(this.#running.values());
  }

  async #deliver(
    name: string,
    mailbox: Mailbox,
    x: number,
    address: string,
    part: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    const { sensor, t, deadline } = mailbox;
    const { mailboxes, onEvent, onItem, trouble } = this.#options;
    for (;;) {
      const began = Date.now();
      if (began >= deadline || signal.aborted) return;
      // Its mailbox may have gone to another bundle meanwhile.
      if (mailboxes.get(name) === undefined) return;
      const answer = await this.#ask(address, part, deadline - began, signal);
      if (signal.aborted) {
        if (!this.#stopped)
          onEvent({ event: "dropped", sensor, what: `part ${x} of T ${t}`, reason: CROWDED });
        return;
      }
      if (answer !== "silent") {
        const confirmation = answer === "refused" ? undefined : answer.confirmation;
        onEvent({ event: "answered", sensor, t, x, confirmed: confirmation !== undefined });
        const item: Item | undefined = confirmation && {
          payload: confirmation,
          contentFormat: ContentFormats.octetStream,
        };
        const note = () => {
          if (answer !== "refused" && mailboxes.isGoodWith(name, x)) this.#options.onGood?.(mailbox);
          return mailboxes.answered(name, x, answer !== "refused", item, Date.now());
        };
        const isNew = (await trouble.persist(note, { until: deadline, signal }))?.result;
        if (isNew) {
          onEvent({ event: "waiting", sensor, bytes: confirmation?.length ?? 0 });
          onItem(name);
        }
        return;
      }
      const pause = Math.min(began + PAUSE, deadline) - Date.now();
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }

  async #ask(address: string, payload: Uint8Array, timeout: number, signal: AbortSignal): Promise<Answer> {
    const { onEvent } = this.#options;
    try {
      const answer = await coapRequest({
        ...{ address, path: PART_PATH, payload, timeout },
        contentFormat: ContentFormats.octetStream,
        signal,
      });
      if (answer.code === Codes.changed) {
        const confirmation = isPseudonymous(payload)
          ? briefConfirmation(answer.payload)
          : compressConfirmation(answer.payload);
        return confirmation === undefined ? {} : { confirmation };
      }
      onEvent({ event: "refused", from: address, reason: `answered ${codeName(answer.code)}` });
      return answer.code === Codes.serviceUnavailable ? "silent" : "refused";
    } catch (error) {
      if (error instanceof CoapError) return "silent";
      // What it said is no answer to a share: neither the sensor nor we can use it.
      if (errorNumberOf(error) === undefined) throw error;
      onEvent({ event: "refused", from: address, reason: (error as Error).message });
      return "refused";
    }
  }
}
