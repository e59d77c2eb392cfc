import { addScaled, multiply } from "../../../protocol/shares/field.js";
import { invert } from "../../../protocol/shares/inverse.js";
import { deepEqual, equal, fail, throws } from "../../support/assert.js";

/** a · b by the book: the product of two polynomials over GF(2), then long division by 0x11B. */
function longHand(a: number, b: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if (b & (1 << bit)) product ^= a << bit;
  for (let bit = 15; bit >= 8; bit--) if (product & (1 << bit)) product ^= 0x11b << (bit - 8);
  return product;
}

describe("the field GF(256)", () => {
  const products = new Uint8Array(65536);
  before(() => {
    for (let a = 0; a < 256; a++) for (let b = 0; b < 256; b++) products[256 * a + b] = multiply(a, b);
  });

  it("multiplies as FIPS 197 §4.2 shows", () => {
    equal(multiply(0x57, 0x83), 0xc1);
    equal(multiply(0x57, 0x13), 0xfe);
    equal(multiply(0x57, 0x02), 0xae);
  });

  it("gives powers of the generator 3 once each, and every product is one of them", () => {
    // A cyclic group of 255 elements: associative, commutative, with 1 and inverses, all at once.
    const powers: number[] = [];
    for (let i = 0, power = 1; i < 255; i++, power = longHand(power, 3)) powers.push(power);
    equal(new Set(powers).size, 255);
    const exponents = new Uint8Array(256);
    powers.forEach((power, i) => {
      exponents[power] = i;
    });
    for (let a = 1; a < 256; a++) {
      for (let b = 1; b < 256; b++) {
        const expected = powers[(exponents[a] + exponents[b]) % 255];
        if (products[256 * a + b] !== expected) fail(`${a} · ${b}: expected ${expected}`);
      }
    }
  });

  it("has 0 as its zero and 1 as its one", () => {
    for (let a = 0; a < 256; a++) {
      deepEqual([products[256 * a], products[a], products[256 * a + 1], products[256 + a]], [0, 0, a, a]);
    }
  });

  it("distributes multiplication over addition", () => {
    // Linear in b, for every a: the product is the sum of the products with the bits of b.
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        let sum = 0;
        for (let bit = 1; bit < 256; bit *= 2) if (b & bit) sum ^= products[256 * a + bit];
        if (products[256 * a + b] !== sum) fail(`${a} · ${b}: expected ${sum}`);
      }
    }
  });

  it("inverts every element but 0", () => {
    for (let a = 1; a < 256; a++) equal(multiply(a, invert(a)), 1, `inverse of ${a}`);
    throws(() => invert(0), RangeError);
  });

  it("adds a multiple of many bytes at once", () => {
    const target = Uint8Array.of(0xff, 0x00, 0x12);
    addScaled(target, 0x57, Uint8Array.of(0x83, 0x13, 0x00));
    deepEqual(target, Uint8Array.of(0xff ^ 0xc1, 0xfe, 0x12));
  });
});
