/** Requests to a sensor and its answers, as both ends write and read them. */

import * as fc from "fast-check";
import { ascii, fromHex, toHex } from "../../../protocol/bytes.js";
import { Codes, codeName, OptionNumbers } from "../../../protocol/coap/numbers.js";
import {
  createSensorRequest,
  decodeSensorAnswer,
  encodeSensorAnswer,
  LONGEST_INTERVAL,
  readSensorRequest,
  type SensorRequest,
} from "../../../protocol/exchange/sensor-requests.js";
import { encodePlaintext } from "../../../protocol/oscore/message.js";
import { deepEqual, equal, throws } from "../../support/assert.js";

const anyRequest: fc.Arbitrary<SensorRequest> = fc.oneof(
  fc.constantFrom<SensorRequest>({ kind: "reading" }, { kind: "interval" }, { kind: "exchange" }),
  fc.integer({ min: 1, max: LONGEST_INTERVAL }).map((seconds) => ({ kind: "setInterval" as const, seconds })),
);

/** "path?query" as options. */
function optionsOf(uri: string) {
  const [path, ...queries] = uri.split("?");
  return [
    ...path.split("/").map((segment) => ({ number: OptionNumbers.uriPath, value: ascii(segment) })),
    ...queries.map((query) => ({ number: OptionNumbers.uriQuery, value: ascii(query) })),
  ];
}

/** What is made of a request, in a word. */
function outcome(code: number, uri: string, payload = ""): string {
  const read = readSensorRequest({ code, options: optionsOf(uri), payload: ascii(payload) });
  return "refused" in read ? codeName(read.refused) : `${read.request.kind} ${read.until}`;
}

describe("a request to a sensor", () => {
  it("has these bytes under OSCORE", () => {
    equal(toHex(encodePlaintext(createSensorRequest({ kind: "reading" }, 96))), "01b17244" + "6e3d3936");
    const request = createSensorRequest({ kind: "setInterval", seconds: 300 }, 0);
    equal(toHex(encodePlaintext(request)), `03b8${toHex(ascii("interval"))}436e3d30ff${toHex(ascii("300"))}`);
  });

  it("reads back", () => {
    fc.assert(
      fc.property(anyRequest, fc.integer({ min: 0, max: 2 ** 40 - 1 }), (request, until) => {
        deepEqual(readSensorRequest(createSensorRequest(request, until)), { request, until });
      }),
    );
  });

  it("is not made of what it can't hold", () => {
    for (const seconds of [0, -1, 1.5, LONGEST_INTERVAL + 1, Number.NaN]) {
      throws(() => createSensorRequest({ kind: "setInterval", seconds }, 1), RangeError, `${seconds}`);
    }
    for (const until of [-1, 2 ** 40, 0.5]) {
      throws(() => createSensorRequest({ kind: "reading" }, until), RangeError, `${until}`);
    }
  });

  it("is refused for another path, method, query, option or interval", () => {
    const { GET, POST, PUT, DELETE } = Codes;
    equal(outcome(GET, "r"), "reading undefined");
    equal(outcome(PUT, "interval?n=7", "604800"), "setInterval 7");
    for (const [code, uri] of [
      [GET, "q"],
      [GET, "r/r"],
      [GET, "interval/x"],
      [GET, "a-path-that-is-far-longer-than-any"],
    ] as const) {
      equal(outcome(code, uri), "4.04", uri);
    }
    equal(outcome(POST, "r"), "4.05");
    equal(outcome(GET, "x"), "4.05");
    equal(outcome(DELETE, "interval"), "4.05");
    for (const query of ["n=", "n=-1", "n=07", "n=1.5", "n=99999999999999999", "m=1", "n=1?n=2", "n"]) {
      equal(outcome(GET, `r?${query}`), "4.00", query);
    }
    for (const text of ["", "0", "604801", "1e3", " 5", "60s", "-5", "5".repeat(200)]) {
      equal(outcome(PUT, "interval", text), "4.00", text);
    }
    const { options, ...rest } = createSensorRequest({ kind: "reading" }, 1);
    const withOption = (number: number) =>
      readSensorRequest({ ...rest, options: [...options, { number, value: new Uint8Array(0) }] });
    deepEqual(withOption(OptionNumbers.block1), { refused: Codes.badOption });
    // One that may be ignored (RFC 7252 §5.4.1).
    deepEqual(withOption(OptionNumbers.echo), { request: { kind: "reading" }, until: 1 });
    deepEqual(readSensorRequest({ code: GET, options: [], payload: new Uint8Array(0) }), {
      refused: Codes.notFound,
    });
  });
});

describe("a sensor's answer", () => {
  it("has the request's number, a code and a payload", () => {
    const answer = { number: 0x0102030405, code: Codes.content, payload: ascii("60") };
    equal(toHex(encodeSensorAnswer(answer)), "0102030405453630");
    deepEqual(decodeSensorAnswer(fromHex("0102030405453630")), answer);
    deepEqual(decodeSensorAnswer(fromHex("000000000744")), {
      ...{ number: 7, code: Codes.changed, payload: new Uint8Array(0) },
    });
  });

  it("is refused without a response code", () => {
    for (const hex of ["", "0000000007", "000000000701", "000000000700"]) {
      throws(() => decodeSensorAnswer(fromHex(hex)), SyntaxError, hex);
    }
  });
});
