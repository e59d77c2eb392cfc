/**
 * The Responder's end of the channel: opens what sensors send under OSCORE, and hands readings to the application,
 * each once.
 *
 * Sequence numbers name readings: both contexts of an exchange count in one sequence and share one replay window, so
 * that a sensor may send under the confirmed context, with the same number, what it has sent under the provisional
 * one. Nothing is protected with the provisional context here: its answer is a bare 2.04, which proves nothing.
 */

import { toHex } from "../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption } from "../../protocol/coap/options.js";
import {
  confirmedContext,
  confirmedSecrets,
  ID_CONTEXT_LENGTH,
  provisionalContext,
  provisionalIdContext,
} from "../../protocol/exchange/channel.js";
import type { Confirmation } from "../../protocol/exchange/confirmation.js";
import { READINGS_PATH, SENML_CBOR } from "../../protocol/exchange/readings.js";
import type { ChannelKeys, Session } from "../../protocol/exchange/session.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { EchoValues } from "../../protocol/oscore/echo.js";
import { errorResponse, OscoreError } from "../../protocol/oscore/errors.js";
import type { CoapContent } from "../../protocol/oscore/message.js";
import { protectResponse, type RequestHeader, readRequestHeader } from "../../protocol/oscore/protect.js";
import { NEW_WINDOW } from "../../protocol/oscore/replay-window.js";
import { challenge, receiveRequest } from "../../protocol/oscore/server.js";
import type { OnEvent } from "../events.js";
import { primitives, randomSource } from "../primitives.js";
import type { Store } from "../store/store.js";
import { HeldRequests } from "./held.js";
import { type ChannelRecord, ChannelRecords } from "./records.js";
import { decodeSenml, type SenmlRecord } from "./senml.js";

/** What a sensor has measured. */
export interface Reading {
  readonly sensor: string;
  /** The exchange's T, and the reading's number in it: together they name the reading. */
  readonly t: number;
  readonly number: number;
  /** Whether it came under keys that have this Responder's nonce in them. */
  readonly confirmed: boolean;
  /** Whether the sensor sent it just now: a reading without a fresh Echo may be of any age. */
  readonly age: "fresh" | "unknown";
  readonly records: readonly SenmlRecord[];
}

export interface ChannelOptions {
  readonly store: Store;
  /**
   * Hears of each reading, within the transaction that accepts it: what it puts into the same store is there if and
   * only if the reading is accepted. When it throws, the reading is not. Whoever keeps readings elsewhere may hear
   * of one again after a crash, with the same T and number.
   */
  onReading(reading: Reading): void;
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
/** Seconds after which a client may try again (RFC 7252 §5.9.3.4). */
const RETRY_AFTER = 5;

export class Channel {
  readonly #options: ChannelOptions;
  readonly #records: ChannelRecords;
  readonly #held: HeldRequests;
  readonly #echo = new EchoValues(primitives, randomSource(32));
  #closed = false;

  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#records = new ChannelRecords(options.store);
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
      if (received.kind === "duplicate") response = readPost(received.request).answer;
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
    const maxAge = { number: OptionNumbers.maxAge, value: encodeUint(RETRY_AFTER) };
    return { ...bare(Codes.serviceUnavailable), options: [maxAge] };
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
    const { answer, records } = readPost(request);
    this.#options.store.transaction(() => {
      this.#records.put(record);
      if (records !== undefined) this.#options.onReading({ sensor, t, number, confirmed, age, records });
    });
    return answer;
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

/** What the resource says to a request, and the reading in it: POST of SenML to READINGS_PATH. */
function readPost({ code, options, payload }: CoapContent): {
  readonly answer: CoapContent;
  readonly records?: readonly SenmlRecord[];
} {
  const path = options.filter(({ number }) => number === OptionNumbers.uriPath);
  if (path.length !== 1 || Buffer.from(path[0].value).toString("latin1") !== READINGS_PATH)
    return { answer: bare(Codes.notFound) };
  if (code !== Codes.POST) return { answer: bare(Codes.methodNotAllowed) };
  const format = findOption(options, OptionNumbers.contentFormat);
  if (format === undefined || toHex(format) !== toHex(encodeUint(SENML_CBOR)))
    return { answer: bare(Codes.unsupportedContentFormat) };
  try {
    return { answer: bare(Codes.changed), records: decodeSenml(payload) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { answer: bare(Codes.badRequest) };
  }
}

function bare(code: number): CoapContent {
  return { code, options: [], payload: new Uint8Array(0) };
}
