/** How long a message is waited for and remembered (RFC 7252 §4.2, §4.8). */

import { readUint } from "../bytes.js";
import type { RandomSource } from "../primitives.js";
import {
  ACK_RANDOM_FACTOR,
  ACK_TIMEOUT,
  BACKOFF_FACTOR,
  MAX_LATENCY,
  MAX_RETRANSMIT,
  NSTART,
} from "./numbers.js";

/** What a deployment may set (RFC 7252 §4.8.1); times in milliseconds. */
export interface TransmissionParameters {
  readonly ACK_TIMEOUT: number;
  readonly ACK_RANDOM_FACTOR: number;
  readonly MAX_RETRANSMIT: number;
  /** What each wait is longer than the one before: 2 in RFC 7252 §4.2, which has no name for it. */
  readonly BACKOFF_FACTOR: number;
  /** Requests to one peer that may wait for an acknowledgement at the same time. */
  readonly NSTART: number;
  readonly MAX_LATENCY: number;
}

const defaults: TransmissionParameters = {
  ACK_TIMEOUT,
  ACK_RANDOM_FACTOR,
  MAX_RETRANSMIT,
  BACKOFF_FACTOR,
  NSTART,
  MAX_LATENCY,
};

/** The defaults of RFC 7252 with what is given in their place. Throws a RangeError for what §4.8.1 rules out. */
export function transmissionParameters(given?: Partial<TransmissionParameters>): TransmissionParameters {
  if (given === undefined) return defaults;
  const parameters = { ...defaults, ...given };
  atLeast("ACK_TIMEOUT", parameters.ACK_TIMEOUT, 1);
  atLeast("ACK_RANDOM_FACTOR", parameters.ACK_RANDOM_FACTOR, 1);
  atLeast("MAX_RETRANSMIT", parameters.MAX_RETRANSMIT, 0);
  atLeast("BACKOFF_FACTOR", parameters.BACKOFF_FACTOR, 1);
  atLeast("NSTART", parameters.NSTART, 1);
  atLeast("MAX_LATENCY", parameters.MAX_LATENCY, 0);
  return parameters;
}

function atLeast(name: string, value: number, least: number): void {
  // Written so that NaN is refused too.
  if (!(value >= least)) throw new RangeError(`${name}: expected at least ${least}, got ${value}`);
}

/** From the first transmission of a CON to its last retransmission, in milliseconds (RFC 7252 §4.8.2). */
export function maxTransmitSpan(parameters: TransmissionParameters): number {
  return sumOfWaits(parameters, parameters.MAX_RETRANSMIT);
}

/** From the first transmission of a CON to when its sender gives up, in milliseconds (RFC 7252 §4.8.2). */
export function maxTransmitWait(parameters: TransmissionParameters): number {
  return sumOfWaits(parameters, parameters.MAX_RETRANSMIT + 1);
}

/** The longest that so many waits can take: a geometric series. */
function sumOfWaits(parameters: TransmissionParameters, waits: number): number {
  const { ACK_TIMEOUT, ACK_RANDOM_FACTOR, BACKOFF_FACTOR: factor } = parameters;
  const series = factor === 1 ? waits : (factor ** waits - 1) / (factor - 1);
  return ACK_TIMEOUT * series * ACK_RANDOM_FACTOR;
}

/**
 * How long a CON's message ID stays taken, in milliseconds (RFC 7252 §4.8.2: MAX_TRANSMIT_SPAN +
 * 2 · MAX_LATENCY + PROCESSING_DELAY, which is ACK_TIMEOUT).
 */
export function exchangeLifetime(parameters: TransmissionParameters): number {
  return maxTransmitSpan(parameters) + 2 * parameters.MAX_LATENCY + parameters.ACK_TIMEOUT;
}

/** EXCHANGE_LIFETIME under the defaults. */
export const EXCHANGE_LIFETIME = exchangeLifetime(defaults);

/** How long a NON's message ID stays taken, in milliseconds (RFC 7252 §4.8.2). */
export function nonLifetime(parameters: TransmissionParameters): number {
  return maxTransmitSpan(parameters) + parameters.MAX_LATENCY;
}

/**
 * The first wait for an acknowledgement, in whole milliseconds: at random between ACK_TIMEOUT and
 * ACK_TIMEOUT · ACK_RANDOM_FACTOR (RFC 7252 §4.2). Each retransmission multiplies it by BACKOFF_FACTOR.
 */
export function initialTimeout(parameters: TransmissionParameters, random: RandomSource): number {
  const fraction = readUint(random(2), 0, 2) / 0xffff;
  // Whole numbers are what a board without double precision compares quickly, at every datagram.
  return (parameters.ACK_TIMEOUT * (1 + (parameters.ACK_RANDOM_FACTOR - 1) * fraction)) | 0;
}
