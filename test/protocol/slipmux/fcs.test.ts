/** FCS-16 against the published check sequences of slipmux implementations and of the CRC's catalogue. */

import { ascii, concat, fromHex } from "../../../protocol/bytes.js";
import { fcs16, fcsRegister, GOOD_FCS } from "../../../protocol/slipmux/fcs.js";
import { equal } from "../../support/assert.js";

describe("slipmux: FCS-16", () => {
  it("has the check value of CRC-16/X-25", () => {
    equal(fcs16(ascii("123456789")), 0x906e);
  });

  for (const [name, data, fcs] of [
    ["00 01 02 03", fromHex("00010203"), 0xa729],
    ["a CoAP message with its type byte", fromHex("a9628486ae0200"), 0x4afd],
    ["Hello World! with its type byte", concat(fromHex("a9"), ascii("Hello World!")), 0xff49],
    ["GET /.well-known/core", fromHex("a940017d34bb2e77656c6c2d6b6e6f776e04636f7265"), 0xe879],
  ] as const) {
    it(`is the published one of ${name}`, () => {
      equal(fcs16(data), fcs);
      const sent = concat(data, new Uint8Array([fcs & 0xff, fcs >> 8]));
      equal(fcsRegister(sent), GOOD_FCS);
    });
  }

  it("stands at 374c after the type byte alone", () => {
    equal(fcsRegister(fromHex("a9")), 0x374c);
  });

  it("notices each single bit that changed", () => {
    const sent = fromHex("a940017d34bb2e77656c6c2d6b6e6f776e04636f726579e8");
    for (let bit = 0; bit < 8 * sent.length; bit++) {
      const damaged = Uint8Array.from(sent);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      if (fcsRegister(damaged) === GOOD_FCS) throw new Error(`bit ${bit} was not noticed`);
    }
  });
});
