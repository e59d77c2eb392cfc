/**
 * What a Responder has asked of sensors, durably: the message under its number, so that it is never made a second time,
 * until the sensor has answered; and the answer, for whoever asks for it. The last few of each sensor.
 */

import { toHex } from "../../protocol/bytes.js";
import { Codes, codeName } from "../../protocol/coap/numbers.js";
import type { SensorAnswer, SensorRequest } from "../../protocol/exchange/sensor-requests.js";
import { orderedKey, type Store, type Table } from "../store/store.js";
import { decodeSenml, type SenmlRecord } from "./senml.js";

/** Which request: the T of the exchange, and the Responder's sequence number under its keys. */
export interface RequestName {
  readonly sensor: string;
  readonly t: number;
  readonly request: number;
}

/** What a sensor has answered. */
export interface Answer extends RequestName {
  readonly asked: SensorRequest["kind"];
  /** "2.05" */
  readonly code: string;
  /** Whether the answer was sent just now. What it says is of later than the request in any case. */
  readonly age: "fresh" | "unknown";
  /** In hexadecimal. */
  readonly payload: string;
  /** Of a reading. */
  readonly records?: readonly SenmlRecord[];
  /** Of an interval. */
  readonly seconds?: number;
}

export interface OpenRequest extends RequestName {
  readonly asked: SensorRequest["kind"];
  /** The gateway where it is to wait, host:port, and the sensor's sender ID. */
  readonly gateway: string;
  readonly senderId: Uint8Array;
  /** Value of the OSCORE option, and the ciphertext. */
  readonly oscore: Uint8Array;
  readonly payload: Uint8Array;
  /** Whether the gateway has it. */
  readonly deposited: boolean;
  readonly answer?: Answer;
}

/** Requests of one sensor that are kept. */
const KEPT = 8;

export class OpenRequests {
  readonly #store: Store;
  readonly #requests: Table<OpenRequest>;

  constructor(store: Store) {
    this.#store = store;
    this.#requests = store.table("requests");
  }

  get(name: RequestName): OpenRequest | undefined {
    return this.#requests.get(keyOf(name));
  }

  /** Those that have not reached their gateway, as far as is known, in the order in which they were made. */
  undeposited(): OpenRequest[] {
    return this.#requests
      .entries()
      .map(([, request]) => request)
      .filter(({ deposited, answer }) => !deposited && answer === undefined);
  }

  /** Adds a sensor's newest; the oldest gives way. Within a transaction. */
  add(request: OpenRequest): void {
    const others = this.#requests.entries({ prefix: `${request.sensor} ` });
    for (const [old] of others.slice(0, Math.max(0, others.length + 1 - KEPT))) this.#requests.delete(old);
    this.#requests.put(keyOf(request), request);
  }

  /** Keeps the answer. Within a transaction. */
  answered(answer: Answer): void {
    const request = this.get(answer);
    if (request !== undefined) this.#requests.put(keyOf(answer), { ...request, answer });
  }

  /** The gateway has it, or will not take it: then nothing is kept of it. */
  settle(name: RequestName, deposited: boolean): void {
    this.#store.transaction(() => {
      const request = this.get(name);
      if (request === undefined) return;
      if (deposited) this.#requests.put(keyOf(name), { ...request, deposited });
      else this.#requests.delete(keyOf(name));
    });
  }
}

/** The answer to a request, as the application hears it. */
export function answerTo(
  { sensor, t, request, asked }: OpenRequest,
  { code, payload }: SensorAnswer,
  age: Answer["age"],
): Answer {
  const answer = { sensor, t, request, asked, code: codeName(code), age, payload: toHex(payload) };
  if (code !== Codes.content) return answer;
  if (asked === "interval") {
    const digits = Buffer.from(payload).toString("latin1");
    return /^[0-9]{1,9}$/.test(digits) ? { ...answer, seconds: Number(digits) } : answer;
  }
  try {
    return asked === "reading" ? { ...answer, records: decodeSenml(payload) } : answer;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The application has what came.
    return answer;
  }
}

/** Identities have no spaces in their text form. */
function keyOf({ sensor, t, request }: RequestName): string {
  return `${sensor} ${orderedKey(t)} ${orderedKey(request)}`;
}
