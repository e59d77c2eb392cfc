/** `symbolon third-party` and `symbolon responder` as processes: how they begin, and how they end. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { coapRequest } from "../../../host/coap/client.js";
import { addResponder, writeEnrolment, writeParty } from "../../../host/enrolment/folders.js";
import { type PartyEvent, PartyProcess, programFile } from "../../../host/simulation/process.js";
import { openLmdbStore } from "../../../host/store/lmdb.js";
import { toHex } from "../../../protocol/bytes.js";
import { Codes, ContentFormats } from "../../../protocol/coap/numbers.js";
import { FinishedInitiator } from "../../../protocol/exchange/initiator.js";
import { policyToJson } from "../../../protocol/exchange/policy.js";
import { begin, type Certified, type World, world } from "./world.js";

const MAIN = programFile("host/cli/main.js");
const TIMEOUT = 20_000;

interface Ended {
  readonly code: unknown;
  readonly stdout: string;
  readonly stderr: string;
}

function run(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { timeout: TIMEOUT }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

describe("servers as commands", function () {
  this.timeout(60_000);
  let w: World;
  let folder: string;
  const running: PartyProcess[] = [];

  before(async () => {
    w = await world();
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-command-"));
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((party) => party.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  function write(name: string, { privateKey, certificate }: Certified): string {
    const own = join(folder, name);
    writeParty(own, { privateKey, chain: [certificate], root: w.authority });
    return own;
  }

  async function start(command: string, dir: string): Promise<{ party: PartyProcess; address: string }> {
    const args = [command, "--dir", dir, "--listen", "127.0.0.1:0", "--deadline", "3"];
    const party = new PartyProcess({ name: command, script: MAIN, args });
    running.push(party);
    const { address, port } = await party.waitFor("listening", ({ event }) => event === "listening", TIMEOUT);
    return { party, address: `${address}:${port}` };
  }

  async function fails(args: string[], line: RegExp): Promise<void> {
    const { code, stdout, stderr } = await run(...args);
    assert.match(stderr, line);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.deepEqual([code, stdout], [1, ""]);
  }

  it("say in one line which file is wrong", async () => {
    const party = write("party", w.parties[0]);
    const hospital = write("hospital", w.hospital);
    mkdirSync(join(party, "enrolments"));
    writeFileSync(join(party, "enrolments", "sensor01.json"), '{"format": oops', { mode: 0o600 });
    mkdirSync(join(hospital, "state"));
    writeFileSync(join(hospital, "state", "data.mdb"), "not a store");
    const used = await openLmdbStore(join(folder, "other", "state"));
    await used.close();
    await Promise.all([
      fails(["third-party", "--dir", join(folder, "nowhere")], /nowhere\/chain\.pem: is missing$/m),
      fails(["third-party", "--dir", party], /sensor01\.json: line 1, column 12: malformed JSON$/m),
      fails(
        ["responder", "--dir", party],
        /chain\.pem: certificate: the leaf is not for the role responder$/m,
      ),
      fails(["responder", "--dir", hospital], /state: the state is damaged/m),
    ]);
  });

  it("say in one line that the place or the state is taken", async () => {
    const dir = write("hospital", w.hospital);
    const { address } = await start("responder", dir);
    const other = write("party", w.parties[0]);
    await Promise.all([
      fails(["responder", "--dir", dir, "--listen", "127.0.0.1:0"], /state is in use by process \d+/),
      fails(["third-party", "--dir", other, "--listen", address], /--listen .*EADDRINUSE/),
    ]);
  });

  it("serve whom they learn of while they run, and end at once when they are told to", async () => {
    const dirs = ["party-01", "party-02"].map((name, i) => write(name, w.parties[i]));
    const hospital = await start("responder", write("hospital", w.hospital));
    const parties = await Promise.all(dirs.map((dir) => start("third-party", dir)));
    const agreed = hospital.party.waitFor("a key", ({ event }) => event === "agreed", TIMEOUT);
    dirs.forEach((dir, i) => {
      const statement = String.fromCharCode(...w.statement);
      writeEnrolment(dir, { policy: policyToJson(w.policy), psk: toHex(w.psks[i]), statement });
      addResponder(dir, { ...w.hospital, address: hospital.address });
    });
    const exchange = begin(w, 1);
    const contentFormat = ContentFormats.mikey;
    const answers = await Promise.all(
      parties.map(({ address }, i) =>
        coapRequest({ address, path: "mikey", payload: exchange.messages[i], contentFormat }),
      ),
    );
    assert.deepEqual(
      answers.map(({ code }) => code),
      [Codes.changed, Codes.changed],
    );
    assert.ok(exchange.consumeVerification(1, answers[0].payload) instanceof FinishedInitiator);
    const { sensor, t, tek }: PartyEvent = await agreed;
    assert.deepEqual([sensor, t], ["sensor01", 1]);
    assert.match(`${tek}`, /^[0-9a-f]{32}$/);

    // A share that waits for others does not keep anybody from ending.
    void coapRequest({
      address: parties[0].address,
      path: "mikey",
      payload: begin(w, 2).messages[0],
      contentFormat,
    }).catch(() => undefined);
    await parties[0].party.waitFor("TP_R", ({ event }) => event === "message", TIMEOUT);
    const all = [hospital, ...parties].map(({ party }) => party);
    const began = performance.now();
    for (const { pid } of all) process.kill(pid as number, "SIGTERM");
    await Promise.all(all.map((party) => party.ended));
    assert.ok(performance.now() - began < 1_500);
  });
});
