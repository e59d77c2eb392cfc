import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { allSamples, samples } from "../../protocol/mikey/samples.js";

const main = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));
const timeout = 20_000;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `symbolon decode` to its end. */
function decode(args: readonly string[], input?: string | Uint8Array): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, "decode", ...args], { timeout });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject).on("close", (code) => resolve({ code, stdout, stderr }));
    // A command that refuses its arguments ends before it reads.
    child.stdin.on("error", () => undefined).end(input ?? "");
  });
}

const psk = "000102030405060708090a0b0c0d0e0f";
const rand = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";

describe("symbolon decode", function () {
  this.timeout(60_000);
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "symbolon-decode-"));
  });
  after(() => rm(folder, { recursive: true }));

  for (const [name, bytes] of allSamples()) {
    it(`reads the sample ${name}`, async () => {
      const { code, stdout, stderr } = await decode([samples[name], "--json"]);
      assert.deepEqual([code, stderr], [0, ""]);
      const read = JSON.parse(stdout) as { form: string; bytes: number; payloads: { payload: string }[] };
      assert.equal(read.bytes, bytes.length);
      assert.equal(read.form, "hexadecimal");
      assert.equal(read.payloads[0].payload, "HDR");
    });
  }

  it("reads arguments, files and standard input alike", async () => {
    const bytes = Buffer.from(samples.rfc4567, "hex");
    const base64 = bytes.toString("base64");
    const binary = join(folder, "message.bin");
    const text = join(folder, "message.sdp");
    await writeFile(binary, bytes);
    await writeFile(text, `a=key-mgmt:mikey ${base64}\r\n`);
    const [expected, ...others] = await Promise.all([
      decode([samples.rfc4567]),
      decode([base64]),
      decode(["mikey", base64]),
      decode([binary]),
      decode([text]),
      decode([], bytes),
      decode(["-"], `${samples.rfc4567}\n`),
    ]);
    const body = ({ stdout }: Outcome) => stdout.slice(stdout.indexOf("\n"));
    assert.match(expected.stdout, /51 {2}646f6e616c64406475636b2e636f6d +identity +donald@duck\.com\n/);
    for (const other of others) {
      assert.deepEqual([other.code, other.stderr], [0, ""]);
      assert.equal(body(other), body(expected));
    }
  });

  it("checks the MAC and opens KEMAC, keys as fingerprints unless asked", async () => {
    const file = join(folder, "psk");
    await writeFile(file, `${psk}\n`);
    const tgk = "404142434445464748494a4b4c4d4e4f";
    for (const name of ["preSharedKey", "ccm", "ccm8"] as const) {
      const [hidden, shown] = await Promise.all([
        decode([samples[name], "--psk", psk]),
        decode([samples[name], "--psk-file", file, "--show-keys"]),
      ]);
      for (const { code, stdout } of [hidden, shown]) {
        assert.equal(code, 0);
        assert.match(stdout, /KEMAC: holds under this key\n$/);
        assert.match(stdout, /Type +TGK\n/);
      }
      assert.ok(!hidden.stdout.includes(tgk));
      assert.ok(shown.stdout.includes(tgk));
    }
  });

  it("says when a MAC does not hold", async () => {
    const wrong = "ff".repeat(16);
    const { code, stdout, stderr } = await decode([samples.ccm, "--psk", wrong]);
    assert.equal(code, 1);
    assert.match(stdout, /KEMAC: does not hold: the MAC of KEMAC does not hold\n$/);
    assert.equal(stderr, "symbolon decode: KEMAC does not hold: the MAC of KEMAC does not hold\n");
    assert.ok(!stdout.includes(wrong));
    const nothing = await decode([samples.camera, "--psk", psk]);
    assert.equal(nothing.code, 1);
  });

  it("checks V", async () => {
    const parties = ["--initiator", "sensor-1@example", "--responder", "tp1@example"];
    const right = await decode([samples.preSharedKeyVerification, "--psk", psk, "--rand", rand, ...parties]);
    assert.match(right.stdout, /\nV: holds under this key\n$/);
    assert.equal(right.code, 0);
    const bare = await decode([samples.preSharedKeyVerification, "--psk", psk]);
    assert.equal(bare.code, 1);
    assert.match(bare.stderr, /^symbolon decode: V does not hold: .* --rand\n$/);
  });

  it("answers bad input with one line that names payload and offset", async () => {
    const cases: [string[], string | undefined, RegExp][] = [
      [[samples.rfc4567.slice(0, 100)], undefined, /RAND|ID at byte \d+: /],
      [[`02${samples.rfc4567.slice(2)}`], undefined, /HDR at byte 1: version 2 /],
      [["01000500"], undefined, /HDR at byte 4: CSB ID /],
      [["nothing.bin"], undefined, /message: .* no file has that name/],
      [["xyz!"], undefined, /message: /],
      [[], "", /standard input: the input is empty/],
      [[], "0100050", /standard input: hex: /],
      [[folder], undefined, /: can't be read \(EISDIR\)/],
      [[samples.ccm, "--psk-file", join(folder, "none")], undefined, /none: can't be read \(ENOENT\)/],
    ];
    for (const [args, input, expected] of cases) {
      const { code, stderr } = await decode(args, input);
      assert.equal(code, 1, stderr);
      assert.match(stderr, /^symbolon decode: [^\n]+\n$/);
      assert.match(stderr, expected);
    }
  });

  it("answers wrong use with exit code 2, and repeats no key", async () => {
    for (const args of [
      ["--nonsense"],
      [samples.ccm, "--psk", "5ec5e7"],
      [samples.ccm, "--psk", "5ec5e7x"],
      [samples.ccm, "--psk", psk, "--psk-file", "file"],
      [samples.ccm, "--rand", rand],
      [samples.ccm, "--psk", psk, "--rand", "zz"],
      [samples.ccm, "--psk", psk, "--initiator", "a b"],
    ]) {
      const { code, stderr, stdout } = await decode(args);
      if (args.includes("5ec5e7")) {
        // A short key is no wrong use: nothing holds under it.
        assert.equal(code, 1);
        continue;
      }
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.ok(!stderr.includes("5ec5e7"));
    }
  });

  it("prints an error in JSON too", async () => {
    const { code, stdout, stderr } = await decode(["--json", "0100050011223344"]);
    assert.equal(code, 1);
    assert.match(stderr, /^symbolon decode: HDR at byte 8: #CS /);
    const { error } = JSON.parse(stdout) as { error: { payload: string; offset: number } };
    assert.deepEqual([error.payload, error.offset], ["HDR", 8]);
  });

  it("warns about --psk in its help", async () => {
    const { code, stdout } = await decode(["--help"]);
    assert.equal(code, 0);
    assert.match(stdout.replace(/\s+/g, " "), /shells keep a history: see --psk-file/);
  });
});
