import assert from "node:assert/strict";
import { readMessageInput, readMessageText } from "../../../host/decode/input.js";
import { toHex } from "../../../protocol/bytes.js";
import { allSamples, samples } from "../../protocol/mikey/samples.js";

const text = (characters: string) => new TextEncoder().encode(characters);

describe("input of decode", () => {
  it("is found to be hexadecimal, base64, SDP, RTSP or binary", () => {
    for (const [, bytes] of allSamples()) {
      const hex = toHex(bytes);
      const base64 = Buffer.from(bytes).toString("base64");
      const forms: [string, string][] = [
        [hex, "hexadecimal"],
        [hex.toUpperCase(), "hexadecimal"],
        [`0x${hex}\n`, "hexadecimal"],
        [hex.replace(/../g, "$& "), "hexadecimal"],
        [hex.replace(/..(?=.)/g, "$&:"), "hexadecimal"],
        [hex.replace(/.{32}/g, "$&\n"), "hexadecimal"],
        [base64, "base64"],
        [`${base64.replace(/.{64}/g, "$&\n")}\n`, "base64"],
        [Buffer.from(bytes).toString("base64url"), "base64"],
        [`mikey ${base64}`, "SDP"],
        [`a=key-mgmt:mikey ${base64}\r\n`, "SDP"],
        [`v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\na=key-mgmt:mikey ${base64}\r\nm=audio 1 RTP/SAVP 0\r\n`, "SDP"],
        [`KeyMgmt: prot=mikey; uri="rtsp://h/s"; data="${base64}"\r\n`, "RTSP"],
      ];
      for (const [input, form] of forms) {
        const read = readMessageInput(text(input));
        assert.equal(read.form, form, input);
        assert.equal(toHex(read.bytes), hex, input);
      }
      const binary = readMessageInput(bytes);
      assert.equal(binary.form, "binary");
      assert.equal(toHex(binary.bytes), hex);
    }
  });

  it("that can be no message says why", () => {
    assert.throws(() => readMessageInput(new Uint8Array(0)), { name: "SyntaxError", message: /empty/ });
    assert.throws(() => readMessageText("  \n"), { name: "SyntaxError", message: /empty/ });
    assert.throws(() => readMessageText("abc"), { name: "SyntaxError", message: /hex/ });
    assert.throws(() => readMessageText("{}"), {
      name: "SyntaxError",
      message: /neither hexadecimal nor base64/,
    });
    assert.throws(() => readMessageText("AQAFg"), { name: "SyntaxError", message: /base64: 5 characters/ });
    assert.throws(() => readMessageText(`${samples.camera}0`), { name: "SyntaxError", message: /pairs/ });
  });
});
