import assert from "node:assert/strict";
import { constants, generateKeyPairSync, privateDecrypt, sign as signWith } from "node:crypto";
import { createRoot } from "../../host/authority/certify.js";
import { generateRsaKeys } from "../../host/authority/rsa-keys.js";
import { randomSource } from "../../host/primitives.js";
import { sign, signatureLength, unwrapEnvelopeKey, verify, wrapEnvelopeKey } from "../../host/public-key.js";
import { ascii } from "../../protocol/bytes.js";

describe("RSA of the public-key mode", () => {
  let keys: Awaited<ReturnType<typeof generateRsaKeys>>;
  let certificate: Uint8Array;
  before(async () => {
    keys = await generateRsaKeys(2048);
    certificate = await createRoot(keys.publicKey, keys.privateKey, { now: Date.now(), days: 1 });
  });

  it("wraps and unwraps, for a key and for the certificate that it stands in", () => {
    const key = randomSource(32);
    for (const receiver of [keys.publicKey, certificate]) {
      const wrapped = wrapEnvelopeKey(receiver, key);
      assert.equal(wrapped.length, 256);
      assert.deepEqual(unwrapEnvelopeKey(keys.privateKey, wrapped), key);
      const { privateKey } = keys;
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      assert.deepEqual(
        new Uint8Array(privateDecrypt({ key: privateKey, padding, oaepHash: "sha256" }, wrapped)),
        key,
      );
      assert.throws(() => privateDecrypt({ key: privateKey, padding, oaepHash: "sha1" }, wrapped));
    }
  });

  it("opens nothing else, and says no more than that", () => {
    const wrapped = wrapEnvelopeKey(keys.publicKey, randomSource(32));
    const altered = Uint8Array.from(wrapped);
    altered[100] ^= 1;
    for (const bad of [
      altered,
      wrapped.subarray(1),
      new Uint8Array(0),
      new Uint8Array(256),
      new Uint8Array(256).fill(255),
    ]) {
      assert.equal(unwrapEnvelopeKey(keys.privateKey, bad), undefined);
    }
    assert.deepEqual(unwrapEnvelopeKey(keys.privateKey, wrapped)?.length, 32);
  });

  it("signs and verifies RSA-PSS with a salt of 32 bytes", () => {
    const data = ascii("a message");
    const signature = sign(keys.privateKey, data);
    assert.equal(signature.length, signatureLength(keys.privateKey));
    assert.equal(Object.getPrototypeOf(signature), Uint8Array.prototype);
    assert.equal(verify(keys.publicKey, data, signature), true);
    assert.equal(verify(certificate, data, signature), true);
    assert.equal(verify(keys.publicKey, ascii("a massage"), signature), false);
    assert.equal(verify(keys.publicKey, data, signature.subarray(1)), false);
    signature[0] ^= 1;
    assert.equal(verify(keys.publicKey, data, signature), false);
  });

  it("accepts no other padding or salt", () => {
    const data = ascii("a message");
    const key = keys.privateKey;
    const others = [
      signWith("sha256", data, key),
      signWith("sha256", data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }),
      signWith("sha1", data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 20 }),
    ];
    for (const signature of others) assert.equal(verify(keys.publicKey, data, signature), false);
  });

  it("takes RSA keys of the right kind only", () => {
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    assert.throws(() => sign(ec.privateKey, ascii("x")), TypeError);
    assert.throws(() => wrapEnvelopeKey(ec.publicKey, randomSource(32)), TypeError);
    assert.throws(() => unwrapEnvelopeKey(keys.publicKey, new Uint8Array(256)), TypeError);
  });
});
