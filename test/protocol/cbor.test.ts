import { toHex } from "../../protocol/bytes.js";
import { CborTypes, cborBytes, cborHead, cborInteger, cborText } from "../../protocol/cbor.js";
import { equal, throws } from "../support/assert.js";

describe("CBOR, written", () => {
  it("is what RFC 8949 appendix A shows", () => {
    for (const [value, hex] of [
      [0, "00"],
      [23, "17"],
      [24, "1818"],
      [100, "1864"],
      [255, "18ff"],
      [256, "190100"],
      [1000, "1903e8"],
      [65535, "19ffff"],
      [65536, "1a00010000"],
      [1000000, "1a000f4240"],
      [4294967295, "1affffffff"],
      [-1, "20"],
      [-10, "29"],
      [-100, "3863"],
      [-1000, "3903e7"],
    ] as const) {
      equal(toHex(cborInteger(value)), hex, `${value}`);
    }
    equal(toHex(cborText("IETF")), "6449455446");
    equal(toHex(cborText("")), "60");
    equal(toHex(cborBytes(Uint8Array.of(1, 2, 3, 4))), "4401020304");
    equal(toHex(cborHead(CborTypes.array, 25)), "9819");
  });

  it("refuses what does not fit", () => {
    for (const argument of [-1, 0.5, 2 ** 32, Number.NaN]) {
      throws(() => cborHead(CborTypes.unsigned, argument), { type: RangeError, message: /^CBOR: expected/ });
    }
    throws(() => cborText("µ"), RangeError);
  });
});
