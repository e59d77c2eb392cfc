/**
 * The Responder's end of the channel: opens what sensors send under OSCORE, and hands readings to the application,
 * each once.
 *
 * Sequence numbers name readings: both contexts of an exchange count in one sequence and share one replay window, so
 * that a sensor may send under the confirmed context, with the same number, what it has sent under the provisional
 * one. Nothing is protected with the provisional context here: its answer is a bare 2.04, which proves nothing.
 */

import { toHex } from "../../protocol/bytes.js";
import { Codes, codeName } from "../../protocol/coap/numbers.js";
import {
  confirmedContext,
  confirmedSecrets,
  ID_CONTEXT_LENGTH,
  provisionalContext,
  provisionalIdContext,
} from "../../protocol/exchange/channel.js";
import type { Confirmation } from "../../protocol/exchange/confirmation.js";
import {
  createSensorRequest,
  type SensorAnswer,
  type SensorRequest,
  VALID_FOR,
} from "../../protocol/exchange/sensor-requests.js";
import type { ChannelKeys, Session } from "../../protocol/exchange/session.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { EchoValues } from "../../protocol/oscore/echo.js";
import { errorResponse, OscoreError } from "../../protocol/oscore/errors.js";
import type { CoapContent } from "../../protocol/oscore/message.js";
import {
  protectRequest,
  protectResponse,
  type RequestHeader,
  readRequestHeader,
} from "../../protocol/oscore/protect.js";
import { NEW_WINDOW } from "../../protocol/oscore/replay-window.js";
import { challenge, receiveRequest } from "../../protocol/oscore/server.js";
import { bare, busy } from "../coap/answer.js";
import type { OnEvent } from "../events.js";
import { primitives, randomSource } from "../primitives.js";
import type { Store } from "../store/store.js";
import { HeldRequests } from "./held.js";
import { readPost } from "./posts.js";
import type { Reading } from "./reading.js";
import { type ChannelRecord, ChannelRecords } from "./records.js";
import { type Answer, answerTo, type OpenRequest, OpenRequests } from "./requests.js";

export interface ChannelOptions {
  readonly store: Store;
  /**
   * Hears of each reading, within the transaction that accepts it: what it puts into the same store is there if and
   * only if the reading is accepted. When it throws, the reading is not. Whoever keeps readings elsewhere may hear
   * of one again after a crash, with the same T and number.
   */
  onReading(reading: Reading): void;
  /** Hears of each answer of a sensor to a request, in the same way. */
  onAnswer?(answer: Answer): void;
  readonly onEvent: OnEvent;
  /** Milliseconds for which a request that came before its key is kept. */
  readonly hold: number;
}

/**
 * How long after its Echo was issued a reading counts as fresh, in milliseconds: less than a sensor stays awake with a
 * reading that nobody acknowledges, so that none is fresh which was held past its wake-up.
 */
export const FRESH_FOR = 10_000;
const HELD = { count: 1_000, bytes: 256 * 1024, perContext: 4 } as const;
/** Bytes of the OSCORE sender ID that a sensor gets: enough for 2^32 sensors at one Responder. */
const SENDER_ID_LENGTH = 4;

export class Channel {
  readonly #options: ChannelOptions;
  readonly #records: ChannelRecords;
  readonly #held: HeldRequests;
  /** What sensors were asked. */
  readonly requests: OpenRequests;
  readonly #echo = new EchoValues(primitives, randomSource(32));
  #closed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#records = new ChannelRecords(options.store);
    this.requests = new OpenRequests(options.store);
    this.#held = new HeldRequests({ ...HELD, time: options.hold });
  }

  /** A sender ID that no sensor has. */
  newSenderId(): Uint8Array {
    for (;;) {
      const senderId = randomSource(SENDER_ID_LENGTH);
      if (this.#records.bySenderId(senderId) === undefined) return senderId;
    }
  }

  /** Opens a channel with the keys of an exchange, within the transaction that confirms them. */
  agreed(session: Session, { tek, salt }: ChannelKeys, { nonce, senderId }: Confirmation): void {
    const idContext = provisionalIdContext(session);
    this.#records.add({
      sensor: identityToText(session.sensor),
      t: session.t,
      ...{ idContext, tek, salt, nonce, senderId },
      window: NEW_WINDOW,
      sequence: 0,
      inUse: false,
    });
    // What was waiting is opened once the keys are durable.
    setImmediate(() => this.#release(idContext));
  }

  /** Answers a request that has the OSCORE option. */
  receive(peer: string, message: CoapContent): CoapContent {
    try {
      const header = readRequestHeader(message);
      return header.kidContext === undefined
        ? this.#confirmed(header, message)
        : this.#provisional(peer, header, header.kidContext, message);
    } catch (error) {
      if (!(error instanceof OscoreError)) throw error;
      this.#refused(peer, error);
      return errorResponse(error);
    }
  }

  /**
   * A request to a sensor under the keys that it has, as far as is known, for the gateway. Its number is used up durably before this
   * returns, and what is to be sent is kept. Undefined for a sensor without such keys.
   */
  ask(sensor: string, request: SensorRequest, gateway: string): OpenRequest | undefined {
    const record = this.#records.present(sensor);
    if (record === undefined) return undefined;
    const { t, sequence, senderId, window } = record;
    const context = confirmedContext(primitives, "responder", confirmedSecrets(primitives, record, record));
    const content = createSensorRequest(request, Math.max(0, window.next - 1 + VALID_FOR));
    const { message } = protectRequest(primitives, context, sequence, content);
    const [{ value: oscore }] = message.options;
    const open = {
      ...{ sensor, t, request: sequence, asked: request.kind, gateway, senderId },
      ...{ oscore, payload: message.payload, deposited: false },
    };
    this.#options.store.transaction(() => {
      this.#records.put({ ...record, sequence: sequence + 1 });
      this.requests.add(open);
    });
    return open;
  }

  /** Nothing that is held is delivered any more. */
  close(): void {
    this.#closed = true;
  }

  #confirmed(header: RequestHeader, message: CoapContent): CoapContent {
    const record = this.#records.bySenderId(header.kid);
    if (record === undefined) throw new OscoreError("context", `no sensor has ${toHex(header.kid)}`);
    const secrets = confirmedSecrets(primitives, record, record);
    const context = confirmedContext(primitives, "responder", secrets);
    const { window, sequence } = record;
    const server = { context, window, echo: this.#echo, now: performance.now(), freshFor: FRESH_FOR };
    const received = receiveRequest(primitives, header, message, server);
    const next = { ...record, sequence: sequence + 1, inUse: true };
    // Every response has an Echo for the sensor's next request: it makes that one fresh.
    const asking = challenge(server);
    let response = asking;
    if (received.kind === "accepted") {
      const age = received.fresh ? "fresh" : "unknown";
      response = this.#deliver({ ...next, window: received.window }, header, received.request, true, age);
    } else {
      // The number of this response is used up, whatever it says.
      this.#options.store.transaction(() => this.#records.put(next));
      if (received.kind === "duplicate") response = readPost(received.request).response;
    }
    return protectResponse(primitives, context, header, { ...response, options: asking.options }, sequence);
  }

  #provisional(
    peer: string,
    header: RequestHeader,
    idContext: Uint8Array,
    message: CoapContent,
  ): CoapContent {
    const record = this.#records.byIdContext(idContext);
    if (record !== undefined) {
      this.#openProvisional(record, header, message);
      return bare(Codes.changed);
    }
    if (idContext.length !== ID_CONTEXT_LENGTH) throw new OscoreError("context", "no such kid context");
    if (this.#held.hold(performance.now(), toHex(idContext), peer, message)) return bare(Codes.changed);
    return busy(Codes.serviceUnavailable);
  }

  #openProvisional(record: ChannelRecord, header: RequestHeader, message: CoapContent): void {
    // The sensor sends again under the confirmed context what was not acknowledged there.
    if (record.inUse) throw new OscoreError("context", "the provisional context is closed");
    const context = provisionalContext(primitives, "responder", { rand: record.idContext }, record);
    if (toHex(header.kid) !== toHex(context.recipientId)) throw new OscoreError("context", "no such kid");
    const { window } = record;
    const server = { context, window, echo: this.#echo, now: performance.now(), freshFor: 0 };
    const received = receiveRequest(primitives, header, message, server);
    if (received.kind !== "accepted") return;
    this.#deliver({ ...record, window: received.window }, header, received.request, false, "unknown");
  }

  /** Makes an accepted request durable together with what the application makes of its reading. */
  #deliver(
    record: ChannelRecord,
    { sequenceNumber: number }: RequestHeader,
    request: CoapContent,
    confirmed: boolean,
    age: Reading["age"],
  ): CoapContent {
    const { sensor, t } = record;
    const { response, records, answer } = readPost(request);
    // Old ones that come again are none; nor are answers, of which a wake-up has several.
    const counts = confirmed && records !== undefined;
    this.#options.store.transaction(() => {
      this.#records.put(counts ? { ...record, since: (record.since ?? 0) + 1 } : record);
      if (records !== undefined) this.#options.onReading({ sensor, t, number, confirmed, age, records });
      // Whoever asked had confirmed keys, and so has whoever answers.
      if (answer !== undefined && confirmed) this.#answered(record, answer, age);
    });
    return response;
  }

  /** Takes the answer to a request that is open; a sensor that answers another is not asked to stop. */
  #answered({ sensor, t }: ChannelRecord, given: SensorAnswer, age: Answer["age"]): void {
    const open = this.requests.get({ sensor, t, request: given.number });
    if (open === undefined || open.answer !== undefined) {
      const reason = `number ${given.number} of T ${t} is no request that is open (${codeName(given.code)})`;
      this.#options.onEvent({ event: "refused", message: "answer", from: sensor, error: null, reason });
      return;
    }
    const answer = answerTo(open, given, age);
    this.requests.answered(answer);
    this.#options.onAnswer?.(answer);
  }

  /** Opens what came before the keys did. */
  #release(idContext: Uint8Array): void {
    if (this.#closed) return;
    for (const { peer, message } of this.#held.take(performance.now(), toHex(idContext))) {
      // The exchange may not have been confirmed after all; then there is no record, and nobody to tell.
      const record = this.#records.byIdContext(idContext);
      if (record === undefined) return;
      try {
        this.#openProvisional(record, readRequestHeader(message), message);
      } catch (error) {
        if (error instanceof OscoreError) this.#refused(peer, error);
        else this.#options.onEvent({ event: "fault", where: "readings", reason: (error as Error).message });
      }
    }
  }

  #refused(from: string, { message: reason }: Error): void {
    this.#options.onEvent({ event: "refused", message: "reading", from, error: null, reason });
  }
}
