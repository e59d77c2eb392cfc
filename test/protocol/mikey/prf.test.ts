import { concat, fromHex, toHex } from "../../../protocol/bytes.js";
import {
  deriveMessageKey,
  deriveSessionKey,
  label,
  MessageKeys,
  prfHash,
  SessionKeys,
} from "../../../protocol/mikey/keys.js";
import { mikeyPrf } from "../../../protocol/mikey/prf.js";
import type { HashName, Primitives } from "../../../protocol/primitives.js";
import { equal, notEqual, throws } from "../../support/assert.js";
import { boardPrimitives, primitives } from "../../support/primitives.js";
import { computed } from "./samples.js";

/** The three ways in which a PRF output is made. */
const implementations: [string, Pick<Primitives, "prf">][] = [
  [
    "mikeyPrf",
    {
      prf: (hash, inkey, label, length) => mikeyPrf(primitives.hmac, hash, inkey, label, length),
    },
  ],
  ["the engine's primitives", primitives],
  ["the board's primitives", boardPrimitives],
];

/** Sequence 00 01 02 …. */
const counting = (length: number) => Uint8Array.from({ length }, (_, i) => i);

/** csd/minisip's and its descendants' unit test: PRF func 1, labels of RFC 3830 §4.1.3. */
const published: [csId: number, csbId: string, constant: number, key: string][] = [
  [4, "05a85c16", SessionKeys.encryption, "3924935940c154ccbc3c2ad05c8f5181"],
  [4, "05a85c16", SessionKeys.salt, "1725869b80f370cc9f24e13b"],
  [0, "05a85c16", SessionKeys.encryption, "f17c80a8d2f9befa47cf712603d7229a"],
  [0, "05a85c16", SessionKeys.salt, "c3b7b561a291a1d3abef482b"],
  [4, "0633f457", SessionKeys.tek, "59aaa49ebb54813602b7cc165961b4e8"],
  [4, "0633f457", SessionKeys.salt, "745eb4df7d155c473114a799"],
];
const publishedTgk = fromHex("a27b7d578eeb9b1ee7705e385996d300");
const publishedRand = fromHex("4339f62f55aac86348846a482c893802");

const messageKeys: [hash: HashName, constant: number, key: string][] = [
  ["sha-1", MessageKeys.encryption, "72dfc1da3690f6ad530e3062cd3a902f"],
  ["sha-1", MessageKeys.encryption, "72dfc1da3690f6ad530e3062cd3a902f2ca0ed5b18543bbb61f3af5d7d626350"],
  ["sha-1", MessageKeys.salt, "8d7d506a4a99390d7da6288dcab0"],
  ["sha-1", MessageKeys.salt, "8d7d506a4a99390d"],
  ["sha-1", MessageKeys.authentication, "34e165a1115f1eab1bf423b3c4ad13d508f8b776"],
  ["sha-256", MessageKeys.encryption, "9565783ea2ae873c231406f0a1fb21ff"],
  ["sha-256", MessageKeys.encryption, "9565783ea2ae873c231406f0a1fb21ffbdc09ee6af40a173d8162b5bfc4739ff"],
  ["sha-256", MessageKeys.salt, "941ac35c6bac07f826a2204d397a"],
  ["sha-256", MessageKeys.authentication, "83f641ba989273b693d2d75664e82083b874eb97665e0098923548b1cce7ea3f"],
];

const { tek, authentication, encryption, salt } = SessionKeys;
const sessionKeys: [hash: HashName, csId: number, keys: [constant: number, key: string][]][] = [
  [
    "sha-1",
    1,
    [
      [tek, "3bcf36c2069304edad26ad43ba8d308d"],
      [authentication, "692d0642a45bf378d3260147896359d6cb111c68"],
      [encryption, "8efd53c2dae4f112047bc13c1a25c348"],
      [salt, "b9557b8a34ce142a6fab5d8f2fa4"],
    ],
  ],
  [
    "sha-1",
    2,
    [
      [tek, "b074336402011e30d6c300a95b5103e6"],
      [authentication, "63625e203c7282e3683426f7201154146579f2e4"],
      [encryption, "7b495f0a52d38cce07f18db9e06e6f6f"],
      [salt, "bb4448945164ba87c7daa42e4765"],
    ],
  ],
  [
    "sha-256",
    1,
    [
      [tek, "8c5f3fbfc6727b57e7b4286a74703293"],
      [authentication, "12eaa4d62d09954d83a68b384fd17afbcf31f8cd"],
      [encryption, "4f56935391af73b439b55609105e9d58"],
      [salt, "5a29986623e5b248bad9c4512967"],
    ],
  ],
  [
    "sha-256",
    2,
    [
      [tek, "8f11414ca7d2f97fe6de27d5a77ca430"],
      [authentication, "11815228a96030c68f0d04af9e4e2229b5583d79"],
      [encryption, "29af6c3f0c0066f2897b38bdf47d1ee8"],
      [salt, "463cf2142b700b52f799af55931f"],
    ],
  ],
];

/** TEK label of cs_id 1, 48 bytes, from an inkey of that many bytes 00 01 02 …. */
const split: [inkeyLength: number, hash: HashName, key: string][] = [
  [
    32,
    "sha-1",
    "b504b3b4a2017e73cc3eb22723f51b06bbf8118755ee46c63d345a2cad3b0d0947ccd222cf9f8094a5882f4181b5451a",
  ],
  [
    32,
    "sha-256",
    "e606b3c82d524c527889f5e36d2b95b5c72a5114b2c9d71c42848de1b784619a3865f5daeca44eef90e337ac300f4717",
  ],
  [
    40,
    "sha-1",
    "29830109e8f826accc765a3405457fe53ded3a58af7c8fca988b258d63b7fb98f0db24ac49f0b02a882abd8b324018a4",
  ],
  [
    40,
    "sha-256",
    "e63ca8beffe6aecb575d99c46f9a748ba0919940901cab783d2b30099d6550465f7d79386b6c5b5241dacb9bf4def673",
  ],
  [
    64,
    "sha-1",
    "2d2d7282adb2f706faa2c3e09e3135feef89aead76ca8c2950387706809d6020910ddfb3fbf74f4fe8197ed54e433a1a",
  ],
  [
    64,
    "sha-256",
    "ff1bfd11fb8873712f878cbfe4cd808ed99ef9fc79633803288543b1ef60ea777c627455ed8f4f6e1e09b717e4a920e5",
  ],
];

for (const [name, implementation] of implementations) {
  const lender: Primitives = { ...primitives, prf: implementation.prf };

  describe(`MIKEY PRF, ${name}`, () => {
    for (const [csId, csbId, constant, key] of published) {
      it(`gives the published key of cs_id ${csId}, CSB ${csbId}, 0x${constant.toString(16)}`, () => {
        const context = { hash: "sha-256", csbId: fromHex(csbId), rand: publishedRand } as const;
        const length = key.length / 2;
        equal(toHex(deriveSessionKey(lender, publishedTgk, constant, csId, context, length)), key);
      });
    }

    it("gives the keys of messages from a PSK", () => {
      for (const [hash, constant, key] of messageKeys) {
        const context = { hash, csbId: computed.csbId, rand: computed.rand };
        const length = key.length / 2;
        equal(toHex(deriveMessageKey(lender, computed.psk, constant, context, length)), key);
      }
    });

    it("gives the keys of sessions from a TGK", () => {
      for (const [hash, csId, keys] of sessionKeys) {
        const context = { hash, csbId: computed.csbId, rand: computed.rand };
        for (const [constant, key] of keys) {
          const length = key.length / 2;
          equal(toHex(deriveSessionKey(lender, computed.tgk, constant, csId, context, length)), key);
        }
      }
    });

    for (const [length, hash, key] of split) {
      it(`splits an inkey of ${length} bytes under ${hash}`, () => {
        const context = { hash, csbId: computed.csbId, rand: computed.rand };
        equal(toHex(deriveSessionKey(lender, counting(length), tek, 1, context, 48)), key);
      });
    }

    it("has no last piece of length 0 for an inkey of 32 bytes, as libmikey of 2010 had", () => {
      // With an empty piece the key would be the same for every inkey: the one of zeros, for HMAC pads with them.
      const context = { hash: "sha-1", csbId: computed.csbId, rand: computed.rand } as const;
      const broken = "5e3045aef775f94d29e5888753bf02ec";
      equal(toHex(deriveSessionKey(lender, new Uint8Array(32), tek, 1, context, 16)), broken);
      for (const inkey of [counting(32), new Uint8Array(32).fill(255)]) {
        notEqual(toHex(deriveSessionKey(lender, inkey, tek, 1, context, 16)), broken);
      }
    });

    it("gives a shorter output as the beginning of a longer one", () => {
      for (const hash of ["sha-1", "sha-256"] as const) {
        const longest = lender.prf(hash, computed.tgk, computed.rand, 70);
        for (const length of [1, 19, 20, 21, 31, 32, 33, 64, 65]) {
          equal(
            toHex(lender.prf(hash, computed.tgk, computed.rand, length)),
            toHex(longest.subarray(0, length)),
          );
        }
      }
    });

    it("takes no empty inkey", () => {
      throws(() => lender.prf("sha-256", new Uint8Array(0), computed.rand, 16), RangeError);
    });
  });
}

describe("labels of MIKEY keys", () => {
  const context = { hash: "sha-256", csbId: computed.csbId, rand: computed.rand } as const;

  it("are constant, cs_id, csb_id and RAND", () => {
    const expected = concat(fromHex("2ad01c64"), fromHex("07"), computed.csbId, computed.rand);
    equal(toHex(label(SessionKeys.tek, 7, context)), toHex(expected));
  });

  it("take no cs_id or CSB ID of another size", () => {
    throws(() => label(SessionKeys.tek, 256, context), { type: RangeError, message: /^cs_id: / });
    throws(() => label(SessionKeys.tek, -1, context), { type: RangeError, message: /^cs_id: / });
    throws(() => label(SessionKeys.tek, 1, { ...context, csbId: new Uint8Array(3) }), {
      type: RangeError,
      message: "CSB ID: expected 4 bytes, got 3",
    });
  });

  it("are made with the hash that PRF func names", () => {
    equal(prfHash(0), "sha-1");
    equal(prfHash(1), "sha-256");
    equal(prfHash(2), undefined);
    equal(prfHash(127), undefined);
  });
});
