import { ascii, fromHex, toHex } from "../../../protocol/bytes.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import {
  confirmedContext,
  confirmedSecrets,
  provisionalContext,
  provisionalIdContext,
} from "../../../protocol/exchange/channel.js";
import type { SecurityContext } from "../../../protocol/oscore/context.js";
import { OscoreError } from "../../../protocol/oscore/errors.js";
import { protectRequest, readRequestHeader, unprotectRequest } from "../../../protocol/oscore/protect.js";
import { deepEqual, equal, notDeepEqual, throws } from "../../support/assert.js";
import { primitives } from "../../support/primitives.js";

const keys = { tek: fromHex("00112233445566778899aabbccddeeff"), salt: fromHex("a0a1a2a3a4a5a6a7") };
const session = { rand: fromHex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf") };
const confirmation = { nonce: fromHex("e0e1e2e3e4e5e6e7"), senderId: fromHex("f0f1f2f3") };

/** Computed from docs/protocol.md with another implementation (hkdfSync of node:crypto). */
const golden = {
  provisional: {
    sensorKey: "b7ee2d80bf3b651d0e291cf47d80a2f9",
    responderKey: "abdb300be4f776fe9a53bf7e394eebdd",
    commonIv: "d63484e4233a2c66a2bcd55879",
  },
  masterSecret: "47c26adfee805c0dd9471beec03ae7e0",
  confirmed: {
    sensorKey: "958e86da7bd3b2521ee098709f1d0518",
    responderKey: "da24316c075e107e73eea4d97cb6c559",
    commonIv: "01dfc61e532c44f1c24f7004f2",
  },
};

const confirmedOf = (role: "sensor" | "responder", given = confirmation) =>
  confirmedContext(primitives, role, confirmedSecrets(primitives, keys, given));
const provisionalOf = (role: "sensor" | "responder", rand = session.rand) =>
  provisionalContext(primitives, role, { rand }, keys);

function hasKeys(sensor: SecurityContext, responder: SecurityContext, expected: typeof golden.provisional) {
  equal(toHex(sensor.senderKey), expected.sensorKey);
  equal(toHex(sensor.recipientKey), expected.responderKey);
  equal(toHex(sensor.commonIv), expected.commonIv);
  deepEqual(responder, {
    ...sensor,
    senderId: sensor.recipientId,
    recipientId: sensor.senderId,
    senderKey: sensor.recipientKey,
    recipientKey: sensor.senderKey,
  });
}

/** Whether a request of one end opens at the other. */
function passes(sensor: SecurityContext, responder: SecurityContext): boolean {
  const reading = { code: Codes.POST, options: [], payload: ascii("72") };
  const { message } = protectRequest(primitives, sensor, 0, reading);
  try {
    deepEqual(unprotectRequest(primitives, responder, readRequestHeader(message), message), reading);
    return true;
  } catch (error) {
    if (error instanceof OscoreError) return false;
    throw error;
  }
}

describe("the channel's contexts", () => {
  it("provisional: keys of TEK and salt, RAND's first bytes as ID context", () => {
    hasKeys(provisionalOf("sensor"), provisionalOf("responder"), golden.provisional);
    const { idContext, senderId, recipientId } = provisionalOf("sensor");
    deepEqual(
      [idContext, senderId, recipientId].map((it) => toHex(it as Uint8Array)),
      ["c0c1c2c3c4c5c6c7", "01", "02"],
    );
    deepEqual(provisionalIdContext(session), idContext);
  });

  it("confirmed: keys with the Responder's nonce in them, no ID context", () => {
    equal(toHex(confirmedSecrets(primitives, keys, confirmation).masterSecret), golden.masterSecret);
    hasKeys(confirmedOf("sensor"), confirmedOf("responder"), golden.confirmed);
    const { idContext, senderId, recipientId } = confirmedOf("sensor");
    equal(idContext, undefined);
    deepEqual([toHex(senderId), toHex(recipientId)], ["f0f1f2f3", "02"]);
  });

  it("carry requests between the two ends of one session, and of no other", () => {
    equal(passes(provisionalOf("sensor"), provisionalOf("responder")), true);
    equal(passes(confirmedOf("sensor"), confirmedOf("responder")), true);
    equal(passes(provisionalOf("sensor"), confirmedOf("responder")), false);
    equal(passes(confirmedOf("sensor"), provisionalOf("responder")), false);
    const rand = session.rand.slice();
    rand[0] ^= 1;
    equal(passes(provisionalOf("sensor"), provisionalOf("responder", rand)), false);
    // A Responder that lost its memory has another nonce: what was recorded before does not open.
    const nonce = confirmation.nonce.slice();
    nonce[7] ^= 1;
    equal(passes(confirmedOf("sensor"), confirmedOf("responder", { ...confirmation, nonce })), false);
  });

  it("have different keys for either direction and either context", () => {
    const all = [provisionalOf("sensor"), confirmedOf("sensor")].flatMap(({ senderKey, recipientKey }) => [
      senderKey,
      recipientKey,
    ]);
    all.forEach((key, i) => {
      for (const other of all.slice(0, i)) notDeepEqual(key, other);
    });
  });

  it("take any sender ID but the Responder's own", () => {
    for (const hex of ["", "01", "00", "ffffffffffffff"]) {
      const given = { ...confirmation, senderId: fromHex(hex) };
      equal(passes(confirmedOf("sensor", given), confirmedOf("responder", given)), true, hex);
    }
    const own = { ...confirmation, senderId: Uint8Array.of(2) };
    throws(() => confirmedOf("sensor", own), { type: RangeError, message: /another than the sender ID/ });
  });
});
