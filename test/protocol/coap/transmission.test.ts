import {
  exchangeLifetime,
  initialTimeout,
  maxTransmitSpan,
  maxTransmitWait,
  nonLifetime,
  transmissionParameters,
} from "../../../protocol/coap/transmission.js";
import { equal, throws } from "../../support/assert.js";

describe("CoAP transmission parameters", () => {
  it("derives the times of RFC 7252 §4.8.2", () => {
    const parameters = transmissionParameters();
    equal(maxTransmitSpan(parameters), 45_000);
    equal(maxTransmitWait(parameters), 93_000);
    equal(exchangeLifetime(parameters), 247_000);
    equal(nonLifetime(parameters), 145_000);
  });

  it("derives them for waits that grow otherwise, or not at all", () => {
    const equalWaits = transmissionParameters({ ACK_TIMEOUT: 100, BACKOFF_FACTOR: 1, MAX_RETRANSMIT: 10 });
    equal(maxTransmitSpan(equalWaits), 1_500);
    equal(maxTransmitWait(equalWaits), 1_650);
    const slower = transmissionParameters({ ACK_TIMEOUT: 100, BACKOFF_FACTOR: 3, MAX_RETRANSMIT: 2 });
    equal(maxTransmitSpan(slower), 150 + 450);
  });

  it("draws the first timeout between ACK_TIMEOUT and ACK_TIMEOUT · ACK_RANDOM_FACTOR", () => {
    const parameters = transmissionParameters();
    equal(
      initialTimeout(parameters, () => Uint8Array.of(0, 0)),
      2000,
    );
    equal(
      initialTimeout(parameters, () => Uint8Array.of(255, 255)),
      3000,
    );
  });

  it("refuses parameters that make no sense", () => {
    for (const name of [
      "ACK_TIMEOUT",
      "ACK_RANDOM_FACTOR",
      "MAX_RETRANSMIT",
      "BACKOFF_FACTOR",
      "NSTART",
      "MAX_LATENCY",
    ]) {
      for (const value of [-1, Number.NaN]) {
        throws(() => transmissionParameters({ [name]: value }), {
          type: RangeError,
          message: new RegExp(`^${name}: `),
        });
      }
    }
    throws(() => transmissionParameters({ ACK_RANDOM_FACTOR: 0.5 }), RangeError);
  });
});
