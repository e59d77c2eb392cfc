/** An enroller by hand, the image of an enrolment, and storage in memory, for tests of the board's end. */

import type { Storage } from "../../firmware/device.js";
import { ascii, concat, fromHex } from "../../protocol/bytes.js";
import { decodeRequest, encodeAnswer } from "../../protocol/enrolment/messages.js";
import { BLOCK_LENGTH } from "../../protocol/enrolment/numbers.js";
import { EnrolmentSession } from "../../protocol/enrolment/session.js";
import { equal, fail } from "../support/assert.js";
import { primitives } from "../support/primitives.js";

export const code = fromHex("000102030405060708090a0b0c0d0e0f");
export const nextCode = fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");

export const sensorJson = {
  format: "symbolon-sensor-1",
  policy: {
    sensor: "sensor-1@example",
    threshold: 2,
    privacy: 1,
    suite: "aes-ccm-128",
    thirdParties: ["tp1@example", "tp2@example", "tp3@example"],
  },
  responder: "r@hospital.example",
  psks: ["000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b1c1d1e1f", "ab".repeat(16)] as (
    | string
    | null
  )[],
  addresses: ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
  weights: "02030302",
  deadline: 20,
};

/** An image as an enroller makes it. */
export function imageOf(json: object = sensorJson, next: Uint8Array = nextCode): Uint8Array {
  return concat(next, ascii(JSON.stringify(json)));
}

export class MemoryStorage implements Storage {
  readonly values = new Map<string, Uint8Array>();
  /** Makes the next write fail. */
  broken = false;

  read(name: string): Uint8Array | undefined {
    return this.values.get(name)?.slice();
  }

  write(name: string, value: Uint8Array): void {
    if (this.broken) throw new Error("no place");
    this.values.set(name, value.slice());
  }
}

/** Answers a board's requests as docs/protocol.md has it. */
export class HandEnroller {
  readonly asked: string[] = [];
  session: EnrolmentSession | undefined;

  constructor(
    private readonly image: Uint8Array,
    private readonly enrollerNonce: Uint8Array,
    private readonly itsCode: Uint8Array = code,
  ) {}

  /** Throws when the board's MACs do not hold. */
  answer(payload: Uint8Array): Uint8Array | undefined {
    const request = decodeRequest(payload) ?? fail("the board sends what nobody can read");
    this.asked.push(request.kind === "block" ? `block ${request.number}` : request.kind);
    if (request.kind === "hello") {
      const { length } = this.image;
      const nonce = this.enrollerNonce;
      this.session = new EnrolmentSession(primitives, this.itsCode, request.nonce, nonce, length);
      return encodeAnswer({ kind: "offer", nonce, length, mac: this.session.offerMac() });
    }
    const session = this.session ?? fail("the board begins without a hello");
    if (request.kind === "block") {
      const { number } = request;
      equal(request.mac.join(), session.blockMac(number).join());
      const bytes = this.image.subarray(number * BLOCK_LENGTH, (number + 1) * BLOCK_LENGTH);
      return encodeAnswer({ kind: "block", number, sealed: session.sealBlock(number, bytes) });
    }
    if (request.kind === "refused") return undefined;
    equal(request.mac.join(), session.storedMac(this.image).join());
    return encodeAnswer({ kind: "accepted", mac: session.acceptedMac() });
  }
}
