import { enrolmentFromJson } from "../../firmware/enrolment.js";
import { enrolmentFromText, withoutPsks } from "../../firmware/enrolment-text.js";
import { ascii, fromHex, toHex } from "../../protocol/bytes.js";
import { identityToText } from "../../protocol/mikey/identity.js";
import { deepEqual, equal, ok, throws } from "../support/assert.js";

const psks = ["000102030405060708090a0b0c0d0e0f", "101112131415161718191a1b1c1d1e1f", "ab".repeat(16)];
const json = {
  format: "symbolon-sensor-1",
  policy: {
    sensor: "sensor-1@example",
    threshold: 2,
    privacy: 1,
    suite: "aes-ccm-128",
    thirdParties: ["tp1@example", "tp2@example", "tp3@example"],
  },
  responder: "r@hospital.example",
  psks,
  addresses: ["127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3"],
  weights: "02030302",
  deadline: 20,
};
const changed = (changes: Record<string, unknown>) => enrolmentFromJson({ ...json, ...changes });

describe("an enrolment", () => {
  it("is read from JSON", () => {
    const enrolment = enrolmentFromJson(JSON.parse(JSON.stringify(json)));
    deepEqual(enrolment.policy.thirdParties.map(identityToText), json.policy.thirdParties);
    equal(identityToText(enrolment.responder), json.responder);
    deepEqual(enrolment.addresses, json.addresses);
    deepEqual(enrolment.weights, fromHex("02030302"));
    equal(enrolment.deadline, 20_000);
    deepEqual(enrolment.start?.keys.map(toHex), psks);
    equal(enrolment.start?.t, 1);
    equal(changed({ t: 29_000_000 }).start?.t, 29_000_000);
    equal(changed({ deadline: 0.5 }).deadline, 500);
  });

  it("may say where the Responder takes readings", () => {
    equal(changed({}).responderAddress, undefined);
    equal(changed({ responderAddress: "192.0.2.7:5683" }).responderAddress, "192.0.2.7:5683");
    throws(() => changed({ responderAddress: 7 }), { type: SyntaxError, message: /^responderAddress: / });
  });

  it("has no PSKs once they were taken, and is good for the rest", () => {
    const file = ascii(JSON.stringify({ ...json, comment: "ab" }, null, 2));
    const text = String.fromCharCode(...withoutPsks(file));
    for (const psk of psks) equal(text.includes(psk), false);
    equal(text.length, file.length);
    const { psks: taken, ...rest } = JSON.parse(text);
    deepEqual(taken, ["0".repeat(32), "0".repeat(32), "0".repeat(32)]);
    const { psks: _, ...given } = { ...json, comment: "ab" };
    deepEqual(rest, given);
    equal(enrolmentFromText(text).start, undefined);
    // What has none is left as it is.
    deepEqual(withoutPsks(ascii("{}")), ascii("{}"));
  });

  it("may give the sensor pseudonyms", () => {
    equal(changed({}).linkingKey, undefined);
    deepEqual(changed({ linkingKey: "0F".repeat(16) }).linkingKey, new Uint8Array(16).fill(15));
  });

  it("ignores members that it does not know", () => {
    equal(changed({ comment: "ward 7" }).deadline, 20_000);
  });

  /** What is changed, and the member that the error must name. */
  const malformed: [Record<string, unknown>, RegExp][] = [
    [{ format: undefined }, /^format: expected "symbolon-sensor-1"/],
    [{ format: "symbolon-sensor-2" }, /^format: /],
    [{ policy: undefined }, /^policy: expected an object/],
    [{ policy: { ...json.policy, threshold: 1 } }, /^threshold: expected at least 2/],
    [{ policy: { ...json.policy, suite: "none" } }, /^suite: expected one of/],
    [{ responder: undefined }, /^responder: expected an identity as text/],
    [{ responder: 7 }, /^responder: /],
    [{ responder: "" }, /^responder: identity: expected 1 to/],
    [{ responder: "0x1" }, /^responder: hex: /],
    ...[0, 1.5, 2 ** 32, "1", null].map((t): [Record<string, unknown>, RegExp] => [
      { t },
      /^t: expected 1 to/,
    ]),
    ...["", "ab", "ab".repeat(17)].map((linkingKey): [Record<string, unknown>, RegExp] => [
      { linkingKey },
      /^linkingKey: expected 16 bytes, got \d+$/,
    ]),
    ...[null, 7, "zz".repeat(16), {}, ["ab".repeat(16)]].map(
      (linkingKey): [Record<string, unknown>, RegExp] => [{ linkingKey }, /^linkingKey: expected /],
    ),
    [{ psks: undefined }, /^psks: expected a list of 3/],
    [{ psks: psks.slice(1) }, /^psks: expected a list of 3/],
    [{ psks: [...psks, "cd".repeat(16)] }, /^psks: expected a list of 3/],
    [{ psks: [psks[0], 7, psks[2]] }, /^psks\[1\]: expected text/],
    [{ psks: [psks[0], psks[1], "cd".repeat(15)] }, /^psks\[2\]: expected 16 bytes, got 15$/],
    [{ psks: [psks[0], psks[1], "cd".repeat(17)] }, /^psks\[2\]: expected 16 bytes, got 17$/],
    [{ psks: ["", psks[1], psks[2]] }, /^psks\[0\]: expected 16 bytes, got 0$/],
    [{ psks: [psks[0], psks[1], "zz".repeat(16)] }, /^psks\[2\]: expected hex$/],
    [{ psks: [psks[0], psks[1], "c".repeat(31)] }, /^psks\[2\]: expected hex$/],
    [{ psks: [psks[0], "0".repeat(32), psks[2]] }, /^psks\[1\]: is no key$/],
    [{ psks: [psks[0], psks[1], psks[0]] }, /^psks\[2\]: is the same as an earlier one$/],
    // The same key in other letters.
    [{ psks: [psks[0], psks[2].toUpperCase(), psks[2]] }, /^psks\[2\]: is the same as an earlier one$/],
    [{ addresses: undefined }, /^addresses: expected a list of 3/],
    [{ addresses: ["127.0.0.1:1"] }, /^addresses: expected a list of 3/],
    [{ addresses: ["a", "b", null] }, /^addresses\[2\]: expected text/],
    [{ weights: undefined }, /^weights: expected hex/],
    [{ weights: "0203030" }, /^weights: expected hex/],
    [{ weights: "020303" }, /^weights: expected 4 bytes, got 3/],
    [{ weights: "0203030203" }, /^weights: expected 4 bytes, got 5/],
    [{ deadline: undefined }, /^deadline: expected seconds/],
    [{ deadline: "20" }, /^deadline: expected seconds/],
    [{ deadline: 0 }, /^deadline: expected up to 86400 seconds, got 0/],
    [{ deadline: -1 }, /^deadline: /],
    [{ deadline: Number.NaN }, /^deadline: /],
    // 1e999 in JSON.
    [{ deadline: Number.POSITIVE_INFINITY }, /^deadline: /],
    [{ deadline: 3_000_000 }, /^deadline: /],
  ];

  it("names the member that is malformed", () => {
    for (const [changes, message] of malformed) {
      const error = throws(() => changed(changes), message);
      ok(error instanceof SyntaxError || error instanceof RangeError, "expected a SyntaxError or RangeError");
    }
  });

  it("shows no key in an error", () => {
    for (const [changes] of malformed) {
      const { message } = throws(() => changed(changes)) as Error;
      for (const psk of psks) equal(message.toLowerCase().includes(psk.slice(0, 6)), false, message);
    }
    const { message } = throws(() => changed({ psks: psks.map((psk) => `${psk}!`) })) as Error;
    equal(message, "psks[0]: expected hex");
  });

  it("is an object", () => {
    for (const other of [undefined, null, "enrolment", 7]) {
      throws(() => enrolmentFromJson(other), { type: SyntaxError, message: "enrolment: expected an object" });
    }
    throws(() => enrolmentFromJson([]), { type: SyntaxError, message: /^format: / });
  });
});
