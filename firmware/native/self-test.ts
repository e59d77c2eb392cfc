/**
 * Known-answer tests, run at every start. On hardware that nobody has tried this code on, and on hardware that has
 * gone bad, they are what stands between a wrong cipher and a key on the air: the board refuses when one fails.
 */

import { concat, equal, fromHex } from "../../protocol/bytes.js";
import type { SensorSteps } from "../../protocol/exchange/steps.js";
import { Refusal } from "../../protocol/mikey/refusal.js";
import type { Primitives, RandomSource } from "../../protocol/primitives.js";
import { multiply } from "../../protocol/shares/field.js";

/** A primitive gave something else than it must. */
export class SelfTestError extends Error {
  override readonly name = "SelfTestError";
  constructor(
    /** Which one. */
    readonly primitive: string,
    options?: ErrorOptions,
  ) {
    super(`self-test: ${primitive} failed`, options);
  }
}

/** Runs all tests, a few milliseconds of software. Throws a SelfTestError that names the first that fails. */
export function selfTest({ primitives, random, steps }: Tested): void {
  for (const [name, holds] of tests) {
    let held: boolean;
    try {
      held = holds(primitives, random, steps);
    } catch (cause) {
      throw new SelfTestError(name, { cause });
    }
    if (!held) throw new SelfTestError(name);
  }
}

/** What a board has to prove. */
export interface Tested {
  readonly primitives: Primitives;
  readonly random: RandomSource;
  readonly steps: SensorSteps;
}

type Test = [
  name: string,
  holds: (primitives: Primitives, random: RandomSource, steps: SensorSteps) => boolean,
];

/** Text is written as the hexadecimal of its bytes, so that a vector can be compared with its source. */
const tests: readonly Test[] = [
  [
    "SHA-256",
    // FIPS 180-4, "abc"
    (p) =>
      gives(p.sha256(fromHex("616263")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
  ],
  [
    "HMAC-SHA-256",
    // RFC 4231 §4.3
    (p) =>
      gives(
        p.hmac("sha-256", jefe(), nothing()),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      ),
  ],
  [
    "HMAC-SHA-1",
    // RFC 2202 §3, case 2
    (p) => gives(p.hmac("sha-1", jefe(), nothing()), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
  ],
  [
    "PRF-HMAC-SHA-256",
    // RFC 3830 §4.1.2: 16 bytes of sw_mikey_sakke's published vectors
    (p) => gives(p.prf("sha-256", prfInkey(), prfLabel(), 16), "3924935940c154ccbc3c2ad05c8f5181"),
  ],
  [
    "PRF-HMAC-SHA-1",
    (p) => gives(p.prf("sha-1", counting(16), prfOfPsk(), 14), "8d7d506a4a99390d7da6288dcab0"),
  ],
  [
    "AES-CCM with a tag of 8 bytes",
    // RFC 3610 §8, packet vector 1
    (p) => gives(p.ccmSeal(ccmKey(), ccmNonce(), counting(8), counting(31).subarray(8), 8), CCM_8),
  ],
  [
    "AES-CCM with a tag of 16 bytes",
    // The same packet: the ciphertext is that of the vector, the tag is OpenSSL's.
    (p) => gives(p.ccmSeal(ccmKey(), ccmNonce(), counting(8), counting(31).subarray(8), 16), CCM_16),
  ],
  ["AES-CCM opening", (p) => opensOnlyWhatHolds(p, CCM_8, 8) && opensOnlyWhatHolds(p, CCM_16, 16)],
  ["the steps of an exchange", (p, _, steps) => makesAndTakes(p, steps)],
  [
    "multiplication in GF(256)",
    // FIPS 197 §4.2
    () => multiply(0x57, 0x83) === 0xc1,
  ],
  [
    "AES-CTR",
    // SP 800-38A F.5.1, two blocks; the counter's last byte runs over between them
    (p) =>
      gives(
        p.aesCtr(
          fromHex("2b7e151628aed2a6abf7158809cf4f3c"),
          fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"),
          fromHex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"),
        ),
        "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff",
      ),
  ],
  [
    "the random generator",
    // No known answer; but one that stands still gives the same twice.
    (_, random) => {
      const [first, second] = [random(16), random(16)];
      return first.length === 16 && second.length === 16 && !equal(first, second);
    },
  ],
];

const CCM_CIPHERTEXT = "588c979a61c663d2f066d0c2c0f989806d5f6b61dac384";
const CCM_8 = `${CCM_CIPHERTEXT}17e8d12cfdf926e0`;
const CCM_16 = `${CCM_CIPHERTEXT}509da654e32deac369c2dae7133cb08d`;

/** Opens the packet, and neither when a bit of its tag, nor when one of its ciphertext, is another. */
function opensOnlyWhatHolds(p: Primitives, packet: string, tagLength: 8 | 16): boolean {
  const open = (sealed: Uint8Array) => p.ccmOpen(ccmKey(), ccmNonce(), counting(8), sealed, tagLength);
  const opened = open(fromHex(packet));
  if (opened === undefined || !equal(opened, counting(31).subarray(8))) return false;
  for (const place of [0, packet.length / 2 - 1]) {
    const forged = fromHex(packet);
    forged[place] ^= 1;
    if (open(forged) !== undefined) return false;
  }
  return true;
}

/** What an exchange of 2-of-2 makes, by its digest, and a TP_I: from the reference; and the step to the next PSK. */
function makesAndTakes(p: Primitives, steps: SensorSteps): boolean {
  const party = { type: 2, data: counting(2) };
  const policy = {
    sensor: party,
    threshold: 2,
    privacy: 1,
    suite: "aes-ccm-128",
    thirdParties: [party, party],
  } as const;
  const psk = counting(16);
  const session = steps.createSession(policy, party, counting(8), 7);
  const { tek, salt } = steps.channelKeys(session, psk);
  const messages = steps.createShareMessages(session, [psk, ccmKey()], counting(2), psk);
  const made = p.sha256(concat(...messages, tek, salt));
  const receipt = fromHex(RECEIPT);
  const taken = steps.consumeShareVerification(receipt, session, party, psk) === undefined;
  receipt[receipt.length - 1] ^= 1;
  const refused = refusesForgery(() => steps.consumeShareVerification(receipt, session, party, psk));
  steps.stepPsks(psk);
  return gives(made, MADE) && taken && refused && gives(psk, STEPPED);
}

const MADE = "c8a2243a7a2ed350c5658c94755567e694caf4a6ff1210824a7849d7db4eebfc";
/** OpenSSL's HMAC-SHA-256 of "symbolon-psk". */
const STEPPED = "92ff6dbb1b58759dd7e2505f141447a6";
const RECEIPT =
  "010105010001020300010e020000000709f0020002000100025c31c806a01e2dbef375e60a06d683cdd43d4cc72e67999d227f57b0e44c1c59";

function refusesForgery(consume: () => unknown): boolean {
  try {
    consume();
    return false;
  } catch (error) {
    return error instanceof Refusal;
  }
}

function gives(actual: Uint8Array, expected: string): boolean {
  return equal(actual, fromHex(expected));
}

/** 0, 1, 2, … */
function counting(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => i);
}

// Made anew each time: a constant array of a preloaded module would lie in flash for good, and RAM is scarce.

function jefe(): Uint8Array {
  return fromHex("4a656665");
}

/** "what do ya want for nothing?" */
function nothing(): Uint8Array {
  return fromHex("7768617420646f2079612077616e7420666f72206e6f7468696e673f");
}

function prfInkey(): Uint8Array {
  return fromHex("a27b7d578eeb9b1ee7705e385996d300");
}

function prfLabel(): Uint8Array {
  return fromHex("15798cef0405a85c164339f62f55aac86348846a482c893802");
}

function prfOfPsk(): Uint8Array {
  return fromHex("29b88916ff11223344a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
}

function ccmKey(): Uint8Array {
  return fromHex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");
}

function ccmNonce(): Uint8Array {
  return fromHex("00000003020100a0a1a2a3a4a5");
}
