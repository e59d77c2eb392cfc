import "reflect-metadata";
import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, webcrypto, X509Certificate } from "node:crypto";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  X509Certificate as ParsedCertificate,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";
import {
  type CertificateClause,
  CertificateError,
  type ChainQuestion,
  certificateHash,
  trustAnchor,
  validateChain,
} from "../../../host/authority/certificate.js";
import {
  certify,
  commonName,
  createLeaf,
  createRoot,
  keyIdentifier,
} from "../../../host/authority/certify.js";
import { type Role, roleUsages } from "../../../host/authority/roles.js";
import { generateRsaKeys } from "../../../host/authority/rsa-keys.js";
import { concat } from "../../../protocol/bytes.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";

const NOW = Date.parse("2026-06-01T12:00:00Z");
const DAY = 86_400_000;
const party = identityFromText("party-01@example");

interface Keys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

describe("certificates", function () {
  this.timeout(60_000);
  let rootKeys: Keys;
  let otherKeys: Keys;
  let middleKeys: Keys;
  let leafKeys: Keys;
  let root: Uint8Array;
  let leaf: Uint8Array;

  before(async () => {
    [rootKeys, otherKeys, middleKeys, leafKeys] = await Promise.all(
      [2048, 2048, 2048, 2048].map(generateRsaKeys),
    );
    root = await createRoot(rootKeys.publicKey, rootKeys.privateKey, { now: NOW, days: 100 });
    leaf = await createLeaf(
      { certificate: root, privateKey: rootKeys.privateKey },
      { identity: party, role: "third-party", publicKey: leafKeys.publicKey },
      { now: NOW, days: 30 },
    );
  });

  const ask = (question: Partial<ChainQuestion> = {}) =>
    validateChain({
      chain: [leaf],
      root: { certificate: root, publicKey: rootKeys.publicKey },
      now: NOW,
      identity: party,
      role: "third-party",
      ...question,
    });

  const refused = (clause: CertificateClause, question: Partial<ChainQuestion>, message?: RegExp) => {
    assert.throws(
      () => ask(question),
      (error: Error) => {
        assert.ok(error instanceof CertificateError, error.stack);
        assert.equal(error.clause, clause, error.message);
        assert.doesNotMatch(error.message, /\n/);
        if (message !== undefined) assert.match(error.message, message);
        return true;
      },
    );
  };

  /** A leaf as it should be, with one thing changed. */
  const leafWith = (
    change: {
      key?: KeyObject;
      signer?: Keys;
      names?: ConstructorParameters<typeof SubjectAlternativeNameExtension>[0];
      usage?: KeyUsageFlags;
      roles?: string[];
      more?: Extension[];
      issuer?: Name;
      days?: number;
    } = {},
  ) => {
    const signer = change.signer ?? rootKeys;
    return certify({
      subject: commonName("leaf"),
      issuer: change.issuer ?? new ParsedCertificate(root).subjectName,
      publicKey: change.key ?? leafKeys.publicKey,
      signingKey: signer.privateKey,
      validity: { now: NOW, days: change.days ?? 30 },
      extensions: [
        new KeyUsagesExtension(change.usage ?? KeyUsageFlags.digitalSignature, true),
        ...(change.roles?.length === 0
          ? []
          : [new ExtendedKeyUsageExtension(change.roles ?? [roleUsages["third-party"]])]),
        new SubjectAlternativeNameExtension(change.names ?? [{ type: "email", value: "party-01@example" }]),
        new AuthorityKeyIdentifierExtension(keyIdentifier(signer.publicKey)),
        ...(change.more ?? []),
      ],
    });
  };

  /** An intermediate authority of the root's, and a leaf of its. */
  const middle = (
    change: {
      constraints?: BasicConstraintsExtension;
      usage?: KeyUsageFlags;
      days?: number;
      roles?: string[];
    } = {},
  ) =>
    certify({
      subject: commonName("middle"),
      issuer: new ParsedCertificate(root).subjectName,
      publicKey: middleKeys.publicKey,
      signingKey: rootKeys.privateKey,
      validity: { now: NOW, days: change.days ?? 50 },
      extensions: [
        change.constraints ?? new BasicConstraintsExtension(true, undefined, true),
        new KeyUsagesExtension(change.usage ?? KeyUsageFlags.keyCertSign, true),
        ...(change.roles === undefined ? [] : [new ExtendedKeyUsageExtension(change.roles)]),
        new SubjectKeyIdentifierExtension(keyIdentifier(middleKeys.publicKey)),
        new AuthorityKeyIdentifierExtension(keyIdentifier(rootKeys.publicKey)),
      ],
    });
  const leafOfMiddle = () => leafWith({ signer: middleKeys, issuer: commonName("middle") });

  it("answer for the leaf", () => {
    const answer = ask();
    assert.deepEqual(answer.identity, party);
    assert.equal(answer.role, "third-party");
    assert.ok(answer.publicKey.equals(leafKeys.publicKey));
    assert.deepEqual(answer.certificateHash, certificateHash(leaf));
    assert.equal(answer.notBefore, NOW - 5 * 60_000);
    assert.equal(answer.notAfter, NOW + 30 * DAY);
  });

  it("name their party by themselves when nobody is expected", () => {
    const { identity: _, ...question } = {
      chain: [leaf],
      root: trustAnchor(root),
      now: NOW,
      identity: party,
    };
    assert.deepEqual(validateChain({ ...question, role: "third-party" }).identity, party);
  });

  it("are what X.509 says: OpenSSL reads name, usage and issuer", () => {
    const [openRoot, openLeaf] = [root, leaf].map((der) => new X509Certificate(der));
    assert.equal(openRoot.ca, true);
    assert.equal(openLeaf.ca, false);
    assert.ok(openLeaf.checkIssued(openRoot));
    assert.ok(openLeaf.verify(rootKeys.publicKey));
    assert.equal(openLeaf.subject, "CN=party-01@example");
    assert.equal(openLeaf.subjectAltName, "email:party-01@example");
    assert.deepEqual(openLeaf.keyUsage, [roleUsages["third-party"]]);
    assert.match(openRoot.subject, /^CN=Symbolon authority [0-9a-f]{16}$/);
  });

  it("are small: a third party's of RSA-2048 has at most 900 bytes", () => {
    assert.ok(leaf.length <= 900, `${leaf.length}`);
  });

  it("have serials and names of their own", async () => {
    const again = await createLeaf(
      { certificate: root, privateKey: rootKeys.privateKey },
      { identity: party, role: "third-party", publicKey: leafKeys.publicKey },
      { now: NOW, days: 30 },
    );
    const serials = [root, leaf, again].map((der) => new X509Certificate(der).serialNumber);
    assert.equal(new Set(serials).size, 3);
    for (const serial of serials) assert.equal(serial.length, 32);
  });

  for (const text of [
    "0x0102030405060708",
    "sip:r@hospital.example",
    "hospital",
    "#hash,CN=x+y",
    "x".repeat(255),
  ]) {
    it(`carry the identity ${text.slice(0, 40)}`, async () => {
      const identity = identityFromText(text);
      const certificate = await createLeaf(
        { certificate: root, privateKey: rootKeys.privateKey },
        { identity, role: "responder", publicKey: leafKeys.publicKey },
        { now: NOW, days: 1 },
      );
      assert.deepEqual(ask({ chain: [certificate], role: "responder", identity }).identity, identity);
      refused("identity", { chain: [certificate], role: "responder", identity: party });
    });
  }

  it("work with RSA-3072 and RSA-4096", async () => {
    for (const bits of [3072, 4096]) {
      const { publicKey } = await generateRsaKeys(bits);
      assert.ok(ask({ chain: [await leafWith({ key: publicKey })] }).publicKey.equals(publicKey));
    }
  });

  it("are refused with keys of other kinds and sizes", async () => {
    await assert.rejects(generateRsaKeys(1024), {
      name: "RangeError",
      message: "key: expected 2048, 3072, 4096 bits, got 1024",
    });
    const small = generateKeyPairSync("rsa", { modulusLength: 1024 });
    refused("key", { chain: [await leafWith({ key: small.publicKey })] }, /RSA key of 1024 bits/);
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    refused("key", { chain: [await leafWith({ key: ec.publicKey })] }, /ec key/);
    const odd = generateKeyPairSync("rsa", { modulusLength: 2048, publicExponent: 3 });
    refused("key", { chain: [await leafWith({ key: odd.publicKey })] }, /exponent/);
  });

  it("are refused out of their time, to the second", () => {
    assert.doesNotThrow(() => ask({ now: NOW - 5 * 60_000 }));
    refused("not yet valid", { now: NOW - 5 * 60_000 - 1 }, /leaf|root/);
    assert.doesNotThrow(() => ask({ now: NOW + 30 * DAY }));
    refused("expired", { now: NOW + 30 * DAY + 1 }, /the leaf expired at 2026-07-01T12:00:00\.000Z/);
  });

  it("are refused with a root or an intermediate authority out of its time", async () => {
    const long = await leafWith({ days: 1000 });
    refused("expired", { chain: [long], now: NOW + 100 * DAY + 1 }, /the root expired/);
    const chain = [await leafOfMiddle(), await middle({ days: 1 })];
    assert.equal(ask({ chain }).notAfter, NOW + DAY);
    refused("expired", { chain, now: NOW + DAY + 1 }, /intermediate authority 1 expired/);
  });

  it("are refused when they are of another authority", async () => {
    const other = await createRoot(otherKeys.publicKey, otherKeys.privateKey, { now: NOW, days: 100 });
    refused("other authority", { root: trustAnchor(other) }, /another authority \(CN=Symbolon authority/);
    // One that takes our authority's name, and then its key identifier too.
    refused("other authority", { chain: [await leafWith({ signer: otherKeys })] });
    const forged = await certify({
      subject: commonName("leaf"),
      issuer: new ParsedCertificate(root).subjectName,
      publicKey: leafKeys.publicKey,
      signingKey: otherKeys.privateKey,
      validity: { now: NOW, days: 30 },
      extensions: [new AuthorityKeyIdentifierExtension(keyIdentifier(rootKeys.publicKey))],
    });
    refused("signature", { chain: [forged] });
  });

  it("are refused when any byte of them is altered", () => {
    for (let i = 0; i < leaf.length; i += 7) {
      const altered = Uint8Array.from(leaf);
      altered[i] ^= 0x01;
      assert.throws(() => ask({ chain: [altered] }), CertificateError, `byte ${i}`);
    }
    const inKey = Uint8Array.from(leaf);
    inKey[400] ^= 1;
    refused("signature", { chain: [inKey] });
  });

  it("are refused when they are signed with SHA-1", async () => {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-1" };
    const pkcs8 = rootKeys.privateKey.export({ type: "pkcs8", format: "der" });
    const weak = await X509CertificateGenerator.create({
      subject: new Name([{ CN: ["weak"] }]),
      issuer: new ParsedCertificate(root).subjectName,
      notBefore: new Date(NOW),
      notAfter: new Date(NOW + DAY),
      publicKey: leafKeys.publicKey.export({ type: "spki", format: "der" }),
      signingKey: await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]),
      signingAlgorithm: algorithm,
    });
    refused("signature", { chain: [new Uint8Array(weak.rawData)] });
  });

  it("are refused when they are malformed", () => {
    refused("malformed", { chain: [] }, /there is none/);
    refused("malformed", { chain: [new Uint8Array(0)] }, /the leaf is malformed/);
    refused("malformed", { chain: [concat(leaf, Uint8Array.of(0))] });
    refused("malformed", { chain: [new TextEncoder().encode(new X509Certificate(leaf).toString())] });
    for (let length = 1; length < leaf.length; length += 13)
      refused("malformed", { chain: [leaf.subarray(0, length)] });
    refused("malformed", { chain: [leaf, new Uint8Array(3)] }, /intermediate authority 1 is malformed/);
  });

  it("are refused without the role, or with the other one", async () => {
    refused("role", { role: "responder" }, /the leaf is not for the role responder/);
    for (const roles of [[], [roleUsages.responder], ["2.5.29.37.0"], ["1.3.6.1.5.5.7.3.1"]]) {
      refused("role", { chain: [await leafWith({ roles })] });
    }
    const both = await leafWith({
      roles: [roleUsages.responder, roleUsages["third-party"]],
      usage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
    });
    for (const role of ["third-party", "responder"] satisfies Role[]) ask({ chain: [both], role });
  });

  it("are refused when the key is not for what the role does with it", async () => {
    refused("key usage", { chain: [await leafWith({ usage: KeyUsageFlags.keyEncipherment })] });
    const signsOnly = await leafWith({ roles: [roleUsages.responder] });
    refused("key usage", { chain: [signsOnly], role: "responder" });
    const opensOnly = await leafWith({
      roles: [roleUsages.responder],
      usage: KeyUsageFlags.keyEncipherment,
    });
    assert.equal(ask({ chain: [opensOnly], role: "responder" }).role, "responder");
    refused("key usage", { chain: [opensOnly], role: "responder", signs: true });
  });

  it("are refused for another identity, or for none or several when nobody is expected", async () => {
    refused(
      "identity",
      { identity: identityFromText("party-02@example") },
      /party-01@example, not of party-02@example/,
    );
    // The same letters as another type of identity.
    const { data } = party;
    refused("identity", { identity: { type: 1, data } });
    const question = { root: trustAnchor(root), now: NOW, role: "third-party" } as const;
    const two = await leafWith({
      names: [
        { type: "email", value: "party-01@example" },
        { type: "email", value: "party-02@example" },
      ],
    });
    const none = await leafWith({ names: [{ type: "dns", value: "party-01.example" }] });
    for (const chain of [[two], [none]]) {
      assert.throws(() => validateChain({ chain, ...question }), { clause: "identity" });
    }
    assert.deepEqual(ask({ chain: [two] }).identity, party);
    refused("identity", { chain: [none] }, /nobody/);
  });

  it("are refused with a critical extension that nobody here understands, or one that stands twice", async () => {
    const unknown = (critical: boolean) => new Extension("1.2.3.4", critical, Uint8Array.of(5, 0));
    ask({ chain: [await leafWith({ more: [unknown(false)] })] });
    refused(
      "unknown critical extension",
      { chain: [await leafWith({ more: [unknown(true)] })] },
      /1\.2\.3\.4/,
    );
    const twice = new SubjectAlternativeNameExtension([{ type: "email", value: "party-02@example" }]);
    refused("malformed", { chain: [await leafWith({ more: [twice] })] });
  });

  describe("with intermediate authorities", () => {
    it("are accepted", async () => {
      assert.deepEqual(ask({ chain: [await leafOfMiddle(), await middle()] }).identity, party);
    });

    it("need each of them, in order", async () => {
      const chain = [await leafOfMiddle(), await middle()];
      refused("other authority", { chain: [chain[0]] });
      refused("other authority", { chain: [chain[1], chain[0]] });
      refused("too long", { chain: Array(5).fill(leaf) });
    });

    it("need each to be one", async () => {
      const made = await leafOfMiddle();
      const notOne = await middle({ constraints: new BasicConstraintsExtension(false) });
      refused("not an authority", { chain: [made, notOne] });
      const signsNothing = await middle({ usage: KeyUsageFlags.digitalSignature });
      refused("not an authority", { chain: [made, signsNothing] });
      // A party that certifies another.
      const byParty = await leafWith({ signer: leafKeys, issuer: commonName("party-01@example") });
      refused("not an authority", { chain: [byParty, leaf] });
    });

    it("keep to path lengths and to the roles that an authority is confined to", async () => {
      ask({
        chain: [
          await leafOfMiddle(),
          await middle({ constraints: new BasicConstraintsExtension(true, 0, true) }),
        ],
      });
      const second = await certify({
        subject: commonName("second"),
        issuer: commonName("middle"),
        publicKey: otherKeys.publicKey,
        signingKey: middleKeys.privateKey,
        validity: { now: NOW, days: 30 },
        extensions: [
          new BasicConstraintsExtension(true, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
          new SubjectKeyIdentifierExtension(keyIdentifier(otherKeys.publicKey)),
        ],
      });
      const chain = [await leafWith({ signer: otherKeys, issuer: commonName("second") }), second];
      ask({ chain: [...chain, await middle()] });
      const short = await middle({ constraints: new BasicConstraintsExtension(true, 0, true) });
      refused("path length", { chain: [...chain, short] });

      const confined = await middle({ roles: [roleUsages.responder] });
      refused("role", { chain: [await leafOfMiddle(), confined] });
      ask({ chain: [await leafOfMiddle(), await middle({ roles: ["2.5.29.37.0"] })] });
    });
  });

  describe("of an authority", () => {
    it("are read", () => {
      assert.ok(trustAnchor(root).publicKey.equals(rootKeys.publicKey));
    });

    it("are refused when they are not self-signed or no authority's", () => {
      assert.throws(() => trustAnchor(leaf), { clause: "not an authority" });
      const altered = Uint8Array.from(root);
      altered[root.length - 1] ^= 1;
      assert.throws(() => trustAnchor(altered), { clause: "signature" });
      assert.throws(() => trustAnchor(new Uint8Array(5)), { clause: "malformed" });
    });

    it("are no party's", () => {
      refused("role", { chain: [root] });
    });
  });
});
