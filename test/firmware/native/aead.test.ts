import fc from "fast-check";
import { aesCtr, ccmOpen, ccmSeal } from "../../../firmware/native/aead/aead.js";
import { concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { boardPrimitives as board } from "../../support/primitives.js";

const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
const tagLengths = fc.constantFrom<8 | 16>(8, 16);
const zeroKey = new Uint8Array(16);
const zeroNonce = new Uint8Array(13);
const nothing = new Uint8Array(0);

describe("native AEAD", () => {
  describe("AES-CCM (RFC 3610 §8, tags of 8 bytes)", () => {
    const vectors = [
      // Packet vectors 1 to 3: header, rest of the packet in counting bytes
      {
        nonce: "00000003020100a0a1a2a3a4a5",
        aad: 8,
        length: 31,
        sealed: "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0",
      },
      {
        nonce: "00000004030201a0a1a2a3a4a5",
        aad: 8,
        length: 32,
        sealed: "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916",
      },
      {
        nonce: "00000005040302a0a1a2a3a4a5",
        aad: 8,
        length: 33,
        sealed: "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5",
      },
      // Packet vectors 4 to 6
      {
        nonce: "00000006050403a0a1a2a3a4a5",
        aad: 12,
        length: 31,
        sealed: "a28c6865939a9a79faaa5c4c2a9d4a91cdac8c96c861b9c9e61ef1",
      },
      {
        nonce: "00000007060504a0a1a2a3a4a5",
        aad: 12,
        length: 32,
        sealed: "dcf1fb7b5d9e23fb9d4e131253658ad86ebdca3e51e83f077d9c2d93",
      },
      {
        nonce: "00000008070605a0a1a2a3a4a5",
        aad: 12,
        length: 33,
        sealed: "6fc1b011f006568b5171a42d953d469b2570a4bd87405a0443ac91cb94",
      },
    ];
    const key = fromHex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");

    vectors.forEach(({ nonce, aad, length, sealed }, i) => {
      it(`packet vector ${i + 1}`, () => {
        const packet = Uint8Array.from({ length }, (_, j) => j);
        const header = packet.subarray(0, aad);
        const text = packet.subarray(aad);
        equal(toHex(board.ccmSeal(key, fromHex(nonce), header, text, 8)), sealed);
        deepEqual(board.ccmOpen(key, fromHex(nonce), header, fromHex(sealed), 8), text.slice());
      });
    });
  });

  it("the KEMAC of a MIKEY message, tags of 16 and 8 bytes", () => {
    const key = fromHex("9565783ea2ae873c231406f0a1fb21ff");
    const nonce = fromHex("940be16f2f4007f826b0141b41");
    const message =
      "010005811122334400010b00ec000000123456780610a0a1a2a3a4a5a6a7a8a9aaabacadaeaf0600001073656e736f722d3140" +
      "6578616d706c650100000b747031406578616d706c6500f10014";
    const plaintext = fromHex("00000010404142434445464748494a4b4c4d4e4f");
    equal(
      toHex(board.ccmSeal(key, nonce, fromHex(`${message}f1`), plaintext, 16)),
      "e9a9012e29b2824395c8dfb7d9df0e770c9808f6c03055eb482428bae0334b130c19d780",
    );
    equal(
      toHex(board.ccmSeal(key, nonce, fromHex(`${message}f2`), plaintext, 8)),
      "e9a9012e29b2824395c8dfb7d9df0e770c9808f6eb64ba24ac2dabf2",
    );
  });

  it("opens what it sealed, of every length of both parts", () => {
    const data = Uint8Array.from({ length: 100 }, (_, i) => (i * 7) & 255);
    for (let length = 0; length <= 50; length++) {
      const text = data.subarray(0, length);
      const aad = data.subarray(50, 50 + ((length * 3) % 50));
      const sealed = board.ccmSeal(data.subarray(1, 17), data.subarray(20, 33), aad, text, 16);
      equal(sealed.length, length + 16);
      deepEqual(board.ccmOpen(data.subarray(1, 17), data.subarray(20, 33), aad, sealed, 16), text.slice());
    }
  });

  it("opens nothing that differs in one bit, and leaves no plaintext then", () => {
    fc.assert(
      fc.property(
        bytes(16, 16),
        bytes(13, 13),
        bytes(40),
        bytes(40),
        tagLengths,
        fc.nat(),
        (key, nonce, aad, text, tagLength, where) => {
          const parts = [key, nonce, aad, board.ccmSeal(key, nonce, aad, text, tagLength)];
          const total = parts.reduce((sum, part) => sum + part.length, 0);
          let bit = where % (total * 8);
          const [key2, nonce2, aad2, sealed2] = parts.map((part) => {
            const copy = part.slice();
            if (bit >= 0 && bit < part.length * 8) copy[bit >> 3] ^= 1 << (bit & 7);
            bit -= part.length * 8;
            return copy;
          });
          equal(board.ccmOpen(key2, nonce2, aad2, sealed2, tagLength), undefined);
          const out = filled(text.length, 0xee);
          equal(ccmOpen(key2, nonce2, aad2, sealed2, out), false);
          deepEqual(out, new Uint8Array(text.length));
        },
      ),
    );
  });

  it("opens nothing that is too short for a tag", () => {
    for (let length = 0; length < 16; length++) {
      equal(board.ccmOpen(zeroKey, zeroNonce, nothing, new Uint8Array(length), 16), undefined);
    }
  });

  describe("AES-CTR", () => {
    it("SP 800-38A F.5.1", () => {
      const key = fromHex("2b7e151628aed2a6abf7158809cf4f3c");
      const counter = fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
      const plaintext = fromHex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
          "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710",
      );
      const ciphertext =
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff" +
        "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee";
      equal(toHex(board.aesCtr(key, counter, plaintext)), ciphertext);
      for (let length = 0; length < 64; length++) {
        equal(
          toHex(board.aesCtr(key, counter, plaintext.subarray(0, length))),
          ciphertext.slice(0, 2 * length),
        );
      }
    });

    it("AES-CM of RFC 3711 B.2", () => {
      equal(
        toHex(
          board.aesCtr(
            fromHex("2b7e151628aed2a6abf7158809cf4f3c"),
            fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000"),
            new Uint8Array(48),
          ),
        ),
        "e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0",
      );
    });

    it("carries through the whole counter", () => {
      const key = fromHex("000102030405060708090a0b0c0d0e0f");
      const stream = board.aesCtr(key, filled(16, 0xff), new Uint8Array(48));
      deepEqual(stream.slice(16, 48), board.aesCtr(key, new Uint8Array(16), new Uint8Array(32)));
    });
  });

  it("takes views and leaves what is around them", () => {
    fc.assert(
      fc.property(bytes(60), bytes(60), tagLengths, fc.nat(20), (text, aad, tagLength, offset) => {
        const [key, nonce] = [filled(16, 1), filled(13, 2)];
        const view = (part: Uint8Array) =>
          concat(filled(offset, 0xee), part, filled(3, 0xee)).subarray(offset, offset + part.length);
        const sealed = board.ccmSeal(key, nonce, aad, text, tagLength);
        const out = filled(offset + sealed.length + 3, 0xee);
        ccmSeal(view(key), view(nonce), view(aad), view(text), out.subarray(offset, offset + sealed.length));
        deepEqual(out, concat(filled(offset, 0xee), sealed, filled(3, 0xee)));
        deepEqual(board.ccmOpen(view(key), view(nonce), view(aad), view(sealed), tagLength), text);
      }),
    );
  });

  it("refuses wrong lengths and types", () => {
    const out = new Uint8Array(8);
    const range = (call: () => unknown, message: string) => throws(call, { type: RangeError, message });
    range(
      () => ccmSeal(new Uint8Array(15), zeroNonce, nothing, nothing, out),
      "key: expected 16 bytes, got 15",
    );
    range(
      () => ccmSeal(zeroKey, new Uint8Array(12), nothing, nothing, out),
      "nonce: expected 13 bytes, got 12",
    );
    range(
      () => ccmSeal(zeroKey, zeroNonce, nothing, nothing, new Uint8Array(9)),
      "tag: expected 8 or 16 bytes, got 9",
    );
    range(() => ccmOpen(zeroKey, zeroNonce, nothing, nothing, out), "tag: expected 8 or 16 bytes, got -8");
    range(
      () => ccmSeal(zeroKey, zeroNonce, new Uint8Array(65280), nothing, out),
      "aad: expected at most 65279 bytes, got 65280",
    );
    range(
      () => ccmSeal(zeroKey, zeroNonce, nothing, new Uint8Array(65536), new Uint8Array(65544)),
      "text: expected at most 65535 bytes, got 65536",
    );
    range(() => aesCtr(zeroKey, zeroNonce, nothing, nothing), "counter: expected 16 bytes, got 13");
    range(() => aesCtr(zeroKey, zeroKey, out, nothing), "out: expected 8 bytes, got 0");
    throws(() => aesCtr(zeroKey, zeroKey, out, undefined as unknown as Uint8Array), TypeError);
  });

  it("takes the longest message and the longest additional data", () => {
    const text = filled(65535, 3);
    const aad = filled(65279, 4);
    const sealed = board.ccmSeal(zeroKey, zeroNonce, aad, text, 16);
    // Value of node:crypto.
    equal(toHex(sealed.subarray(65535)), "019eb1975a948d914da4f13e7223692f");
    ok(board.ccmOpen(zeroKey, zeroNonce, aad, sealed, 16) !== undefined);
  });
});
