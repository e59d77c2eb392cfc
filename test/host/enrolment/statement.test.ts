import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { generateRsaKeys } from "../../../host/authority/rsa-keys.js";
import {
  authorityName,
  STATEMENT_TYPE,
  type StatementClause,
  StatementError,
  signStatement,
  verifyStatement,
} from "../../../host/enrolment/statement.js";
import { type Policy, policyToJson } from "../../../protocol/exchange/policy.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const SECOND = 1000;
const DAY = 86_400 * SECOND;
const policy: Policy = {
  sensor: identityFromText("0x0102030405060708"),
  threshold: 2,
  privacy: 1,
  suite: "aes-ccm-128",
  thirdParties: ["party-01", "sip:party-02@example", "0x03"].map(identityFromText),
};

describe("enrolment statements", () => {
  let keys: { publicKey: KeyObject; privateKey: KeyObject };
  let otherKeys: { publicKey: KeyObject; privateKey: KeyObject };
  let statement: string;
  before(async () => {
    [keys, otherKeys] = await Promise.all([generateRsaKeys(2048), generateRsaKeys(2048)]);
    statement = await signStatement(keys, policy, { now: NOW, days: 10 });
  });

  const refused = async (clause: StatementClause, jws: string, message?: RegExp, now = NOW) => {
    await assert.rejects(verifyStatement(jws, keys.publicKey, now), (error: Error) => {
      assert.ok(error instanceof StatementError, error.stack);
      assert.equal(error.clause, clause, error.message);
      assert.match(error.message, /^enrolment statement: [^\n]+$/);
      if (message !== undefined) assert.match(error.message, message);
      return true;
    });
  };

  /** A statement as it should be, with some claims or header members changed. */
  const signed = (
    claims: Record<string, unknown>,
    header: Record<string, unknown> = {},
    key: KeyObject | Uint8Array = keys.privateKey,
  ) =>
    new SignJWT({
      policy: policyToJson(policy),
      iss: authorityName(keys.publicKey),
      jti: "serial",
      iat: NOW / SECOND,
      nbf: NOW / SECOND,
      exp: NOW / SECOND + 60,
      ...claims,
    })
      .setProtectedHeader({ alg: "PS256", typ: STATEMENT_TYPE, ...header })
      .sign(key);

  it("say what was signed", async () => {
    const read = await verifyStatement(statement, keys.publicKey, NOW);
    assert.deepEqual(read.policy, policy);
    assert.match(read.serial, /^[\w-]{16}$/);
    assert.equal(read.notBefore, NOW - 5 * 60 * SECOND);
    assert.equal(read.notAfter, NOW + 10 * DAY);
    const again = await verifyStatement(
      await signStatement(keys, policy, { now: NOW, days: 10 }),
      keys.publicKey,
      NOW,
    );
    assert.notEqual(again.serial, read.serial);
    assert.equal((await verifyStatement(await signed({}), keys.publicKey, NOW)).serial, "serial");
  });

  it("are refused out of their time", async () => {
    await verifyStatement(statement, keys.publicKey, NOW - 5 * 60 * SECOND);
    await refused("not yet valid", statement, /before 2026-06-01T11:55:00/, NOW - 5 * 60 * SECOND - SECOND);
    await verifyStatement(statement, keys.publicKey, NOW + 10 * DAY - SECOND);
    await refused("expired", statement, /expired at 2026-06-11T12:00:00/, NOW + 10 * DAY);
  });

  it("are refused when they are of another authority", async () => {
    await refused("other authority", await signStatement(otherKeys, policy, { now: NOW, days: 10 }));
    await refused("other authority", await signed({ iss: "urn:somebody" }));
    // Signed by another in our authority's name.
    await refused("altered", await signed({}, {}, otherKeys.privateKey));
  });

  it("are refused when they were altered", async () => {
    const [header, payload, signature] = statement.split(".");
    const json = JSON.parse(Buffer.from(payload, "base64url").toString());
    json.policy.threshold = 3;
    const altered = Buffer.from(JSON.stringify(json)).toString("base64url");
    await refused("altered", [header, altered, signature].join("."));
    const flipped = `${signature.slice(0, 10)}${signature[10] === "A" ? "B" : "A"}${signature.slice(11)}`;
    await refused("altered", [header, payload, flipped].join("."));
  });

  it("are refused with another algorithm", async () => {
    await refused("algorithm", await signed({}, { alg: "RS256" }), /PS256/);
    // The public key as a secret of HMAC, which is how algorithms get confused.
    const secret = new TextEncoder().encode(keys.publicKey.export({ type: "spki", format: "pem" }) as string);
    await refused("algorithm", await signed({}, { alg: "HS256" }, secret));
    const [, payload] = statement.split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: STATEMENT_TYPE })).toString("base64url");
    await refused("algorithm", `${none}.${payload}.`);
  });

  it("are refused with another type", async () => {
    await refused("type", await signed({}, { typ: "JWT" }), /symbolon-enrolment\+jwt/);
    await refused("type", await signed({}, { typ: undefined }));
  });

  it("are refused when the policy does not hold", async () => {
    const json = policyToJson(policy);
    const cases: [Record<string, unknown> | null, RegExp][] = [
      [{ ...json, threshold: 1, privacy: 0 }, /threshold: expected at least 2, got 1/],
      [{ ...json, threshold: 4 }, /threshold: 4 shares can't come from 3/],
      [{ ...json, privacy: 2 }, /privacy/],
      [{ ...json, suite: "rot13" }, /suite/],
      [{ ...json, thirdParties: ["a", "b", "a"] }, /a is named twice/],
      [{ ...json, sensor: 1 }, /sensor/],
      [null, /policy: expected an object/],
    ];
    for (const [changed, message] of cases)
      await refused("policy", await signed({ policy: changed }), message);
  });

  it("are refused when they are malformed", async () => {
    for (const jws of ["", "a", "a.b", "a.b.c", "....", `${statement}.x`, statement.slice(0, -20), "ü.ü.ü"]) {
      const error = await verifyStatement(jws, keys.publicKey, NOW).then(
        () => assert.fail(`accepted ${jws}`),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof StatementError, `${jws}: ${error}`);
      assert.ok(["malformed", "altered"].includes(error.clause), `${jws}: ${error.clause}`);
    }
    for (const claim of ["jti", "iat", "nbf", "exp", "policy"]) {
      await refused("malformed", await signed({ [claim]: undefined }), new RegExp(`${claim} is missing`));
    }
    await refused("malformed", await signed({ exp: "soon" }), /exp is not what it should be/);
    await refused("malformed", await signed({ jti: 5 }), /jti is not text/);
  });
});
