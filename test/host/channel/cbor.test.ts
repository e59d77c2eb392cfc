import assert from "node:assert/strict";
import fc from "fast-check";
import { type CborValue, decodeCbor } from "../../../host/channel/cbor.js";
import { fromHex } from "../../../protocol/bytes.js";
import { cborBytes, cborInteger, cborText } from "../../../protocol/cbor.js";

const decode = (hex: string) => decodeCbor(fromHex(hex));

describe("CBOR, read", () => {
  it("is what RFC 8949 appendix A shows", () => {
    const expected: [string, CborValue][] = [
      ["00", 0],
      ["1818", 24],
      ["1b000000e8d4a51000", 1_000_000_000_000],
      ["3903e7", -1000],
      ["f90000", 0],
      ["f93c00", 1],
      ["f93e00", 1.5],
      ["f97bff", 65504],
      ["f90001", 2 ** -24],
      ["f90400", 0.00006103515625],
      ["f9c400", -4],
      ["fa47c35000", 100000],
      ["fb3ff199999999999a", 1.1],
      ["f97c00", Number.POSITIVE_INFINITY],
      ["f9fc00", Number.NEGATIVE_INFINITY],
      ["f97e00", Number.NaN],
      ["f4", false],
      ["f5", true],
      ["f6", null],
      ["4401020304", Uint8Array.of(1, 2, 3, 4)],
      ["62c3bc", "ü"],
      ["8301820203820405", [1, [2, 3], [4, 5]]],
      ["c48221196ab3", 273.15],
      [
        "a201020304",
        new Map([
          [1, 2],
          [3, 4],
        ]),
      ],
      [
        "a26161016162820203",
        new Map<string, CborValue>([
          ["a", 1],
          ["b", [2, 3]],
        ]),
      ],
    ];
    for (const [hex, value] of expected) assert.deepEqual(decode(hex), value, hex);
    assert.ok(Object.is(decode("f98000"), -0));
  });

  it("refuses what is malformed, indefinite, unknown or too deep", () => {
    for (const [hex, what] of [
      ["", /expected 1 bytes more/],
      ["0000", /bytes follow/],
      ["18", /expected 1 bytes more/],
      ["1c", /28 is reserved/],
      ["9fff", /lengths must be definite/],
      ["5f4101ff", /lengths must be definite/],
      ["5affffffff00", /expected 4294967295 bytes more/],
      ["9affffffff00", /expected 1 bytes more/],
      ["1bffffffffffffffff", /beyond 2\^53/],
      ["61ff", /not UTF-8/],
      ["c074", /tag 0 is not known/],
      ["c48101", /two integers/],
      ["c4821a00010000f93c00", /two integers|exponent/],
      ["c4821901f401", /exponent is too large/],
      ["f7", /simple value 23/],
      ["f818", /simple value 24/],
      ["a1f401", /neither text nor an integer/],
      ["a201020103", /stands twice/],
      ["8181818181", /deeper than 4/],
    ] as const) {
      assert.throws(() => decode(hex), { name: "SyntaxError", message: what }, hex);
    }
  });

  it("reads what the board's writer writes", () => {
    fc.assert(fc.property(fc.integer(), (value) => assert.equal(decodeCbor(cborInteger(value)), value)));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (value) =>
        assert.deepEqual(decodeCbor(cborBytes(value)), value),
      ),
    );
    assert.equal(decodeCbor(cborText("heart-rate")), "heart-rate");
  });

  it("throws nothing but SyntaxErrors, whatever comes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeCbor(bytes);
        } catch (error) {
          assert.ok(error instanceof SyntaxError, `${error}`);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
