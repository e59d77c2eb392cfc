/** How CoAP repeats messages on a serial line (RFC 7252 §4.8.1 lets who knows the network say so). */

import type { TransmissionParameters } from "../coap/transmission.js";

/**
 * A frame of 200 bytes takes 17 ms at 115,200 bit/s. Only noise loses messages between the two ends of a line,
 * never congestion, which is what longer and longer waits and NSTART are for (§4.7): so the waits stay as they are.
 * In total some 15 s: with 1 % of all bytes damaged one frame of 170 bytes in six arrives.
 */
export const lineTransmission: Partial<TransmissionParameters> = {
  ACK_TIMEOUT: 250,
  BACKOFF_FACTOR: 1,
  MAX_RETRANSMIT: 48,
  NSTART: 4,
  MAX_LATENCY: 1_000,
};
