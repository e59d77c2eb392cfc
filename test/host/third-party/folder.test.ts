import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FileError } from "../../../host/enrolment/files.js";
import { addResponder, enrolmentPath, writeEnrolment, writeParty } from "../../../host/enrolment/folders.js";
import type { PartyEvent } from "../../../host/events.js";
import { responderFromFolder } from "../../../host/responder/folder.js";
import { thirdPartyFromFolder } from "../../../host/third-party/folder.js";
import { toHex } from "../../../protocol/bytes.js";
import { type Policy, policyToJson } from "../../../protocol/exchange/policy.js";
import { identityFromText, identityToText } from "../../../protocol/mikey/identity.js";
import { ErrorNumbers } from "../../../protocol/mikey/numbers.js";
import { Refusal } from "../../../protocol/mikey/refusal.js";
import { type Certified, certified, DAY, type World, world } from "./world.js";

/** Longer than the pause between two readings. */
const A_MOMENT = 350;

describe("folders of servers", () => {
  let w: World;
  let folder: string;

  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-folder-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function write({ certificate, privateKey }: Certified): void {
    writeParty(folder, { privateKey, chain: [certificate], root: w.authority }, { replace: true });
  }

  function enrol(name: string, change: Partial<Policy> = {}): void {
    const policy = policyToJson({ ...w.policy, sensor: identityFromText(name), ...change });
    const statement = String.fromCharCode(...w.statement);
    writeEnrolment(folder, { policy, psk: toHex(w.psks[0]), statement }, { replace: true });
  }

  /** Throws a FileError of one line that names this file and that place in it. */
  function complains(file: string, place: RegExp, read = () => thirdPartyFromFolder(folder, () => {})): void {
    assert.throws(read, (error) => {
      assert.ok(error instanceof FileError, `${error}`);
      assert.equal(error.path, join(folder, file));
      assert.match(error.message, place);
      assert.doesNotMatch(error.message, /\n/);
      return true;
    });
  }

  describe("a third party's", () => {
    beforeEach(() => write(w.parties[0]));

    it("says who it is, and knows nobody yet", () => {
      const { party, sensor, responder } = thirdPartyFromFolder(folder, () => {});
      assert.equal(identityToText(party.identity), "party-01");
      assert.deepEqual(party.chain, [w.parties[0].certificate]);
      assert.equal(sensor("sensor01"), undefined);
      assert.equal(responder("hospital"), undefined);
    });

    it("gains sensors and Responders while it is in use", async () => {
      const { sensor, responder } = thirdPartyFromFolder(folder, () => {});
      assert.equal(sensor("sensor01"), undefined);
      assert.equal(responder("hospital"), undefined);
      enrol("sensor01");
      addResponder(folder, { ...w.hospital, address: "127.0.0.1:5683" });
      await sleep(A_MOMENT);
      assert.deepEqual(sensor("sensor01")?.policy.sensor, identityFromText("sensor01"));
      assert.deepEqual(sensor("sensor01")?.start, { t: 1, keys: w.psks[0] });
      assert.equal(responder("hospital")?.address, "127.0.0.1:5683");
      enrol("sensor02");
      addResponder(folder, { ...w.hospital, address: "127.0.0.1:9999" });
      await sleep(A_MOMENT);
      assert.ok(sensor("sensor02") && sensor("sensor01"));
      assert.equal(responder("hospital")?.address, "127.0.0.1:9999");
    });

    it("keeps what it knew when a later file is malformed, and tells of it", async () => {
      enrol("sensor01");
      const events: PartyEvent[] = [];
      const { sensor } = thirdPartyFromFolder(folder, (event) => events.push(event));
      writeFileSync(join(folder, "enrolments", "sensor02.json"), "{", { mode: 0o600 });
      await sleep(A_MOMENT);
      assert.equal(sensor("sensor02"), undefined);
      assert.ok(sensor("sensor01"));
      assert.equal(events.length, 1);
      assert.ok(events[0].event === "fault" && /sensor02.json: line 1, column 2/.test(events[0].reason));
    });

    it("is not read for every stranger", async () => {
      enrol("sensor01");
      const { sensor } = thirdPartyFromFolder(folder, () => {});
      await sleep(A_MOMENT);
      sensor("sensor01");
      enrol("sensor02");
      assert.equal(sensor("sensor02"), undefined);
      await sleep(A_MOMENT);
      assert.ok(sensor("sensor02"));
    });

    it("has a Responder as long as its certificate is valid", async () => {
      const { issuer, role, keys } = { issuer: w.authority, role: "responder", keys: w.hospital } as const;
      const old = await certified("old", { issuer, role, keys, at: -3 * DAY });
      addResponder(folder, { ...old, address: "127.0.0.1:1" });
      addResponder(folder, { ...w.hospital, address: "127.0.0.1:2" });
      const { responder } = thirdPartyFromFolder(folder, () => {});
      assert.equal(responder("hospital")?.address, "127.0.0.1:2");
      assert.throws(
        () => responder("old"),
        (error) => error instanceof Refusal && error.errorNumber === ErrorNumbers.unreachable,
      );
    });

    it("names the file that is wrong, and the place", async () => {
      enrol("sensor01");
      const path = enrolmentPath(folder, identityFromText("sensor01"));
      writeFileSync(path, '{"format": "symbolon-third-party-1", "policy": 7}');
      complains("enrolments/sensor01.json", /psk: expected 16 bytes/);
      writeFileSync(path, `{"format":\n "symbolon-third-party-1", "psk": "${toHex(w.psks[0])}" oops`);
      complains("enrolments/sensor01.json", /line 2, column \d+: malformed JSON$/);
      rmSync(path);
      mkdirSync(path, { mode: 0o700 });
      complains("enrolments/sensor01.json", /is a folder/);
      rmSync(path, { recursive: true });

      enrol("sensor01", { thirdParties: w.policy.thirdParties.slice(1) });
      complains("enrolments/sensor01.json", /party-01, whose folder this is, is not among the third parties/);
      enrol("sensor01");
      renameSync(path, join(folder, "enrolments", "copy.json"));
      enrol("sensor01");
      complains("enrolments/sensor01.json", /another file enrols sensor01 too/);
      rmSync(join(folder, "enrolments"), { recursive: true });

      writeFileSync(join(folder, "responders.json"), "[1]");
      complains("responders.json", /\[0\]: expected an object/);
      rmSync(join(folder, "responders.json"));
      addResponder(folder, { ...w.hospital, address: "no:where" });
      complains("responders.json", /address: expected host:port, got "no:where"/);
      addResponder(folder, { ...w.parties[1], address: "127.0.0.1:1", identity: w.hospital.identity });
      complains("responders.json", /\[0\]\.certificate: the leaf is not for the role responder/);
      const { stranger } = w;
      const impostor = await certified("hospital", { issuer: stranger, role: "responder", keys: w.hospital });
      addResponder(folder, { ...impostor, address: "127.0.0.1:1" });
      complains("responders.json", /of another authority/);
      rmSync(join(folder, "responders.json"));

      write(w.hospital);
      complains("chain.pem", /not for the role third-party/);
      write(await certified("party-01", { issuer: w.authority, role: "third-party", at: -3 * DAY }));
      complains("chain.pem", /expired at/);
      writeFileSync(join(folder, "chain.pem"), "");
      complains("chain.pem", /expected certificates in PEM/);
      rmSync(join(folder, "chain.pem"));
      complains("chain.pem", /is missing/);
    });
  });

  describe("a Responder's", () => {
    it("says who it is", () => {
      write(w.hospital);
      const { responder } = responderFromFolder(folder);
      assert.equal(identityToText(responder.identity), "hospital");
    });

    it("names the file that is wrong", () => {
      write(w.parties[0]);
      const read = () => responderFromFolder(folder) as never;
      complains("chain.pem", /not for the role responder/, read);
      writeFileSync(join(folder, "key.pem"), "nothing");
      complains("key.pem", /expected a private key in PEM/, read);
      rmSync(join(folder, "key.pem"));
      complains("key.pem", /is missing/, read);
      rmSync(join(folder, "authority.pem"));
      complains("authority.pem", /is missing/, read);
    });
  });
});
