import assert from "node:assert/strict";
import fc from "fast-check";
import { identityOfName, nameOfIdentity } from "../../../host/authority/names.js";
import { ascii } from "../../../protocol/bytes.js";
import { IdentityTypes, identityFromText } from "../../../protocol/mikey/identity.js";

describe("identities in certificates", () => {
  it("have a name each", () => {
    const names = ["sensor@example", "party-01", "sip:r@hospital.example", "0x00ff"].map((text) => {
      const { type, value } = nameOfIdentity(identityFromText(text));
      return `${type} ${value}`;
    });
    assert.deepEqual(names, [
      "email sensor@example",
      "email party-01",
      "url sip:r@hospital.example",
      "url urn:symbolon:id:00ff",
    ]);
  });

  it("come back as they went in", () => {
    const printable = fc.string({
      minLength: 1,
      maxLength: 255,
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
    });
    const text = fc.record({
      type: fc.constantFrom(IdentityTypes.nai, IdentityTypes.uri),
      data: printable.map(ascii),
    });
    const binary = fc.record({
      type: fc.constant(IdentityTypes.byteString),
      data: fc.uint8Array({ minLength: 1, maxLength: 255 }),
    });
    fc.assert(
      fc.property(fc.oneof(text, binary), (identity) => {
        assert.deepEqual(identityOfName(nameOfIdentity(identity)), { ...identity });
      }),
    );
  });

  it("are refused when they have none, or somebody else's", () => {
    const uri = (value: string) => ({ type: IdentityTypes.uri, data: ascii(value) });
    assert.throws(() => nameOfIdentity(uri("urn:symbolon:id:00ff")), /name of a byte string/);
    assert.throws(() => nameOfIdentity(uri("URN:Symbolon:ID:00ff")), /name of a byte string/);
    assert.throws(() => nameOfIdentity({ type: IdentityTypes.nai, data: ascii("a b") }), /printable/);
    assert.throws(() => nameOfIdentity({ type: IdentityTypes.nai, data: Uint8Array.of(200) }), /printable/);
    assert.throws(() => nameOfIdentity({ type: 77, data: ascii("a") }), /type 77/);
    for (const length of [0, 256]) {
      assert.throws(() => nameOfIdentity({ type: IdentityTypes.byteString, data: new Uint8Array(length) }), {
        name: "RangeError",
        message: `identity: expected 1 to 255 bytes, got ${length}`,
      });
    }
  });
});
