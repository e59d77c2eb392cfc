import { fromHex, toHex } from "../../../protocol/bytes.js";
import { blockSize, decodeBlock, encodeBlock } from "../../../protocol/coap/block.js";
import { deepEqual, equal, throws } from "../../support/assert.js";

describe("CoAP Block option", () => {
  it("writes and reads the blocks of RFC 7959 §2.2 and the ends of their ranges", () => {
    for (const [num, more, szx, hex] of [
      [0, false, 0, ""],
      [0, true, 6, "0e"],
      [1, true, 3, "1b"],
      [15, false, 6, "f6"],
      [16, true, 2, "010a"],
      [4095, false, 6, "fff6"],
      [4096, true, 6, "01000e"],
      [0xfffff, true, 6, "fffffe"],
    ] as const) {
      equal(toHex(encodeBlock({ num, more, szx })), hex);
      deepEqual(decodeBlock(fromHex(hex)), { num, more, szx });
    }
  });

  it("has blocks of 16 to 1024 bytes", () => {
    equal(blockSize(0), 16);
    equal(blockSize(6), 1024);
  });

  it("refuses what has no meaning", () => {
    throws(() => decodeBlock(fromHex("07")), { type: SyntaxError, message: /SZX 7/ });
    throws(() => decodeBlock(fromHex("00000000")), { type: SyntaxError, message: /at most 3 bytes/ });
    throws(() => encodeBlock({ num: 0x100000, more: false, szx: 0 }), { type: RangeError, message: /^NUM/ });
    throws(() => encodeBlock({ num: 0, more: false, szx: 7 }), { type: RangeError, message: /^SZX/ });
  });
});
