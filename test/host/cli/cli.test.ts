import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { enrolmentFromJson } from "../../../firmware/enrolment.js";
import { validateChain } from "../../../host/authority/certificate.js";
import { readEnrolments, readParty, readResponders } from "../../../host/enrolment/folders.js";
import { verifyStatement } from "../../../host/enrolment/statement.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";

const MAIN = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));

describe("symbolon", function () {
  this.timeout(60_000);
  let folder: string;
  /** Runs the tool in the folder. */
  const run = (args: string, env: Record<string, string> = {}) =>
    spawnSync(process.execPath, [MAIN, ...args.split(" ").filter((arg) => arg !== "")], {
      cwd: folder,
      encoding: "utf8",
      timeout: 20_000,
      env: { ...process.env, ...env },
    });
  const good = (args: string) => {
    const { status, stdout, stderr } = run(args);
    assert.equal(stderr, "");
    assert.equal(stdout, "");
    assert.equal(status, 0);
  };
  /** One line on standard error, and nothing else. */
  const bad = (args: string, status: number, said: RegExp) => {
    const { stdout, stderr, status: was } = run(args);
    assert.match(stderr, /^[^\n]+\n$/);
    assert.match(stderr, said);
    assert.equal(stdout, "");
    assert.equal(was, status, stderr);
  };
  const ENROL =
    "enrol --authority ca --sensor 0x0102030405060708 --third-party party-01=tp1@127.0.0.1:1001 " +
    "--third-party sip:b=2@example=tp2@[::1]:1002 --threshold 2 --suite aes-ccm-128-8 --deadline 2.5";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-cli-"));
    good("authority init --dir ca");
    good("authority certify --dir ca --role third-party --identity party-01 --out tp1");
    good(
      "authority certify --dir ca --role third-party --identity sip:b=2@example --out tp2 --bits 3072 --days 7",
    );
    good("authority certify --dir ca --role responder --identity hospital --out r");
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });
  const at = (path: string) => join(folder, path);

  it("makes an authority and parties whose chains hold", () => {
    for (const [dir, text, role] of [
      ["tp1", "party-01", "third-party"],
      ["tp2", "sip:b=2@example", "third-party"],
      ["r", "hospital", "responder"],
    ] as const) {
      const { chain, root, privateKey } = readParty(at(dir));
      const identity = identityFromText(text);
      const party = validateChain({ chain, root, now: Date.now(), identity, role });
      const days = dir === "tp2" ? 7 : 365;
      assert.ok(Math.abs(party.notAfter - Date.now() - days * 86_400_000) < 60_000);
      assert.equal(privateKey.asymmetricKeyDetails?.modulusLength, dir === "tp2" ? 3072 : 2048);
      assert.equal(statSync(at(`${dir}/key.pem`)).mode & 0o777, 0o600);
    }
  });

  it("enrols a sensor: its file, its third parties, and to those the responder", async () => {
    good(`${ENROL} --responder hospital=r@127.0.0.1:9000 --out sensor.json`);
    const sensor = JSON.parse(readFileSync(at("sensor.json"), "utf8"));
    const read = enrolmentFromJson(sensor);
    assert.equal(read.deadline, 2500);
    assert.deepEqual(sensor.addresses, ["127.0.0.1:1001", "[::1]:1002"]);
    assert.equal(sensor.responderAddress, "127.0.0.1:9000");
    assert.equal(sensor.policy.privacy, 1);
    assert.equal(sensor.policy.suite, "aes-ccm-128-8");
    const { root } = readParty(at("r"));
    for (const dir of ["tp1", "tp2"]) {
      const [enrolment] = readEnrolments(at(dir));
      const { policy } = await verifyStatement(enrolment.statement, root.publicKey, Date.now());
      assert.deepEqual(policy, read.policy);
      const [responder] = readResponders(at(dir));
      assert.equal(responder.address, "127.0.0.1:9000");
      assert.deepEqual(responder.certificate, readParty(at("r")).chain[0]);
    }
  });

  it("asks nothing of a Responder that does not run, and says who can't be reached", () => {
    bad("responder ask sensor01 --dir r --read", 1, /^symbolon: r: no Responder runs in this folder$/m);
    bad("responder trigger sensor01 --dir tp1 --gateway 127.0.0.1:9", 1, /not for the role responder$/m);
    bad(
      "responder trigger sensor01 --dir r --gateway 127.0.0.1:9",
      1,
      /gateway does not answer \(127\.0\.0\.1:9: refused\)$/m,
    );
  });

  it("replaces files with --force only", () => {
    bad("authority init --dir ca", 1, /^symbolon: ca\/key\.pem: is there already$/m);
    bad(
      "authority certify --dir ca --role responder --identity r --out tp1",
      1,
      /tp1\/key\.pem: is there already/,
    );
    bad(`${ENROL} --responder hospital --out sensor.json`, 1, /sensor\.json: is there already/);
    const before = readFileSync(at("sensor.json"), "utf8");
    bad(
      `${ENROL} --responder hospital --out new.json`,
      1,
      /tp1\/enrolments\/0x0102030405060708\.json: is there already/,
    );
    assert.equal(existsSync(at("new.json")), false);
    good(`${ENROL} --responder hospital --out sensor.json --force`);
    assert.notEqual(readFileSync(at("sensor.json"), "utf8"), before);
  });

  it("checks that a folder is that of the third party", () => {
    const enrol = (party: string) =>
      `enrol --authority ca --sensor s --third-party party-01=tp1@h:1 --third-party ${party} --threshold 2 --responder hospital --out s.json`;
    bad(
      enrol("party-03=tp2@h:1"),
      1,
      /^symbolon: tp2: certificate: the leaf is that of sip:b=2@example, not of party-03$/m,
    );
    bad(enrol("hospital=r@h:1"), 1, /^symbolon: r: certificate: the leaf is not for the role third-party$/m);
    bad(enrol("party-03=nowhere@h:1"), 1, /^symbolon: nowhere\/chain\.pem: is missing$/m);
    assert.equal(existsSync(at("s.json")), false);
  });

  it("names files that are missing, malformed or open to others", () => {
    bad(
      "authority certify --dir none --role responder --identity r --out x",
      1,
      /none\/certificate\.pem: is missing/,
    );
    chmodSync(at("ca/key.pem"), 0o644);
    bad("authority certify --dir ca --role responder --identity r --out x", 1, /ca\/key\.pem: mode 0644 /);
    chmodSync(at("ca/key.pem"), 0o600);
    const pem = readFileSync(at("tp1/chain.pem"));
    writeFileSync(at("tp1/chain.pem"), "oops");
    bad(
      `${ENROL} --responder hospital --out new.json --force`,
      1,
      /tp1\/chain\.pem: chain: expected certificates in PEM/,
    );
    writeFileSync(at("tp1/chain.pem"), pem);
  });

  describe("says in one line what is wrong with its use, and exits with 2", () => {
    const CERTIFY = "authority certify --dir ca --out x";
    const cases: [string, RegExp][] = [
      ["nothing", /unknown command 'nothing'/],
      ["--nothing", /unknown option '--nothing'/],
      ["authority init", /required option '--dir <dir>' not specified/],
      ["authority init --dir x --bits 1024", /'1024' is invalid\. Allowed choices are 2048, 3072, 4096/],
      ["authority init --dir x --days 0", /Expected a whole number from 1 to 36500/],
      ["authority init --dir x y", /too many arguments/],
      [`${CERTIFY} --role king --identity r`, /Allowed choices are third-party, responder/],
      [`${CERTIFY} --role responder --identity 0x1`, /--identity.*hex: expected pairs/],
      [`${CERTIFY} --role responder --identity urn:symbolon:id:00`, /is the name of a byte string/],
      ["enrol --third-party party-01", /Expected ID=DIR@HOST:PORT/],
      ["enrol --third-party party-01=@h:1", /Expected ID=DIR@HOST:PORT/],
      ["enrol --third-party party-01=d@h:99999", /address: expected host:port/],
      ["enrol --third-party a=d@h:1 --third-party a=e@h:2", /a is named twice/],
      ["enrol --deadline 0", /Expected seconds/],
      ["enrol --threshold 1", /Expected a whole number from 2 to 255/],
      ["enrol --suite rot13", /Allowed choices are aes-ccm-128/],
      [
        `${ENROL.replace("--threshold 2", "--threshold 3")} --responder r --out x`,
        /threshold: 3 shares can't come from 2/,
      ],
      [`${ENROL} --privacy 2 --responder r --out x`, /privacy: expected 0 to 1/],
      ["responder", /required option '--dir <dir>' not specified/],
      ["responder beg --dir r", /too many arguments/],
      ["responder ask --dir r", /missing required argument 'sensor'/],
      ["responder ask sensor01 --read", /required option '--dir <dir>' not specified/],
      ["responder ask sensor01 --dir r", /one of --read, --interval and --exchange is needed/],
      [
        "responder ask sensor01 --dir r --read --exchange",
        /'--exchange' cannot be used with option '--read'/,
      ],
      ["responder ask sensor01 --dir r --interval 0", /Expected a whole number from 1 to 604800/],
      ["responder ask sensor01 --dir r --read --gateway a:b:c", /address: expected host:port/],
      ["responder trigger sensor01 --dir r", /required option '--gateway <host:port>' not specified/],
    ];
    for (const [args, said] of cases) {
      it(args, () => bad(args, 2, said));
    }
  });

  it("helps, on standard output", () => {
    for (const args of ["--help", "authority --help", "authority certify --help", "enrol --help"]) {
      const { status, stdout, stderr } = run(args);
      assert.equal(status, 0);
      assert.equal(stderr, "");
      assert.match(stdout, /^Usage: symbolon/);
    }
    const { status, stderr, stdout } = run("");
    assert.equal(status, 2);
    assert.equal(stdout, "");
    assert.match(stderr, /^Usage: symbolon/);
  });

  it("shows where an error came from when SYMBOLON_DEBUG is 1", () => {
    const { stderr, status } = run("authority init --dir ca", { SYMBOLON_DEBUG: "1" });
    assert.equal(status, 1);
    assert.match(stderr, /^symbolon: [^\n]+\nFileError: .*\n {4}at /);
  });
});
