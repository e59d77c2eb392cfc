import { fromHex, toHex } from "../../../protocol/bytes.js";
import { hkdf } from "../../../protocol/oscore/hkdf.js";
import { equal, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";

const counting = (first: number, length: number) => Uint8Array.from({ length }, (_, i) => first + i);
const nothing = new Uint8Array(0);

describe("HKDF with SHA-256", () => {
  it("gives RFC 5869's test case 1", () => {
    const okm = hkdf(primitives, counting(0, 13), new Uint8Array(22).fill(0x0b), counting(0xf0, 10), 42);
    equal(toHex(okm), "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  });

  it("gives test case 2, over three blocks", () => {
    const okm = hkdf(primitives, counting(0x60, 80), counting(0, 80), counting(0xb0, 80), 82);
    equal(
      toHex(okm),
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09" +
        "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
    );
  });

  it("gives test case 3, without salt and info", () => {
    const okm = hkdf(primitives, nothing, new Uint8Array(22).fill(0x0b), nothing, 42);
    equal(toHex(okm), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  });

  it("refuses lengths that it can't give", () => {
    for (const length of [0, -1, 1.5, 255 * 32 + 1]) {
      throws(() => hkdf(primitives, nothing, fromHex("00"), nothing, length), RangeError);
    }
  });
});
