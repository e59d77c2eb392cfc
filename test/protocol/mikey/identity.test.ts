import fc from "fast-check";
import { ascii, fromHex } from "../../../protocol/bytes.js";
import {
  type Identity,
  identityFromText,
  identityToText,
  sameIdentity,
} from "../../../protocol/mikey/identity.js";
import { deepEqual, equal, ok, throws } from "../../support/assert.js";
import { identities } from "./arbitraries.js";

describe("identities", () => {
  it("are read as NAI, URI or byte string", () => {
    deepEqual(identityFromText("sensor-1@example"), { type: 0, data: ascii("sensor-1@example") });
    deepEqual(identityFromText("sip:a@b.example"), { type: 1, data: ascii("sip:a@b.example") });
    deepEqual(identityFromText("0x00ff"), { type: 2, data: fromHex("00ff") });
  });

  it("that make no sense are refused", () => {
    for (const text of ["", "0x", "0x0", "0xgg", "a b", "é", "a\n", "a".repeat(1025)]) {
      throws(() => identityFromText(text), SyntaxError);
    }
  });

  it("are shown as they are read", () => {
    for (const text of ["sensor-1@example", "sip:a@b.example", "0x00ff", "a".repeat(1024)]) {
      equal(identityToText(identityFromText(text)), text);
    }
  });

  it("that can't be read back are shown as byte strings, of any length", () => {
    const shown: [Identity, string][] = [
      [{ type: 0, data: ascii("a b") }, "0x612062"],
      [{ type: 0, data: ascii("sip:a") }, "0x7369703a61"],
      [{ type: 1, data: ascii("nai@example") }, "0x6e6169406578616d706c65"],
      [{ type: 0, data: ascii("0x41") }, "0x30783431"],
      [{ type: 0, data: new Uint8Array(0) }, "0x"],
      [{ type: 9, data: ascii("a") }, "0x61"],
    ];
    for (const [identity, text] of shown) equal(identityToText(identity), text);
    equal(identityToText({ type: 0, data: new Uint8Array(65535).fill(0x61) }).length, 2 + 2 * 65535);
  });

  it("keep their meaning through text", () => {
    fc.assert(
      fc.property(identities, (identity) => {
        const text = identityToText(identity);
        if (!text.startsWith("0x")) ok(sameIdentity(identityFromText(text), identity));
        else if (identity.type === 2 && identity.data.length > 0) deepEqual(identityFromText(text), identity);
      }),
    );
  });

  it("are the same in type and bytes only", () => {
    const identity = identityFromText("a@b");
    ok(sameIdentity(identity, identityFromText("a@b")));
    ok(!sameIdentity(identity, { type: 1, data: identity.data }));
    ok(!sameIdentity(identity, identityFromText("a@c")));
    ok(!sameIdentity(identity, identityFromText("a@bb")));
  });
});
