import assert from "node:assert/strict";
import { ctr } from "@noble/ciphers/aes.js";
import { hmac as nobleHmac } from "@noble/hashes/hmac.js";
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import fc from "fast-check";
import { primitives, randomSource } from "../../host/primitives.js";
import { ascii, concat, fromHex, toHex } from "../../protocol/bytes.js";
import { mikeyPrf } from "../../protocol/mikey/prf.js";

const bytes = (maxLength = 300, minLength = 0) => fc.uint8Array({ minLength, maxLength });
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

/** Plain, and not a window into somebody else's memory. */
function isOwn(value: Uint8Array | undefined): void {
  assert.ok(value !== undefined);
  assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype);
  assert.equal(value.byteLength, value.buffer.byteLength);
}

describe("host primitives", () => {
  describe("published vectors", () => {
    it("SHA-256 of FIPS 180-4", () => {
      assert.equal(
        toHex(primitives.sha256(ascii("abc"))),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      );
    });

    it("HMAC-SHA-256 of RFC 4231, HMAC-SHA-1 of RFC 2202", () => {
      const key = new Uint8Array(20).fill(0x0b);
      assert.equal(
        toHex(primitives.hmac("sha-256", key, ascii("Hi There"))),
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      );
      assert.equal(
        toHex(primitives.hmac("sha-1", key, ascii("Hi There"))),
        "b617318655057264e28bc0b6fb378c8ef146be00",
      );
      // A key longer than the hash's block is hashed first.
      assert.equal(
        toHex(
          primitives.hmac(
            "sha-256",
            new Uint8Array(131).fill(0xaa),
            ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
          ),
        ),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      );
    });

    it("AES-CCM packet vector 1 of RFC 3610 (8-byte tag)", () => {
      const key = fromHex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");
      const nonce = fromHex("00000003020100a0a1a2a3a4a5");
      const aad = fromHex("0001020304050607");
      const plaintext = fromHex("08090a0b0c0d0e0f101112131415161718191a1b1c1d1e");
      const sealed = primitives.ccmSeal(key, nonce, aad, plaintext, 8);
      assert.equal(toHex(sealed), "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0");
      assert.deepEqual(primitives.ccmOpen(key, nonce, aad, sealed, 8), plaintext);
    });

    it("AES-CTR of SP 800-38A F.5.1", () => {
      const key = fromHex("2b7e151628aed2a6abf7158809cf4f3c");
      const counter = fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
      const plaintext = fromHex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
      assert.equal(
        toHex(primitives.aesCtr(key, counter, plaintext)),
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
      );
    });
  });

  describe("against noble", () => {
    it("hashes", () => {
      fc.assert(
        fc.property(bytes(), bytes(), (key, data) => {
          assert.deepEqual(primitives.sha256(data), sha256(data));
          assert.deepEqual(primitives.hmac("sha-256", key, data), nobleHmac(sha256, key, data));
          assert.deepEqual(primitives.hmac("sha-1", key, data), nobleHmac(sha1, key, data));
        }),
      );
    });

    it("counter mode", () => {
      fc.assert(
        fc.property(exactly(16), exactly(16), bytes(), (key, counter, data) => {
          assert.deepEqual(primitives.aesCtr(key, counter, data), ctr(key, counter).encrypt(data));
        }),
      );
    });

    it("the PRF, over noble's HMAC", () => {
      const hmac = (hash: "sha-1" | "sha-256", key: Uint8Array, data: Uint8Array) =>
        nobleHmac(hash === "sha-1" ? sha1 : sha256, key, data);
      fc.assert(
        fc.property(
          fc.constantFrom("sha-1" as const, "sha-256" as const),
          bytes(80, 1),
          bytes(40),
          fc.nat(100),
          (hash, inkey, label, length) => {
            assert.deepEqual(
              primitives.prf(hash, inkey, label, length),
              mikeyPrf(hmac, hash, inkey, label, length),
            );
          },
        ),
      );
    });

    it("CCM, built from noble's AES as RFC 3610 says", () => {
      fc.assert(
        fc.property(
          exactly(16),
          exactly(13),
          bytes(70),
          bytes(70),
          fc.constantFrom(8 as const, 16 as const),
          (key, nonce, aad, plaintext, tagLength) => {
            const sealed = primitives.ccmSeal(key, nonce, aad, plaintext, tagLength);
            assert.deepEqual(sealed, referenceCcm(key, nonce, aad, plaintext, tagLength));
            assert.deepEqual(primitives.ccmOpen(key, nonce, aad, sealed, tagLength), plaintext);
          },
        ),
      );
    });
  });

  it("opens nothing that was changed in any bit", () => {
    const key = new Uint8Array(16).fill(1);
    const nonce = new Uint8Array(13).fill(2);
    const aad = fromHex("0102");
    for (const tagLength of [8, 16] as const) {
      const sealed = primitives.ccmSeal(key, nonce, aad, fromHex("aabbcc"), tagLength);
      for (let bit = 0; bit < sealed.length * 8; bit++) {
        const altered = Uint8Array.from(sealed);
        altered[bit >> 3] ^= 1 << (bit & 7);
        assert.equal(primitives.ccmOpen(key, nonce, aad, altered, tagLength), undefined);
      }
      assert.equal(primitives.ccmOpen(key, nonce, fromHex("0103"), sealed, tagLength), undefined);
      assert.equal(primitives.ccmOpen(key, nonce, aad, sealed.subarray(0, -1), tagLength), undefined);
    }
    assert.equal(primitives.ccmOpen(key, nonce, aad, new Uint8Array(7), 8), undefined);
  });

  it("checks the tag of an empty plaintext too", () => {
    // Node 20's own createDecipheriv accepts any tag when it is handed an array over an empty ArrayBuffer.
    const key = new Uint8Array(16);
    const nonce = new Uint8Array(13);
    const nothing = new Uint8Array(new ArrayBuffer(0));
    const sealed = primitives.ccmSeal(key, nonce, nothing, nothing, 16);
    assert.equal(toHex(sealed), "8b60abcd6043810ba378a01d4a29830b");
    assert.deepEqual(primitives.ccmOpen(key, nonce, nothing, sealed, 16), nothing);
    assert.equal(primitives.ccmOpen(key, nonce, nothing, new Uint8Array(16), 16), undefined);
  });

  it("answers in arrays that own their bytes, even for nothing", () => {
    const key = new Uint8Array(16);
    const nonce = new Uint8Array(13);
    for (const data of [new Uint8Array(0), new Uint8Array(5)]) {
      isOwn(primitives.sha256(data));
      isOwn(primitives.hmac("sha-1", key, data));
      isOwn(primitives.prf("sha-256", key, data, 9));
      isOwn(primitives.aesCtr(key, key, data));
      const sealed = primitives.ccmSeal(key, nonce, data, data, 16);
      isOwn(sealed);
      isOwn(primitives.ccmOpen(key, nonce, data, sealed, 16));
      isOwn(randomSource(data.length));
    }
  });

  it("names an argument of the wrong length", () => {
    const key = new Uint8Array(16);
    const empty = new Uint8Array(0);
    assert.throws(() => primitives.ccmSeal(key, new Uint8Array(12), empty, empty, 8), {
      name: "RangeError",
      message: "nonce: expected 13 bytes, got 12",
    });
    assert.throws(() => primitives.ccmOpen(new Uint8Array(15), new Uint8Array(13), empty, empty, 8), {
      name: "RangeError",
      message: "key: expected 16 bytes, got 15",
    });
    assert.throws(() => primitives.aesCtr(key, new Uint8Array(14), empty), {
      message: "counter: expected 16 bytes, got 14",
    });
  });

  it("gives other random bytes each time", () => {
    const seen = new Set(Array.from({ length: 100 }, () => toHex(randomSource(16))));
    assert.equal(seen.size, 100);
    assert.throws(() => randomSource(-1), RangeError);
  });
});

/** RFC 3610 §2.2–2.4 with L = 2. AES-CTR of a zero block from counter block B is AES(key, B). */
function referenceCcm(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  tagLength: 8 | 16,
): Uint8Array {
  const aes = (block: Uint8Array) => ctr(key, block).encrypt(new Uint8Array(16));
  const pad = (data: Uint8Array) => concat(data, new Uint8Array((16 - (data.length % 16)) % 16));
  const flags = (aad.length > 0 ? 64 : 0) | (((tagLength - 2) / 2) << 3) | 1;
  const length = Uint8Array.of(plaintext.length >> 8, plaintext.length & 255);
  const header = aad.length > 0 ? pad(concat(Uint8Array.of(aad.length >> 8, aad.length & 255), aad)) : aad;
  const blocks = concat(Uint8Array.of(flags), nonce, length, header, pad(plaintext));
  let mac: Uint8Array = new Uint8Array(16);
  for (let i = 0; i < blocks.length; i += 16) mac = aes(mac.map((byte, j) => byte ^ blocks[i + j]));
  const counter = (i: number) => concat(Uint8Array.of(1), nonce, Uint8Array.of(0, i));
  const s0 = aes(counter(0));
  const tag = mac.map((byte, j) => byte ^ s0[j]).subarray(0, tagLength);
  return concat(ctr(key, counter(1)).encrypt(plaintext), tag);
}
