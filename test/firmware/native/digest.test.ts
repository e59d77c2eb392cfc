import fc from "fast-check";
import { sha1, sha256 } from "../../../firmware/native/digest/digest.js";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import type { HashName } from "../../../protocol/primitives.js";
import { deepEqual, equal, throws } from "../../support/assert.js";
import { boardPrimitives as board } from "../../support/primitives.js";

/** 00 01 02 … */
const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i & 255);
const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const hashes: HashName[] = ["sha-1", "sha-256"];

function sha1Of(data: Uint8Array): Uint8Array {
  const digest = new Uint8Array(20);
  sha1(data, digest);
  return digest;
}

describe("native digest", () => {
  describe("hashes (FIPS 180-4, NIST's examples)", () => {
    const twoBlocks = ascii("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");

    it("SHA-256", () => {
      equal(
        toHex(board.sha256(ascii("abc"))),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      );
      equal(
        toHex(board.sha256(twoBlocks)),
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      );
      equal(
        toHex(board.sha256(new Uint8Array(0))),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      );
    });

    it("SHA-1", () => {
      equal(toHex(sha1Of(ascii("abc"))), "a9993e364706816aba3e25717850c26c9cd0d89d");
      equal(toHex(sha1Of(twoBlocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
      equal(toHex(sha1Of(new Uint8Array(0))), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    });

    it("a hundred thousand times the letter a, as FIPS 180 has a million", () => {
      // Values of sha256sum and sha1sum.
      const data = filled(100_000, 0x61);
      equal(toHex(board.sha256(data)), "6d1cf22d7cc09b085dfc25ee1a1f3ae0265804c607bc2074ad253bcc82fd81ee");
      equal(toHex(sha1Of(data)), "c4d4b30851182fc4eb8675494d42fd7f17e29c93");
    });
  });

  describe("HMAC (RFC 2202, RFC 4231)", () => {
    const vectors = [
      {
        key: filled(20, 0x0b),
        data: ascii("Hi There"),
        "sha-1": "b617318655057264e28bc0b6fb378c8ef146be00",
        "sha-256": "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      },
      {
        key: ascii("Jefe"),
        data: ascii("what do ya want for nothing?"),
        "sha-1": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
        "sha-256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      },
      {
        key: filled(20, 0xaa),
        data: filled(50, 0xdd),
        "sha-1": "125d7342b9ac11cd91a39af48aa17b4f63f175d3",
        "sha-256": "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      },
    ] as const;

    it("short keys", () => {
      for (const { key, data, ...macs } of vectors) {
        for (const hash of hashes) equal(toHex(board.hmac(hash, key, data)), macs[hash]);
      }
    });

    it("keys longer than a block", () => {
      const data = ascii("Test Using Larger Than Block-Size Key - Hash Key First");
      equal(
        toHex(board.hmac("sha-256", filled(131, 0xaa), data)),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      );
      equal(
        toHex(
          board.hmac(
            "sha-1",
            filled(80, 0xaa),
            ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
          ),
        ),
        "aa4ae5e15272d00e95705637ce8a3b55ed402112",
      );
    });

    it("is H((K ⊕ opad) ‖ H((K ⊕ ipad) ‖ text)), for every length around the blocks' ends", () => {
      const key = counting(64);
      const pad = (byte: number) => key.map((value) => value ^ byte);
      for (let length = 0; length <= 130; length++) {
        const text = counting(length);
        deepEqual(
          board.hmac("sha-256", key, text),
          board.sha256(concat(pad(0x5c), board.sha256(concat(pad(0x36), text)))),
        );
        deepEqual(board.hmac("sha-1", key, text), sha1Of(concat(pad(0x5c), sha1Of(concat(pad(0x36), text)))));
      }
    });
  });

  describe("MIKEY PRF (RFC 3830 §4.1.2)", () => {
    it("published by sw_mikey_sakke for PRF-HMAC-SHA-256", () => {
      const inkey = fromHex("a27b7d578eeb9b1ee7705e385996d300");
      const random = fromHex("4339f62f55aac86348846a482c893802");
      const vectors = [
        ["15798cef", "04", "05a85c16", "3924935940c154ccbc3c2ad05c8f5181"],
        ["39a2c14b", "04", "05a85c16", "1725869b80f370cc9f24e13b"],
        ["15798cef", "00", "05a85c16", "f17c80a8d2f9befa47cf712603d7229a"],
        ["39a2c14b", "00", "05a85c16", "c3b7b561a291a1d3abef482b"],
        ["2ad01c64", "04", "0633f457", "59aaa49ebb54813602b7cc165961b4e8"],
        ["39a2c14b", "04", "0633f457", "745eb4df7d155c473114a799"],
      ];
      for (const [constant, csId, csbId, expected] of vectors) {
        const label = concat(fromHex(constant + csId + csbId), random);
        equal(toHex(board.prf("sha-256", inkey, label, expected.length / 2)), expected);
      }
    });

    it("the keys that a PSK gives, of both PRFs", () => {
      const psk = counting(16);
      const context = "ff11223344a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
      const vectors: [HashName, string, string][] = [
        ["sha-1", "150533e1", "72dfc1da3690f6ad530e3062cd3a902f2ca0ed5b18543bbb61f3af5d7d626350"],
        ["sha-1", "29b88916", "8d7d506a4a99390d7da6288dcab0"],
        ["sha-1", "2d22ac75", "34e165a1115f1eab1bf423b3c4ad13d508f8b776"],
        ["sha-256", "150533e1", "9565783ea2ae873c231406f0a1fb21ffbdc09ee6af40a173d8162b5bfc4739ff"],
        ["sha-256", "29b88916", "941ac35c6bac07f826a2204d397a"],
        ["sha-256", "2d22ac75", "83f641ba989273b693d2d75664e82083b874eb97665e0098923548b1cce7ea3f"],
      ];
      for (const [hash, constant, expected] of vectors) {
        equal(toHex(board.prf(hash, psk, fromHex(constant + context), expected.length / 2)), expected);
      }
    });

    it("inkeys of one chunk, of one and a quarter, of two", () => {
      const label = fromHex("2ad01c640111223344a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
      const vectors: [number, string, string][] = [
        [
          32,
          "b504b3b4a2017e73cc3eb22723f51b06bbf8118755ee46c63d345a2cad3b0d0947ccd222cf9f8094a5882f4181b5451a",
          "e606b3c82d524c527889f5e36d2b95b5c72a5114b2c9d71c42848de1b784619a3865f5daeca44eef90e337ac300f4717",
        ],
        [
          40,
          "29830109e8f826accc765a3405457fe53ded3a58af7c8fca988b258d63b7fb98f0db24ac49f0b02a882abd8b324018a4",
          "e63ca8beffe6aecb575d99c46f9a748ba0919940901cab783d2b30099d6550465f7d79386b6c5b5241dacb9bf4def673",
        ],
        [
          64,
          "2d2d7282adb2f706faa2c3e09e3135feef89aead76ca8c2950387706809d6020910ddfb3fbf74f4fe8197ed54e433a1a",
          "ff1bfd11fb8873712f878cbfe4cd808ed99ef9fc79633803288543b1ef60ea777c627455ed8f4f6e1e09b717e4a920e5",
        ],
      ];
      for (const [length, prf0, prf1] of vectors) {
        equal(toHex(board.prf("sha-1", counting(length), label, 48)), prf0);
        equal(toHex(board.prf("sha-256", counting(length), label, 48)), prf1);
      }
    });

    it("a shorter output is the beginning of a longer one", () => {
      const label = counting(25);
      for (const hash of hashes) {
        const longest = board.prf(hash, counting(16), label, 100);
        for (let length = 0; length < 100; length++) {
          deepEqual(board.prf(hash, counting(16), label, length), longest.slice(0, length));
        }
      }
    });
  });

  it("takes views and leaves what is around them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(40), fc.nat(40), (data, before, after) => {
        const around = concat(filled(before, 0xee), data, filled(after, 0xee));
        const view = around.subarray(before, before + data.length);
        deepEqual(board.sha256(view), board.sha256(data));

        const out = filled(before + 32 + after, 0xee);
        sha256(view, out.subarray(before, before + 32));
        deepEqual(out, concat(filled(before, 0xee), board.sha256(data), filled(after, 0xee)));
      }),
    );
  });

  it("refuses wrong lengths and types", () => {
    const { key, data } = { key: counting(16), data: counting(3) };
    throws(() => sha256(data, new Uint8Array(31)), {
      type: RangeError,
      message: "digest: expected 32 bytes, got 31",
    });
    throws(() => sha1(data, new Uint8Array(32)), {
      type: RangeError,
      message: "digest: expected 20 bytes, got 32",
    });
    throws(() => board.prf("sha-256", new Uint8Array(0), data, 16), {
      type: RangeError,
      message: "inkey: expected at least 1 byte, got 0",
    });
    throws(() => board.hmac("md5" as HashName, key, data), { type: RangeError, message: /^hash: / });
    throws(() => board.sha256("abc" as unknown as Uint8Array), TypeError);
  });
});
