import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { createErrorMessage, errorNumbers } from "../../../protocol/mikey/error-message.js";
import { errorName } from "../../../protocol/mikey/error-names.js";
import { emptyMap, type Header } from "../../../protocol/mikey/header.js";
import { decodeMessage, encodeMessage } from "../../../protocol/mikey/message.js";
import { DataTypes, ErrorNumbers, MacAlgorithms, PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { macLength, type Payload } from "../../../protocol/mikey/payloads.js";
import { DecodeError } from "../../../protocol/mikey/reader.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import {
  checkVerification,
  createVerification,
  type VerificationContext,
} from "../../../protocol/mikey/verification.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";
import { computed, samples } from "./samples.js";

const nai = (text: string) => ({ type: 0, data: ascii(text) });
const timestamp = { type: 0, value: computed.timestamp };
const { csbId, rand } = computed;

/** The answer of tp1 to the sensor's computed message. */
const answered: VerificationContext = {
  key: computed.psk,
  context: { hash: "sha-1", csbId, rand },
  initiator: nai("sensor-1@example"),
  responder: nai("tp1@example"),
  timestamp,
};

/** R_I of the distributed mode: the TGK in place of a PSK. */
const confirmed: VerificationContext = {
  key: computed.tgk,
  context: { hash: "sha-256", csbId, rand },
  initiator: nai("sensor-1@example"),
  responder: nai("r@hospital.example"),
  timestamp,
};

const answer = (prf: number, responder: string) => ({
  header: { dataType: 1, verify: false, prf, csbId, map: emptyMap } satisfies Header,
  payloads: [
    { type: PayloadTypes.T, timestamp },
    { type: PayloadTypes.ID, identity: nai(responder) },
  ] satisfies Payload[],
});

const vectors = [
  ["preSharedKeyVerification", answer(0, "tp1@example"), MacAlgorithms.hmacSha1, answered],
  ["confirmation", answer(1, "r@hospital.example"), MacAlgorithms.hmacSha256, confirmed],
] as const;

function refuses(call: () => unknown, errorNumber: number, message?: RegExp): void {
  const error = throws(call, message === undefined ? Refusal : { type: Refusal, message });
  ok(error instanceof Refusal);
  equal(error.errorNumber, errorNumber, error.message);
}

describe("verification messages of MIKEY", () => {
  for (const [sample, message, algorithm, context] of vectors) {
    const bytes = fromHex(samples[sample]);

    it(`${sample}: the computed message, byte for byte`, () => {
      equal(toHex(createVerification(primitives, message, algorithm, context)), samples[sample]);
      checkVerification(primitives, decodeMessage(bytes), algorithm, context);
    });

    it(`${sample}: a changed byte anywhere is never accepted`, () => {
      for (let i = 0; i < bytes.length; i++) {
        for (let bit = 0; bit < 8; bit++) {
          const changed = bytes.slice();
          changed[i] ^= 1 << bit;
          const error = throws(() =>
            checkVerification(primitives, decodeMessage(changed), algorithm, context),
          );
          ok(error instanceof Refusal || error instanceof DecodeError, String(error));
        }
      }
    });

    it(`${sample}: another key, hash, CSB ID, RAND, identity or T is refused`, () => {
      const other = new Uint8Array(16);
      const labels = context.context;
      for (const change of [
        { key: other },
        { initiator: nai("sensor-2@example") },
        { responder: nai("tp2@example") },
        { initiator: context.responder, responder: context.initiator },
        { timestamp: { type: 0, value: fromHex("ec00000012345679") } },
        { context: { ...labels, rand: other } },
        { context: { ...labels, csbId: fromHex("11223345") } },
        { context: { ...labels, hash: labels.hash === "sha-1" ? ("sha-256" as const) : ("sha-1" as const) } },
      ]) {
        refuses(
          () => checkVerification(primitives, decodeMessage(bytes), algorithm, { ...context, ...change }),
          ErrorNumbers.authentication,
          /^V does not hold$/,
        );
      }
    });
  }

  it("covers the message, both identities and T, in that order (RFC 3830 §5.2)", () => {
    let covered = "";
    const listening = {
      ...primitives,
      hmac(hash: "sha-1" | "sha-256", key: Uint8Array, data: Uint8Array) {
        covered = toHex(data);
        return primitives.hmac(hash, key, data);
      },
    };
    const [, message, algorithm, context] = vectors[0];
    createVerification(listening, message, algorithm, context);
    equal(
      covered,
      "010105001122334400010600ec000000123456780900000b747031406578616d706c650001" +
        "73656e736f722d31406578616d706c65" +
        "747031406578616d706c65" +
        "ec00000012345678",
    );
  });

  it("may be truncated to 8 bytes where the receiver wants it so", () => {
    const [, message, , context] = vectors[1];
    const short = createVerification(primitives, message, MacAlgorithms.hmacSha256Truncated8, context);
    equal(short.length, fromHex(samples.confirmation).length - 24);
    checkVerification(primitives, decodeMessage(short), MacAlgorithms.hmacSha256Truncated8, context);
    refuses(
      () => checkVerification(primitives, decodeMessage(short), MacAlgorithms.hmacSha256, context),
      ErrorNumbers.mac,
    );
  });

  it("never holds under NULL or an algorithm that makes no HMAC", () => {
    const [, message, , context] = vectors[1];
    for (const algorithm of [MacAlgorithms.null, MacAlgorithms.ccmTag16, MacAlgorithms.ccmTag8]) {
      throws(() => createVerification(primitives, message, algorithm, context), {
        type: RangeError,
        message: /^V: /,
      });
      const payloads: Payload[] = [
        ...message.payloads,
        { type: PayloadTypes.V, algorithm, tag: new Uint8Array(macLength(algorithm)!) },
      ];
      const forged = decodeMessage(encodeMessage({ header: message.header, payloads }));
      for (const accepted of [algorithm, MacAlgorithms.hmacSha256]) {
        refuses(() => checkVerification(primitives, forged, accepted, context), ErrorNumbers.mac);
      }
    }
    throws(() => createVerification(primitives, message, 99, context), { type: RangeError, message: /^V: / });
  });

  it("needs V at the end and nothing behind the message", () => {
    const bytes = fromHex(samples.confirmation);
    const [, message, algorithm, context] = vectors[1];
    const check = (changed: Uint8Array) => () =>
      checkVerification(primitives, decodeMessage(changed), algorithm, context);
    refuses(check(concat(bytes, fromHex("00"))), ErrorNumbers.authentication, /behind the last/);
    refuses(check(encodeMessage(message)), ErrorNumbers.authentication, /V is not the last/);
    const decoded = decodeMessage(bytes);
    const extension: Payload = { type: PayloadTypes.generalExtension, extension: 0, data: fromHex("00") };
    const behind = encodeMessage({ header: decoded.header, payloads: [...decoded.payloads, extension] });
    refuses(check(behind), ErrorNumbers.authentication, /V is not the last/);
    refuses(check(fromHex(samples.gstreamerHeader)), ErrorNumbers.authentication, /V is not the last/);
  });
});

describe("error messages of MIKEY (RFC 3830 §5.1.2)", () => {
  const about = { csbId, prf: 1, timestamp };

  it("are HDR, T and ERR", () => {
    const bytes = createErrorMessage(about, [ErrorNumbers.timestamp, ErrorNumbers.mac]);
    equal(toHex(bytes), "01060501112233440001" + "0c00ec00000012345678" + "0c010000" + "00030000");
    const message = decodeMessage(bytes);
    equal(message.header.dataType, DataTypes.error);
    deepEqual(errorNumbers(message), [1, 3]);
  });

  it("end in V when they are authenticated", () => {
    const algorithm = MacAlgorithms.hmacSha256;
    const bytes = createErrorMessage(about, [ErrorNumbers.share], {
      primitives,
      algorithm,
      context: confirmed,
    });
    const message = decodeMessage(bytes);
    checkVerification(primitives, message, algorithm, confirmed);
    deepEqual(errorNumbers(message), [241]);
    for (let i = 0; i < bytes.length; i++) {
      const changed = bytes.slice();
      changed[i] ^= 1;
      throws(() => checkVerification(primitives, decodeMessage(changed), algorithm, confirmed));
    }
    const bare = decodeMessage(createErrorMessage(about, [ErrorNumbers.share]));
    refuses(() => checkVerification(primitives, bare, algorithm, confirmed), ErrorNumbers.authentication);
  });

  it("are told from other messages", () => {
    refuses(() => errorNumbers(decodeMessage(fromHex(samples.confirmation))), ErrorNumbers.dataType);
    const empty = decodeMessage(fromHex("01060001112233440001"));
    refuses(() => errorNumbers(empty), ErrorNumbers.unspecified, /without ERR/);
  });

  it("have names", () => {
    equal(errorName(ErrorNumbers.authentication), "Authentication failure");
    equal(errorName(ErrorNumbers.quorum), "No quorum");
    equal(errorName(99), "error 99");
    const names = Object.values(ErrorNumbers).map(errorName);
    equal(new Set(names).size, names.length);
    ok(names.every((name) => !name.startsWith("error ")));
  });
});
