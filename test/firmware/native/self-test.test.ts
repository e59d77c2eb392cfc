import { SelfTestError, selfTest } from "../../../firmware/native/self-test.js";
import type { SensorSteps } from "../../../protocol/exchange/steps.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import type { Primitives } from "../../../protocol/primitives.js";
import { equal, throws } from "../../support/assert.js";
import { boardPrimitives, primitives, random, steps } from "../../support/primitives.js";

/** A bit of the result is another. */
function damaged(bytes: Uint8Array, place = bytes.length - 1): Uint8Array {
  const copy = bytes.slice();
  copy[place] ^= 1;
  return copy;
}

describe("known-answer tests at the start", () => {
  it("hold for the primitives that we have", () => {
    selfTest({ primitives: boardPrimitives, random, steps });
    selfTest({ primitives, random, steps });
  });

  const p = boardPrimitives;
  const wrong: [name: string, primitives: Partial<Primitives>][] = [
    ["SHA-256", { sha256: (data) => damaged(p.sha256(data)) }],
    ...(["sha-256", "sha-1"] as const).flatMap((hash): [string, Partial<Primitives>][] => [
      [
        `HMAC-${hash.toUpperCase()}`,
        { hmac: (h, key, data) => (h === hash ? damaged(p.hmac(h, key, data)) : p.hmac(h, key, data)) },
      ],
      [
        `PRF-HMAC-${hash.toUpperCase()}`,
        {
          prf: (h, inkey, label, length) => {
            const out = p.prf(h, inkey, label, length);
            return h === hash ? damaged(out) : out;
          },
        },
      ],
    ]),
    ...([8, 16] as const).flatMap((length): [string, Partial<Primitives>][] =>
      // The first byte is ciphertext, the last one tag.
      [0, 22 + length].map((place) => [
        `AES-CCM with a tag of ${length} bytes`,
        {
          ccmSeal: (key, nonce, aad, text, tagLength) => {
            const sealed = p.ccmSeal(key, nonce, aad, text, tagLength);
            return tagLength === length ? damaged(sealed, place) : sealed;
          },
        },
      ]),
    ),
    ["AES-CCM opening", { ccmOpen: () => undefined }],
    [
      "AES-CCM opening",
      // Decrypts, and holds every tag for right.
      { ccmOpen: () => Uint8Array.from({ length: 23 }, (_, i) => i + 8) },
    ],
    ["AES-CCM opening", { ccmOpen: (...args) => p.ccmOpen(...args) && new Uint8Array(23) }],
    ["AES-CTR", { aesCtr: (key, counter, data) => damaged(p.aesCtr(key, counter, data)) }],
    [
      "AES-CTR",
      {
        aesCtr: () => {
          throw new Error("aead: the cipher failed with error 5");
        },
      },
    ],
  ];
  for (const [name, primitive] of wrong) {
    it(`refuse a wrong ${Object.keys(primitive)[0]}: ${name}`, () => {
      const error = throws(
        () => selfTest({ primitives: { ...p, ...primitive }, random, steps }),
        SelfTestError,
      );
      equal((error as SelfTestError).message, `self-test: ${name} failed`);
    });
  }

  const wrongSteps: Partial<SensorSteps>[] = [
    { stepPsks: () => {} },
    {
      createShareMessages: (...given) =>
        steps.createShareMessages(...given).map((message) => damaged(message)),
    },
    { consumeShareVerification: () => undefined },
    {
      consumeShareVerification: () => {
        throw new Refusal(ErrorNumbers.authentication, "V does not hold");
      },
    },
    {
      channelKeys: (...given) => {
        const { tek, salt } = steps.channelKeys(...given);
        return { tek: damaged(tek), salt };
      },
    },
  ];
  for (const step of wrongSteps) {
    it(`refuse a wrong ${Object.keys(step)[0]}`, () => {
      const tested = { primitives: p, random, steps: { ...steps, ...step } };
      throws(() => selfTest(tested), { message: "self-test: the steps of an exchange failed" });
    });
  }

  it("refuse a generator that stands still, gives too little, or fails", () => {
    for (const generator of [
      (length: number) => new Uint8Array(length),
      () => Uint8Array.of(Math.floor(Math.random() * 256)),
      () => {
        throw new Error("entropy: the generator failed with error 5");
      },
    ]) {
      throws(() => selfTest({ primitives: p, random: generator, steps }), {
        message: "self-test: the random generator failed",
      });
    }
  });
});
