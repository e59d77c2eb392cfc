import fc from "fast-check";
import { fromHex, toHex } from "../../../protocol/bytes.js";
import { OscoreError } from "../../../protocol/oscore/errors.js";
import {
  decodeOscoreOption,
  encodeOscoreOption,
  type OscoreOption,
} from "../../../protocol/oscore/option.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { optionValues } from "./vectors.js";

const bytes = (minLength: number, maxLength: number) => fc.uint8Array({ minLength, maxLength });
const option = fc.record(
  { piv: bytes(1, 5), kidContext: bytes(0, 255), kid: bytes(0, 7) },
  { requiredKeys: [], noNullPrototype: true },
) as fc.Arbitrary<OscoreOption>;

describe("OSCORE: the option's value", () => {
  it("is what RFC 8613 §6.3 shows", () => {
    for (const [hex, members] of optionValues) {
      const value = Object.fromEntries(
        Object.entries(members).map(([name, text]) => [name, fromHex(text)]),
      ) as OscoreOption;
      equal(toHex(encodeOscoreOption(value)), hex);
      deepEqual(decodeOscoreOption(fromHex(hex)), value);
    }
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(option, (value) => deepEqual(decodeOscoreOption(encodeOscoreOption(value)), value)),
    );
  });

  it("is written as it was read, whatever can be read", () => {
    fc.assert(
      fc.property(bytes(0, 40), (value) => {
        try {
          deepEqual(encodeOscoreOption(decodeOscoreOption(value)), value);
        } catch (error) {
          ok(error instanceof OscoreError && error.reason === "decode", `${error}`);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("is refused where it is malformed", () => {
    for (const [hex, what] of [
      ["00", /flags of zero/],
      ["0000", /flags of zero/],
      ["290525", /reserved flag/],
      ["490525", /reserved flag/],
      ["890525", /reserved flag/],
      ["0e010203040506", /Partial IV of 6 bytes is reserved/],
      ["0f01020304050607", /Partial IV of 7 bytes is reserved/],
      ["0a05", /Partial IV is cut off/],
      ["1105", /kid context is missing/],
      ["19050544616c65", /kid context is cut off/],
      ["010525", /no kid is announced/],
    ] as const) {
      throws(() => decodeOscoreOption(fromHex(hex)), { type: OscoreError, message: what }, hex);
    }
  });

  it("can't hold what is too long", () => {
    for (const value of [
      { piv: new Uint8Array(0) },
      { piv: new Uint8Array(6) },
      { kidContext: new Uint8Array(256) },
    ]) {
      throws(() => encodeOscoreOption(value), RangeError);
    }
  });
});
