/** What waits in a mailbox, as a sensor collects it, and what a Responder asks and a sensor answers. */

import assert from "node:assert/strict";
import { ascii, concat, equal, fromHex } from "../../../protocol/bytes.js";
import { carriedRequest, carriedResponse, readCarried } from "../../../protocol/exchange/carried.js";
import {
  createSensorRequest,
  decodeSensorAnswer,
  encodeSensorAnswer,
  readSensorRequest,
} from "../../../protocol/exchange/sensor-requests.js";
import { OscoreError } from "../../../protocol/oscore/errors.js";
import { decodePlaintext, encodePlaintext } from "../../../protocol/oscore/message.js";
import { isSyntax, type Target } from "./target.js";

const option = fromHex("0905c1");

export function mailboxTargets(): Target[] {
  return [
    {
      name: "carried",
      seeds: [carriedResponse(option, new Uint8Array(0), ascii("sealed")), carriedRequest(option, option)],
      longest: 300,
      allows: isSyntax,
      run(input) {
        const it = readCarried(input);
        const again =
          it.kind === "request"
            ? carriedRequest(it.option, it.payload)
            : carriedResponse(it.request, it.option, it.payload);
        assert.ok(equal(again, input), "it is read otherwise than it is written");
      },
    },
    {
      name: "sensor-request",
      seeds: [
        createSensorRequest({ kind: "setInterval", seconds: 60 }, 7),
        createSensorRequest({ kind: "exchange" }, 7),
      ].map(encodePlaintext),
      longest: 100,
      allows: (error) => error instanceof OscoreError,
      run(input) {
        const read = readSensorRequest(decodePlaintext(input, "request"));
        if ("refused" in read) return;
        const { request, until = 0 } = read;
        const again = readSensorRequest(createSensorRequest(request, Math.min(until, 2 ** 40 - 1)));
        assert.deepEqual("request" in again && again.request, request);
      },
    },
    {
      name: "sensor-answer",
      seeds: [
        encodeSensorAnswer({ number: 7, code: 0x45, payload: ascii("60") }),
        concat(0, 0, 0, 0, 1, 0x84),
      ],
      longest: 100,
      allows: isSyntax,
      run(input) {
        assert.ok(equal(encodeSensorAnswer(decodeSensorAnswer(input)), input));
      },
    },
  ];
}
