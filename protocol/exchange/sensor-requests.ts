/**
 * What a Responder asks of a sensor through its mailbox (carried.ts), as an OSCORE request under the confirmed context:
 *
 * GET /r         a reading, measured now: 2.05, SenML in CBOR
 * GET /interval  seconds of sleep between two readings: 2.05, decimal text
 * PUT /interval  the same, 1 to 604,800: 2.04
 * POST /x        a new exchange at the next wake-up: 2.04
 *
 * Uri-Query n=N bounds for how long a gateway can hold it: the sensor's next number must be N at most, else 4.12.
 *
 * The answer is an OSCORE request of the sensor, as a reading is, so that it survives whatever a reading survives:
 * POST /a, Content-Format 42, payload: Partial IV of the request 5 | code 1 | payload. Under keys that nobody else has,
 * that number binds it to the request.
 */

import { ascii, concat, readUint, uint } from "../bytes.js";
import { Codes, isCritical, isResponse, OptionNumbers } from "../coap/numbers.js";
import { SEQUENCE_LIMIT } from "../oscore/context.js";
import type { CoapContent } from "../oscore/message.js";
import { READINGS_PATH } from "./readings.js";

/** Uri-Path of gateways that take requests: POST /s/SENDERID, the sender ID that R_I gave in lower-case hexadecimal. */
export const SENSORS_PATH = "s";
/** Uri-Path of answers at the Responder: POST /a. */
export const ANSWERS_PATH = "a";

/** Uri-Paths at the sensor, beside READINGS_PATH. */
export const INTERVAL_PATH = "interval";
export const EXCHANGE_PATH = "x";

/** Seconds of the longest sleep: a week. The shortest is 1. */
export const LONGEST_INTERVAL = 604_800;

/** Numbers of the sensor for which a request is good, where its sender does not say. */
export const VALID_FOR = 64;

export type SensorRequest =
  | { readonly kind: "reading" }
  | { readonly kind: "interval" }
  /** 1 to LONGEST_INTERVAL. */
  | { readonly kind: "setInterval"; readonly seconds: number }
  | { readonly kind: "exchange" };

/** What a sensor makes of a request. */
export type ReadRequest =
  | {
      readonly request: SensorRequest;
      /** The highest next number of the sensor for which it is good; undefined for any. */
      readonly until: number | undefined;
    }
  /** It is refused, with this code. */
  | { readonly refused: number };

const noPayload = new Uint8Array(0);
const WHOLE_NUMBER = /^(0|[1-9][0-9]{0,12})$/;

/**
 * A request, to be protected. `until` is the highest next number of the sensor for which it is good. Throws a
 * RangeError for an interval or a number that it can't have.
 */
export function createSensorRequest(request: SensorRequest, until: number): CoapContent {
  if (!Number.isInteger(until) || until < 0 || until >= SEQUENCE_LIMIT) {
    throw new RangeError(`until: expected 0 to 2^40 − 1, got ${until}`);
  }
  const query = { number: OptionNumbers.uriQuery, value: ascii(`n=${until}`) };
  const content = (code: number, path: string, payload: Uint8Array = noPayload): CoapContent => ({
    ...{ code, payload },
    options: [{ number: OptionNumbers.uriPath, value: ascii(path) }, query],
  });
  switch (request.kind) {
    case "reading":
      return content(Codes.GET, READINGS_PATH);
    case "interval":
      return content(Codes.GET, INTERVAL_PATH);
    case "setInterval": {
      const { seconds } = request;
      if (!isInterval(seconds)) {
        throw new RangeError(`interval: expected 1 to ${LONGEST_INTERVAL} seconds, got ${seconds}`);
      }
      return content(Codes.PUT, INTERVAL_PATH, ascii(`${seconds}`));
    }
    case "exchange":
      return content(Codes.POST, EXCHANGE_PATH);
  }
}

/** What an opened request asks for, or the code with which the sensor refuses it. */
export function readSensorRequest({ code, options, payload }: CoapContent): ReadRequest {
  let path: string | undefined;
  let until: number | undefined;
  for (const { number, value } of options) {
    if (number === OptionNumbers.uriPath) path = path === undefined ? text(value) : "";
    else if (number === OptionNumbers.uriQuery) {
      const bound = text(value.subarray(0, 2)) === "n=" ? wholeNumber(value.subarray(2)) : undefined;
      if (bound === undefined || until !== undefined) return { refused: Codes.badRequest };
      until = bound;
    } else if (isCritical(number)) return { refused: Codes.badOption };
  }
  const request = requestOf(code, path, payload);
  return typeof request === "number" ? { refused: request } : { request, until };
}

function requestOf(code: number, path: string | undefined, payload: Uint8Array): SensorRequest | number {
  const { GET, POST, PUT, methodNotAllowed } = Codes;
  switch (path) {
    case READINGS_PATH:
      return code === GET ? { kind: "reading" } : methodNotAllowed;
    case EXCHANGE_PATH:
      return code === POST ? { kind: "exchange" } : methodNotAllowed;
    case INTERVAL_PATH: {
      if (code === GET) return { kind: "interval" };
      if (code !== PUT) return methodNotAllowed;
      const seconds = wholeNumber(payload);
      return isInterval(seconds) ? { kind: "setInterval", seconds } : Codes.badRequest;
    }
    default:
      return Codes.notFound;
  }
}

function isInterval(seconds: number | undefined): seconds is number {
  return Number.isInteger(seconds) && (seconds as number) >= 1 && (seconds as number) <= LONGEST_INTERVAL;
}

function wholeNumber(bytes: Uint8Array): number | undefined {
  const digits = text(bytes);
  return WHOLE_NUMBER.test(digits) ? Number(digits) : undefined;
}

/** Nothing that is known here is longer than this; a board's stack is small. */
const LONGEST_TEXT = 16;

function text(bytes: Uint8Array): string {
  return bytes.length > LONGEST_TEXT ? "" : String.fromCharCode(...bytes);
}

/** A sensor's answer to a request. */
export interface SensorAnswer {
  /** Partial IV of the request, as a number. */
  readonly number: number;
  /** A response code. */
  readonly code: number;
  readonly payload: Uint8Array;
}

const NUMBER_LENGTH = 5;

/** The payload of an answer: number 5 | code 1 | payload. */
export function encodeSensorAnswer({ number, code, payload }: SensorAnswer): Uint8Array {
  return concat(uint(number, NUMBER_LENGTH), code, payload);
}

/** Reads the payload of an answer. Throws a SyntaxError for what is none. */
export function decodeSensorAnswer(bytes: Uint8Array): SensorAnswer {
  const code = bytes[NUMBER_LENGTH];
  if (code === undefined || !isResponse(code)) {
    throw new SyntaxError(`answer: ${bytes.length} bytes hold no number and response code`);
  }
  return {
    number: readUint(bytes, 0, NUMBER_LENGTH),
    code,
    payload: bytes.subarray(NUMBER_LENGTH + 1),
  };
}
