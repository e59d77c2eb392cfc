/** What a Responder may ask of the sensor (protocol/exchange/sensor-requests.ts), done and answered. */

import { ascii } from "../protocol/bytes.js";
import { Codes } from "../protocol/coap/numbers.js";
import { readSensorRequest, type SensorAnswer } from "../protocol/exchange/sensor-requests.js";
import type { TakenRequest } from "./carried-messages.js";
import type { Device } from "./device.js";
import { readInterval, writeInterval } from "./interval.js";

/** The sensor that is asked. */
export interface AskedSensor {
  /** The number of what it sends next. */
  readonly nextNumber: number;
  /** Milliseconds that it sleeps where nobody has asked for others. */
  readonly interval: number;
  /** A reading that is measured now, as SenML in CBOR. Throws when the sensor fails. */
  readonly measure: () => Uint8Array;
  /** An exchange is due; when this returns, that is durable. */
  readonly askForExchange: () => void;
}

const nothing = new Uint8Array(0);

/** Does what a request asks for, or refuses it. What it changes is durable when this returns; throws when it can't be. */
export function answerRequest(
  device: Pick<Device, "storage" | "trace">,
  sensor: AskedSensor,
  { number, content }: TakenRequest,
): SensorAnswer {
  const answer = (code: number, payload: Uint8Array = nothing): SensorAnswer => ({ number, code, payload });
  const read = readSensorRequest(content);
  if ("refused" in read) return answer(read.refused);
  const { request, until } = read;
  if (until !== undefined && sensor.nextNumber > until) return answer(Codes.preconditionFailed);
  switch (request.kind) {
    case "reading":
      try {
        return answer(Codes.content, sensor.measure());
      } catch (error) {
        device.trace((error as Error).message);
        return answer(Codes.internalServerError);
      }
    case "interval": {
      const milliseconds = readInterval(device.storage, sensor.interval);
      return answer(Codes.content, ascii(`${Math.round(milliseconds / 1000)}`));
    }
    case "setInterval":
      writeInterval(device.storage, request.seconds);
      return answer(Codes.changed);
    case "exchange":
      sensor.askForExchange();
      return answer(Codes.changed);
  }
}
