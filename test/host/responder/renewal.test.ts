/** Certificates for hours: a Responder and a third party that get new keys while they run, and what is left of the old. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { certificateHash, validateChain } from "../../../host/authority/certificate.js";
import { privateKeyPem } from "../../../host/authority/rsa-keys.js";
import {
  addResponder,
  readParty,
  readPartyCertificates,
  readResponders,
  renewParty,
  writeAuthority,
  writeParty,
} from "../../../host/enrolment/folders.js";
import { responderFromFolder } from "../../../host/responder/folder.js";
import { programFile } from "../../../host/simulation/process.js";
import { thirdPartyFromFolder } from "../../../host/third-party/folder.js";
import { Codes } from "../../../protocol/coap/numbers.js";
import {
  begin,
  type Certified,
  certified,
  DAY,
  known,
  soon,
  type World,
  world,
} from "../third-party/world.js";
import { confirmationIn, forward, stand } from "./forwarding.js";

const MAIN = programFile("host/cli/main.js");
/** Longer than the pause between two readings. */
const A_MOMENT = 350;

let w: World;
let folder: string;
let hospital: string;
let party: string;

function symbolon(...args: string[]): Promise<{ code: number; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: 20_000 }, (error, _, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stderr }),
    );
  });
}

function write(path: string, { privateKey, certificate }: Certified): void {
  mkdirSync(path, { recursive: true });
  writeParty(path, { privateKey, chain: [certificate], root: w.authority }, { replace: true });
}

const of = (role: "responder" | "third-party", at = 0) => ({ issuer: w.authority, role, at });

describe("certificates that change while servers run", () => {
  before(async function () {
    this.timeout(30_000);
    w = await world();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-renewal-"));
    hospital = join(folder, "hospital");
    party = join(folder, "party-01");
    write(hospital, w.hospital);
    write(party, w.parties[0]);
    addResponder(party, { ...w.hospital, address: "192.0.2.9:5683" });
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A Responder out of its folder, and whether it agrees with a sensor whose third parties know that certificate. */
  async function standing() {
    const { responder } = await stand(w, responderFromFolder(hospital));
    let t = 0;
    const agrees = async (certificate: Certified): Promise<boolean> => {
      const exchange = begin(w, ++t);
      const messages = [1, 2].map((x) => forward(w, exchange, x, { responder: known(certificate) }));
      const answers = await soon(Promise.all(messages.map(({ bytes }) => responder.receive("", bytes))));
      if (answers.some(({ code }) => code !== Codes.changed)) return false;
      return answers.every(({ payload }, i) => confirmationIn(messages[i], payload as Uint8Array));
    };
    return { responder, agrees };
  }

  it("a Responder has the key of its folder, and after a renewal and a restart no other", async () => {
    const { responder, agrees } = await standing();
    const { now } = Date;
    try {
      assert.ok(await agrees(w.hospital));
      const renewed = await certified("hospital", of("responder", DAY / 2));
      assert.ok(!(await agrees(renewed)));
      // It holds from half a day on.
      Date.now = () => now() + DAY / 2 + 60_000;
      renewParty(hospital, { privateKey: renewed.privateKey, chain: [renewed.certificate] });
      await sleep(A_MOMENT);
      const { receiver } = responderFromFolder(hospital);
      assert.ok(receiver?.(certificateHash(renewed.certificate)));
      assert.equal(receiver?.(certificateHash(w.hospital.certificate)), undefined);
    } finally {
      Date.now = now;
      responder.close();
    }
  });

  it("a Responder takes up a new key without a restart, and the old one until its certificate ends", async () => {
    const options = responderFromFolder(hospital);
    const old = certificateHash(w.hospital.certificate);
    assert.ok(options.receiver?.(old));
    await sleep(A_MOMENT);
    const renewed = await certified("hospital", of("responder"));
    const hash = certificateHash(renewed.certificate);
    assert.equal(options.receiver?.(hash), undefined);
    renewParty(hospital, { privateKey: renewed.privateKey, chain: [renewed.certificate] });
    await sleep(A_MOMENT);
    const { responder, events } = await stand(w, options);
    const exchange = begin(w, 1);
    const messages = [w.hospital, renewed].map((as, i) =>
      forward(w, exchange, i + 1, { responder: known(as) }),
    );
    const answers = await soon(Promise.all(messages.map(({ bytes }) => responder.receive("", bytes))));
    responder.close();
    assert.deepEqual(
      answers.map(({ code }) => code),
      [Codes.changed, Codes.changed],
    );
    assert.equal(events.filter(({ event }) => event === "agreed").length, 1);
    const { now } = Date;
    try {
      Date.now = () => now() + 2 * DAY;
      assert.equal(options.receiver?.(old), undefined);
    } finally {
      Date.now = now;
    }
  });

  it("a third party signs with its new key, and shows the new certificate", async () => {
    const { current } = thirdPartyFromFolder(party, () => {});
    assert.deepEqual(current?.().chain, [w.parties[0].certificate]);
    await sleep(A_MOMENT);
    const renewed = await certified("party-01", of("third-party"));
    renewParty(party, { privateKey: renewed.privateKey, chain: [renewed.certificate] });
    await sleep(A_MOMENT);
    assert.deepEqual(current?.().chain, [renewed.certificate]);
    const { responder, events } = await stand(w);
    const exchange = begin(w, 1);
    const messages = [forward(w, exchange, 1, { party: current?.() ?? {} }), forward(w, exchange, 2)];
    await soon(Promise.all(messages.map(({ bytes }) => responder.receive("", bytes))));
    responder.close();
    assert.equal(events.filter(({ event }) => event === "agreed").length, 1);
  });

  it("what is of another party is not taken up, and told", async () => {
    const events: string[] = [];
    const options = responderFromFolder(hospital, (event) => events.push(event.event));
    await sleep(A_MOMENT);
    const other = await certified("elsewhere", of("responder"));
    renewParty(hospital, { privateKey: other.privateKey, chain: [other.certificate] });
    await sleep(A_MOMENT);
    assert.equal(options.receiver?.(certificateHash(other.certificate)), undefined);
    assert.ok(options.receiver?.(certificateHash(w.hospital.certificate)));
    assert.deepEqual(events, ["fault"]);
  });

  it("an end in the middle of a renewal leaves a key and its certificate", async () => {
    const renewed = await certified("hospital", of("responder"));
    const key = join(hospital, "key.pem");
    const both = readFileSync(key, "utf8") + privateKeyPem(renewed.privateKey);
    writeFileSync(key, both);
    assert.ok(readParty(hospital).privateKey.equals(w.hospital.privateKey));
    renewParty(hospital, { privateKey: renewed.privateKey, chain: [renewed.certificate] });
    writeFileSync(key, both);
    assert.ok(readParty(hospital).privateKey.equals(renewed.privateKey));
  });

  it("symbolon authority renew: for hours, told to third parties, the old key overwritten", async () => {
    const authority = join(folder, "authority");
    writeAuthority(authority, w.authority);
    const line = ["authority", "renew", "--dir", authority, "--out", hospital, "--hours", "12"];
    assert.deepEqual(await symbolon(...line, "--tell", party), { code: 0, stderr: "" });
    const { chain } = readPartyCertificates(hospital);
    const { notAfter } = validateChain({ chain, root: w.authority, now: Date.now(), role: "responder" });
    assert.ok(Math.abs(notAfter - Date.now() - DAY / 2) < 60_000);
    const [entry] = readResponders(party);
    assert.deepEqual([entry.certificate, entry.address], [chain[0], "192.0.2.9:5683"]);
    const [, line2] = privateKeyPem(w.hospital.privateKey).split("\n");
    for (const name of readdirSync(hospital)) {
      assert.ok(!readFileSync(join(hospital, name), "utf8").includes(line2), name);
    }
    assert.equal(statSync(join(hospital, "key.pem")).mode & 0o777, 0o600);
    const stranger = await symbolon(...line, "--tell", hospital);
    assert.equal(stranger.code, 1);
    assert.match(stranger.stderr, /responders\.json: is missing/);
    const both = await symbolon(...line, "--days", "3");
    assert.equal(both.code, 2);
  });
});
