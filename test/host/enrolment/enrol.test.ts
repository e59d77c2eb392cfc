import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { enrolmentFromJson } from "../../../firmware/enrolment.js";
import { trustAnchor } from "../../../host/authority/certificate.js";
import { createLeaf, createRoot } from "../../../host/authority/certify.js";
import { generateRsaKeys } from "../../../host/authority/rsa-keys.js";
import { makeEnrolment, writeMadeEnrolment } from "../../../host/enrolment/enrol.js";
import { FileError } from "../../../host/enrolment/files.js";
import {
  type Authority,
  addResponder,
  enrolmentPath,
  readAuthority,
  readEnrolments,
  readParty,
  readResponders,
  writeAuthority,
  writeParty,
} from "../../../host/enrolment/folders.js";
import { verifyStatement } from "../../../host/enrolment/statement.js";
import { toHex } from "../../../protocol/bytes.js";
import type { Policy } from "../../../protocol/exchange/policy.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";

const NOW = Date.now();
const policy: Policy = {
  sensor: identityFromText("sip:sensor/1@example"),
  threshold: 3,
  privacy: 2,
  suite: "aes-ccm-128-8",
  thirdParties: ["party-01", "party-02", "party-03", "party-04"].map(identityFromText),
};
const responder = identityFromText("hospital");
const addresses = [1, 2, 3, 4].map((i) => `192.0.2.${i}:5683`);

describe("enrolment", () => {
  let folder: string;
  let authority: Authority;
  let leaf: Uint8Array;
  let partyKeys: Awaited<ReturnType<typeof generateRsaKeys>>;

  before(async () => {
    const keys = await generateRsaKeys(2048);
    partyKeys = await generateRsaKeys(2048);
    const certificate = await createRoot(keys.publicKey, keys.privateKey, { now: NOW, days: 10 });
    authority = { ...keys, certificate };
    leaf = await createLeaf(
      authority,
      { identity: responder, role: "responder", publicKey: partyKeys.publicKey },
      { now: NOW, days: 10 },
    );
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-enrolment-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  const order = { policy, responder, addresses, deadline: 7, days: 5, now: NOW };
  const folders = () => policy.thirdParties.map((_, i) => join(folder, `tp${i + 1}`));
  const refused = (work: () => unknown, path: string, complaint: string | RegExp) => {
    assert.throws(work, (error: Error) => {
      assert.ok(error instanceof FileError, error.stack);
      assert.equal(error.message.slice(0, path.length + 2), `${path}: `);
      const said = error.message.slice(path.length + 2);
      if (typeof complaint === "string") assert.equal(said, complaint);
      else assert.match(said, complaint);
      assert.doesNotMatch(said, /\n/);
      return true;
    });
  };

  it("gives the sensor what its firmware reads", async () => {
    const { sensor } = await makeEnrolment(authority, order);
    const read = enrolmentFromJson(JSON.parse(JSON.stringify(sensor)));
    assert.deepEqual(read.policy, policy);
    assert.deepEqual(read.responder, responder);
    assert.deepEqual(read.addresses, addresses);
    assert.equal(read.deadline, 7000);
    assert.equal(read.weights.length, 2 * 3);
    assert.equal("responderAddress" in sensor, false);
    const responderAddress = "192.0.2.9:5683";
    const other = (await makeEnrolment(authority, { ...order, responderAddress })).sensor;
    assert.equal(enrolmentFromJson(other).responderAddress, responderAddress);
  });

  it("gives each third party its own PSK, and all the same statement", async () => {
    const { sensor, thirdParties } = await makeEnrolment(authority, order);
    const again = await makeEnrolment(authority, order);
    const psks = [...sensor.psks, ...again.sensor.psks];
    assert.equal(new Set(psks).size, 8);
    for (const psk of psks) assert.match(psk, /^[0-9a-f]{32}$/);
    assert.deepEqual(
      thirdParties.map(({ psk }) => psk),
      sensor.psks,
    );
    assert.equal(new Set(thirdParties.map(({ statement }) => statement)).size, 1);
    const stated = await verifyStatement(thirdParties[0].statement, authority.publicKey, NOW);
    assert.deepEqual(stated.policy, policy);
  });

  it("is refused for a policy, an identity or addresses that can't be", async () => {
    const changed = (change: object) => makeEnrolment(authority, { ...order, ...change });
    await assert.rejects(changed({ policy: { ...policy, threshold: 1 } }), /threshold/);
    await assert.rejects(changed({ addresses: addresses.slice(1) }), /addresses: expected 4, got 3/);
    const sensor = { type: 2, data: new Uint8Array(256) };
    await assert.rejects(
      changed({ policy: { ...policy, sensor } }),
      /identity: expected 1 to 255 bytes, got 256/,
    );
  });

  it("is written for everybody, secret, and read again", async () => {
    const made = await makeEnrolment(authority, order);
    const sensorFile = join(folder, "sensor.json");
    writeMadeEnrolment(made, policy, sensorFile, folders());
    assert.equal(statSync(sensorFile).mode & 0o777, 0o600);
    assert.deepEqual(JSON.parse(readFileSync(sensorFile, "utf8")), JSON.parse(JSON.stringify(made.sensor)));
    folders().forEach((path, i) => {
      const [enrolment, ...more] = readEnrolments(path);
      assert.equal(more.length, 0);
      assert.deepEqual(enrolment.policy, policy);
      assert.equal(toHex(enrolment.psk as Uint8Array), made.sensor.psks[i]);
      assert.equal(enrolment.statement, made.thirdParties[i].statement);
      assert.equal(statSync(enrolmentPath(path, policy.sensor)).mode & 0o777, 0o600);
      assert.deepEqual(readdirSync(join(path, "enrolments")), ["sip%3asensor%2f1@example.json"]);
    });
  });

  it("replaces nothing unless told to, and then writes nothing at all", async () => {
    const first = await makeEnrolment(authority, order);
    const sensorFile = join(folder, "sensor.json");
    const [third] = folders().slice(2);
    writeMadeEnrolment(first, policy, join(folder, "other.json"), folders());
    for (const path of folders()) if (path !== third) rmSync(path, { recursive: true });
    const again = await makeEnrolment(authority, order);
    refused(
      () => writeMadeEnrolment(again, policy, sensorFile, folders()),
      enrolmentPath(third, policy.sensor),
      "is there already",
    );
    assert.equal(existsSync(sensorFile), false);
    assert.equal(existsSync(folders()[0]), false);
    writeMadeEnrolment(again, policy, sensorFile, folders(), { replace: true });
    assert.equal(toHex(readEnrolments(third)[0].psk as Uint8Array), again.sensor.psks[2]);
  });

  it("files that are wrong are named with the member, and no key is shown", async () => {
    const made = await makeEnrolment(authority, order);
    writeMadeEnrolment(made, policy, join(folder, "sensor.json"), folders());
    const [party] = folders();
    const path = enrolmentPath(party, policy.sensor);
    const good = JSON.parse(readFileSync(path, "utf8"));
    const cases: [object | null, string | RegExp][] = [
      [{ ...good, format: "x" }, 'format: expected "symbolon-third-party-1"'],
      [{ ...good, psk: good.psk.slice(2) }, "psk: expected 16 bytes in hex"],
      [{ ...good, psk: `${good.psk.slice(2)}zz` }, "psk: expected 16 bytes in hex"],
      [{ ...good, psk: 5 }, "psk: expected 16 bytes in hex"],
      [{ ...good, statement: null }, "statement: expected a compact JWS"],
      [{ ...good, policy: { ...good.policy, threshold: 1 } }, /^threshold: /],
      [null, "expected an object"],
    ];
    for (const [json, complaint] of cases) {
      writeFileSync(path, JSON.stringify(json));
      refused(() => readEnrolments(party), path, complaint);
    }
    writeFileSync(path, JSON.stringify(good));
    chmodSync(path, 0o640);
    refused(() => readEnrolments(party), path, /^mode 0640 /);
  });

  it("has none in a folder without any", () => {
    assert.deepEqual(readEnrolments(folder), []);
  });

  describe("folders", () => {
    it("of the authority and of parties are read as they were written", () => {
      const dir = join(folder, "ca");
      writeAuthority(dir, authority);
      assert.equal(statSync(join(dir, "key.pem")).mode & 0o777, 0o600);
      const read = readAuthority(dir);
      assert.ok(read.privateKey.equals(authority.privateKey));
      assert.deepEqual(read.certificate, authority.certificate);

      const root = trustAnchor(authority.certificate);
      const party = join(folder, "party");
      writeParty(party, { privateKey: partyKeys.privateKey, chain: [leaf, authority.certificate], root });
      const { chain, privateKey, root: readRoot } = readParty(party);
      assert.deepEqual(chain, [leaf, authority.certificate]);
      assert.ok(privateKey.equals(partyKeys.privateKey));
      assert.deepEqual(readRoot.certificate, authority.certificate);
      refused(
        () => writeParty(party, { privateKey, chain, root }),
        join(party, "key.pem"),
        "is there already",
      );
      writeParty(party, { privateKey, chain, root }, { replace: true });
    });

    it("that are wrong are named", () => {
      const root = trustAnchor(authority.certificate);
      const party = join(folder, "party");
      const write = () =>
        writeParty(party, { privateKey: partyKeys.privateKey, chain: [leaf], root }, { replace: true });
      const key = join(party, "key.pem");
      const chain = join(party, "chain.pem");
      refused(() => readParty(party), chain, "is missing");
      write();
      writeFileSync(key, "secret");
      refused(() => readParty(party), key, "expected a private key in PEM");
      writeFileSync(key, authority.privateKey.export({ type: "pkcs8", format: "pem" }));
      refused(() => readParty(party), key, "is not the key of the certificate beside it");
      chmodSync(key, 0o644);
      refused(() => readParty(party), key, /^mode 0644 /);
      write();
      writeFileSync(chain, "nothing");
      refused(() => readParty(party), chain, "chain: expected certificates in PEM");
      writeFileSync(chain, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
      refused(() => readParty(party), chain, "chain: certificate 1 is malformed");
      write();
      writeFileSync(join(party, "authority.pem"), readFileSync(chain));
      refused(() => readParty(party), join(party, "authority.pem"), /root may not certify others/);
    });

    it("of third parties know responders, one entry each", () => {
      const entry = { identity: responder, address: "192.0.2.9:5683", certificate: leaf };
      addResponder(folder, entry);
      addResponder(folder, { ...entry, identity: identityFromText("clinic") });
      addResponder(folder, { ...entry, address: "[2001:db8::9]:5683" });
      assert.deepEqual(readResponders(folder), [
        { ...entry, identity: identityFromText("clinic") },
        { ...entry, address: "[2001:db8::9]:5683" },
      ]);
      const path = join(folder, "responders.json");
      const cases: [unknown, string][] = [
        [{}, "expected a list of responders"],
        [[5], "[0]: expected an object"],
        [[{ identity: "a", address: "h:1" }], "[0].certificate: expected text"],
        [
          [{ identity: "a", address: "h:1", certificate: "x" }],
          "[0].certificate: expected certificates in PEM",
        ],
        [
          [
            {
              identity: "a b",
              address: "h:1",
              certificate: JSON.parse(readFileSync(path, "utf8"))[0].certificate,
            },
          ],
          "[0].identity: expected printable ASCII without spaces",
        ],
      ];
      for (const [json, complaint] of cases) {
        writeFileSync(path, JSON.stringify(json));
        refused(() => readResponders(folder), path, complaint);
      }
    });
  });
});
