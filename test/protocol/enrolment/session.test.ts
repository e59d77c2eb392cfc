/** The bytes of an enrolment. The vector was computed with Python's hmac and the package cryptography. */

import fc from "fast-check";
import { fromHex, toHex } from "../../../protocol/bytes.js";
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeRequest,
} from "../../../protocol/enrolment/messages.js";
import { codeId, EnrolmentSession } from "../../../protocol/enrolment/session.js";
import { deepEqual, equal } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";

const counting = (first: number, length: number) => Uint8Array.from({ length }, (_, i) => (first + i) & 255);
const code = counting(0, 16);
const boardNonce = counting(0x20, 16);
const enrollerNonce = counting(0x40, 16);
const image = counting(0, 200);
const session = new EnrolmentSession(primitives, code, boardNonce, enrollerNonce, image.length);

const SEALED =
  "dea4588f18c8d61ad366ca1b19700ca9db8626a5d21ba75026e4bd50e407a65f775ad7ab71ba53ba8dc89395e920cf64d9a3e6ad83" +
  "2a59438caf747cbebc7634a608462ac063702c5958b449f7d14bedcbe101f4838febcc";

describe("enrolment session", () => {
  it("makes the vector's values", () => {
    equal(toHex(codeId(primitives, code, boardNonce)), "35cb3b69345a0b13");
    equal(toHex(session.offerMac()), "e17443cecdef7a53bd60e1c3f12f034f");
    equal(toHex(session.blockMac(1)), "9891b07dd5f52a3dda1ba8d03cf321a4");
    equal(toHex(session.storedMac(image)), "efb399d1cd57e3341a751d9a76610fec");
    equal(toHex(session.acceptedMac()), "4c50b927f4d99c3a96305427ca5b0a38");
    equal(toHex(session.refusedMac(0)), "aa0bcb15474f1cdc3be35388b4931671");
    equal(toHex(session.sealBlock(1, image.subarray(128))), SEALED);
  });

  it("opens a block only in its place, whole, and in its own run", () => {
    deepEqual(session.openBlock(1, fromHex(SEALED)), image.slice(128));
    equal(session.openBlock(0, fromHex(SEALED)), undefined);
    equal(session.openBlock(1, fromHex(SEALED).subarray(1)), undefined);
    equal(session.openBlock(1, new Uint8Array(15)), undefined);
    for (const [first, second, length] of [
      [counting(0x21, 16), enrollerNonce, image.length],
      [boardNonce, counting(0x41, 16), image.length],
      [boardNonce, enrollerNonce, image.length + 1],
    ] as const) {
      const other = new EnrolmentSession(primitives, code, first, second, length);
      equal(other.openBlock(1, fromHex(SEALED)), undefined);
    }
  });

  it("forgets its keys", () => {
    const ended = new EnrolmentSession(primitives, code, boardNonce, enrollerNonce, image.length);
    ended.end();
    equal(ended.openBlock(1, fromHex(SEALED)), undefined);
  });
});

describe("enrolment messages", () => {
  const mac = counting(0x80, 16);

  it("are read as they were written", () => {
    for (const request of [
      { kind: "hello", nonce: boardNonce, codeId: counting(1, 8) },
      { kind: "block", number: 0x102, mac },
      { kind: "stored", mac },
      { kind: "refused", reason: "the enrolment makes no sense", mac },
      { kind: "refused", reason: "the time for an enrolment is up", mac: new Uint8Array(0) },
    ] as const) {
      deepEqual(decodeRequest(encodeRequest(request)), request);
    }
    for (const answer of [
      { kind: "offer", nonce: enrollerNonce, length: 200, mac },
      { kind: "block", number: 1, sealed: fromHex(SEALED) },
      { kind: "accepted", mac },
    ] as const) {
      deepEqual(decodeAnswer(encodeAnswer(answer)), answer);
    }
    equal(toHex(encodeRequest({ kind: "block", number: 258, mac })), `020102${toHex(mac)}`);
    equal(toHex(encodeAnswer({ kind: "accepted", mac })), `83${toHex(mac)}`);
  });

  it("are nothing when they are malformed", () => {
    for (const payload of ["", "01", "02", "03", "0400", "00", "81", "ff"]) {
      if (payload !== "0400") equal(decodeRequest(fromHex(payload)), undefined);
      equal(decodeAnswer(fromHex(payload)), undefined);
    }
    const hello = encodeRequest({ kind: "hello", nonce: boardNonce, codeId: counting(1, 8) });
    hello[1] = 2;
    equal(decodeRequest(hello), undefined, "another version");
    equal(decodeRequest(Uint8Array.of(4, 99)), undefined, "a reason that nobody knows");
    for (const length of [0, 3073])
      equal(decodeAnswer(encodeAnswer({ kind: "offer", nonce: enrollerNonce, length, mac })), undefined);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const request = decodeRequest(bytes);
        if (request !== undefined) deepEqual(encodeRequest(request), bytes);
        const answer = decodeAnswer(bytes);
        if (answer !== undefined) deepEqual(encodeAnswer(answer), bytes);
      }),
    );
  });
});
