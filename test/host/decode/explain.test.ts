import assert from "node:assert/strict";
import { checkMessage } from "../../../host/decode/check.js";
import {
  type ExplainedField,
  type ExplainedPayload,
  type Explanation,
  explainMessage,
} from "../../../host/decode/explain.js";
import { fingerprint } from "../../../host/decode/meaning.js";
import { renderJson, renderText } from "../../../host/decode/render.js";
import { primitives } from "../../../host/primitives.js";
import { ascii, concat, fromHex, toHex } from "../../../protocol/bytes.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { encodeMessage } from "../../../protocol/mikey/message.js";
import { PayloadTypes } from "../../../protocol/mikey/numbers.js";
import { allSamples, computed, type SampleName, samples } from "../../protocol/mikey/samples.js";
import { profileMessages } from "./profile-messages.js";

const hidden = { showKeys: false };
const explain = (name: SampleName, options = hidden) => explainMessage(fromHex(samples[name]), options);

function payload(
  { payloads }: { payloads: readonly ExplainedPayload[] },
  name: string,
  index = 0,
): ExplainedPayload {
  const found = payloads.filter((candidate) => candidate.name === name)[index];
  assert.ok(found, `no ${name}`);
  return found;
}

function field({ fields }: ExplainedPayload, name: string, index = 0): ExplainedField {
  const found = fields.filter((candidate) => candidate.name === name)[index];
  assert.ok(found, `no ${name}`);
  return found;
}

const meaning = (
  explanation: { payloads: readonly ExplainedPayload[] },
  name: string,
  part: string,
  index = 0,
) => field(payload(explanation, name), part, index).meaning;

describe("explaining a MIKEY message", () => {
  for (const [name, bytes] of allSamples()) {
    it(`${name}: every byte, once and in order`, () => {
      const explanation = explainMessage(bytes, { showKeys: true });
      assert.equal(explanation.error, undefined);
      const fields = explanation.payloads.flatMap(({ fields }) => fields);
      assert.equal(toHex(concat(...fields.map(({ bytes = new Uint8Array(0) }) => bytes))), toHex(bytes));
      let end = 0;
      for (const { offset, size } of fields) {
        assert.ok(size === 0 || offset === end);
        end += size;
      }
    });

    it(`${name}: as far as it goes when it is cut`, () => {
      for (let length = 0; length < bytes.length; length++) {
        const explanation = explainMessage(bytes.subarray(0, length), hidden);
        assert.ok(explanation.error, `${length} bytes`);
        const last = explanation.payloads.at(-1);
        assert.ok(explanation.error.offset >= (last?.offset ?? 0));
        assert.ok(renderText(explanation).length >= explanation.payloads.length);
      }
    });
  }

  it("says what numbers, dates, identities and policies mean", () => {
    const sdp = explain("rfc4567");
    assert.equal(meaning(sdp, "HDR", "data type"), "Pre-shared key");
    assert.equal(meaning(sdp, "HDR", "V"), "a verification message is wanted");
    assert.equal(meaning(sdp, "HDR", "SSRC"), "the Responder fills it in");
    assert.equal(meaning(sdp, "T", "TS value"), "2006-10-20T13:43:06.000Z");
    assert.equal(meaning(sdp, "ID", "identity"), "donald@duck.com");
    assert.equal(meaning(sdp, "KEMAC", "Encr alg"), "AES-CM-128");
    assert.equal(meaning(sdp, "KEMAC", "next payload"), "the last payload");
    const camera = explain("camera");
    assert.equal(meaning(camera, "SP", "parameter type"), "encryption algorithm");
    assert.equal(meaning(camera, "SP", "parameter"), "AES-CM");
    assert.equal(meaning(camera, "SP", "parameter", 1), "16");
    assert.equal(meaning(camera, "SP", "parameter", 6), "on");
    assert.equal(meaning(camera, "KEMAC", "MAC alg"), "NULL: nothing is authenticated");
  });

  it("shows keys that are not encrypted only when it is asked to", () => {
    const key = "9091783dfce8ddcd443a53508b64509f35bd8a86bc4d8b7637a502493daf";
    for (const showKeys of [false, true]) {
      const explanation = explain("camera", { showKeys });
      const contents = payload(explanation, "KEMAC").contents;
      assert.ok(contents);
      const shown = field(payload(contents, "Key data"), "Key");
      assert.equal(shown.offset, 81);
      assert.ok(shown.meaning?.includes(fingerprint(fromHex(key))));
      const output = JSON.stringify(renderJson(explanation)) + renderText(explanation).join("\n");
      assert.equal(output.includes(key), showKeys);
      assert.equal(output.includes(key.slice(4, 20)), showKeys);
    }
    const withSpi = payload(explain("keyWithSpi"), "KEMAC").contents;
    assert.ok(withSpi);
    assert.equal(meaning(withSpi, "Key data", "KV"), "SPI or MKI");
    assert.equal(toHex(field(payload(withSpi, "Key data"), "SPI").bytes!), "1122");
  });

  it("shows the byte that two fields share, once", () => {
    const header = payload(explain("rfc4567"), "HDR");
    const [verify, prf] = [field(header, "V"), field(header, "PRF func")];
    assert.deepEqual([verify.value, verify.size, toHex(verify.bytes!)], [1, 1, "80"]);
    assert.deepEqual([prf.value, prf.size, toHex(prf.bytes!)], [0, 0, ""]);
  });

  it("shows what stands behind the message", () => {
    const explanation = explainMessage(fromHex(`${samples.camera}0000`), hidden);
    assert.equal(toHex(explanation.trailing), "0000");
    assert.match(renderText(explanation).join("\n"), /behind the message\n +112 {2}0000 /);
    assert.equal(renderJson(explanation).trailing, "0000");
  });

  it("stops at an unknown payload, with its place", () => {
    // A SAKKE payload (RFC 6509).
    const explanation = explainMessage(fromHex("011a1a00112233440001" + "0401010000"), hidden);
    assert.equal(meaning(explanation, "HDR", "data type"), "SAKKE");
    assert.equal(meaning(explanation, "HDR", "next payload"), "SAKKE");
    assert.equal(explanation.error?.offset, 10);
    assert.match(explanation.error.message, /^HDR at byte 10: payload type 26 is not known/);
  });

  it("lets no text of the message steer the terminal", () => {
    const csbId = computed.csbId;
    const header = { dataType: 0, verify: false, prf: 0, csbId, map: { type: 1, count: 0 } } as const;
    const data = ascii("http://x/\u001b[2J\u0007");
    const bytes = encodeMessage({
      header,
      payloads: [{ type: PayloadTypes.CERT, certificateType: 1, data }],
    });
    const text = renderText(explainMessage(bytes, hidden)).join("\n");
    assert.ok(text.includes("http://x/\\u001b[2J\\u0007"));
    assert.ok(![...text].some((character) => character < " " && character !== "\n"));
  });
});

describe("explaining the messages of profile 1", () => {
  const { messages, session, psk, tgk, envelopeKey } = profileMessages("aes-ccm-128");
  const explained = (name: keyof typeof messages): Explanation => explainMessage(messages[name], hidden);

  it("reads share parameters", () => {
    const extension = payload(explained("I_TP"), "General Extension");
    assert.equal(field(extension, "Type").meaning, "share parameters (private, Symbolon)");
    const data = field(extension, "Data");
    assert.equal(data.meaning, "profile 1, any 2 of 3 shares give the key");
    assert.deepEqual(data.details?.slice(0, 3), [
      "k 2: shares that give the key",
      "t 1: shares that tell nothing",
      "n 3: shares",
    ]);
    assert.equal(meaning(explained("I_TP"), "T", "TS value"), "7");
    assert.equal(meaning(explained("I_TP"), "IDR", "ID role"), "Initiator");
  });

  it("reads the message inside an answer", () => {
    for (const name of ["TP_I", "R_TP"] as const) {
      const { nested } = field(payload(explained(name), "General Extension"), "Data");
      assert.ok(nested);
      assert.equal(nested.length, messages.R_I.length);
      assert.equal(meaning(nested, "RANDR", "RAND role"), "Responder");
      assert.equal(meaning(nested, "General Extension", "Data"), "05");
      assert.match(renderText(explained(name)).join("\n"), /\n {4}HDR\n/);
    }
  });

  it("reads certificate, statement and the sensor's T", () => {
    const forward = explained("TP_R");
    const certificate = field(payload(forward, "CERT"), "certificate");
    assert.equal(certificate.meaning, "CN=tp1@example");
    assert.ok(certificate.details?.some((line) => line.startsWith("issuer CN=Symbolon authority ")));
    assert.ok(
      certificate.details?.some((line) => line.startsWith("valid from 2025-12-31T23:55:00.000Z to ")),
    );
    assert.equal(field(payload(forward, "General Extension", 1), "Data").meaning, "COUNTER 7");
    const statement = field(payload(forward, "General Extension", 2), "Data");
    assert.deepEqual(statement.details, ['header {"alg":"PS256"}', 'sub "sensor-1@example"']);
    assert.equal(meaning(forward, "T", "TS value"), "2026-06-01T00:00:00.000Z");
    assert.equal(meaning(forward, "SIGN", "S type"), "RSA-PSS");
    assert.equal(meaning(forward, "PKE", "C"), "the envelope key is not cached");
  });

  it("opens KEMAC under the PSK or the envelope key", () => {
    for (const [name, key] of [
      ["I_TP", psk],
      ["TP_R", envelopeKey],
    ] as const) {
      const { message } = explained(name);
      assert.ok(message);
      const check = checkMessage(primitives, message, { key }, hidden);
      assert.deepEqual([check.payload, check.holds], ["KEMAC", true]);
      assert.ok(check.contents);
      assert.equal(meaning(check.contents, "Key data", "Type"), "TGK");
      if (name === "TP_R") assert.equal(meaning(check.contents, "ID", "identity"), "tp1@example");
      const wrong = checkMessage(primitives, message, { key: new Uint8Array(16) }, hidden);
      assert.deepEqual([wrong.holds, wrong.reason], [false, "the MAC of KEMAC does not hold"]);
    }
  });

  it("checks V with the identities and RAND of what it answers", () => {
    const { rand, sensor: initiator } = session;
    const thirdParty = identityFromText("tp1@example");
    for (const [name, key, from, responder] of [
      ["TP_I", psk, initiator, thirdParty],
      ["R_TP", envelopeKey, thirdParty, session.responder],
      ["R_I", tgk, initiator, session.responder],
    ] as const) {
      const { message } = explained(name);
      assert.ok(message);
      const known = { key, rand, initiator: from, responder };
      assert.deepEqual(checkMessage(primitives, message, known, hidden), { payload: "V", holds: true });
      assert.equal(
        checkMessage(primitives, message, { ...known, initiator: responder }, hidden).holds,
        false,
      );
      const { reason } = checkMessage(primitives, message, { key }, hidden);
      assert.match(reason ?? "", /needs --initiator, --responder and --rand/);
    }
  });

  it("says of damaged extensions that they are, and nothing more", () => {
    const header = {
      dataType: 0,
      verify: false,
      prf: 1,
      csbId: computed.csbId,
      map: { type: 1, count: 0 },
    } as const;
    for (const [extension, data, expected] of [
      [241, fromHex("11"), "share parameters: expected 12 bytes, got 1"],
      [241, fromHex("21"), "profile 2 with scheme 1 is not profile 1 with scheme 1"],
      [243, fromHex(""), "no TS type with its value"],
      [243, fromHex("020000"), "no TS type with its value"],
      [244, ascii("a.b"), "no compact JWS: expected three parts"],
      [245, fromHex(""), "the empty ID"],
    ] as const) {
      const payloads = [{ type: PayloadTypes.generalExtension, extension, data }];
      const explanation = explainMessage(encodeMessage({ header, payloads }), hidden);
      assert.equal(meaning(explanation, "General Extension", "Data"), expected);
    }
    // A message that stands in itself again and again is not followed for ever.
    let data: Uint8Array = fromHex(samples.gstreamerHeader);
    for (let i = 0; i < 20; i++) {
      data = encodeMessage({
        header,
        payloads: [{ type: PayloadTypes.generalExtension, extension: 242, data }],
      });
    }
    assert.ok(renderText(explainMessage(data, hidden)).length < 60);
  });
});
