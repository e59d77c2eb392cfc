/** `symbolon enrol --pseudonyms`: who gets the linking key, whose name is hard to guess, and what is refused. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { enrolmentFromText } from "../../../firmware/enrolment-text.js";
import { FileError } from "../../../host/enrolment/files.js";
import { readEnrolments } from "../../../host/enrolment/folders.js";
import { othersFromJson, othersToJson } from "../../../host/enrolment/others.js";
import {
  linkingKeyFromJson,
  newIdentity,
  newLinkingKey,
  pseudonymsFromJson,
  refuseGuessable,
} from "../../../host/enrolment/pseudonyms.js";
import { readGatewaySensors } from "../../../host/gateway/folder.js";
import { toHex } from "../../../protocol/bytes.js";
import { identityFromText, identityToText } from "../../../protocol/mikey/identity.js";

const MAIN = fileURLToPath(new URL("../../../host/cli/main.js", import.meta.url));

describe("enrolment with pseudonyms", function () {
  this.timeout(60_000);
  let folder: string;
  const at = (path: string) => join(folder, path);
  const run = (args: string) =>
    spawnSync(process.execPath, [MAIN, ...args.split(" ")], {
      cwd: folder,
      encoding: "utf8",
      timeout: 20_000,
    });
  const ENROL =
    "enrol --authority ca --third-party party-01=tp1@127.0.0.1:1001 --third-party party-02=tp2@127.0.0.1:1002 " +
    "--threshold 2 --responder hospital=r@127.0.0.1:9000 --pseudonyms";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-pseudonyms-"));
    for (const args of [
      "init --dir ca",
      "certify --dir ca --role third-party --identity party-01 --out tp1",
      "certify --dir ca --role third-party --identity party-02 --out tp2",
      "certify --dir ca --role responder --identity hospital --out r",
    ]) {
      assert.equal(run(`authority ${args}`).status, 0);
    }
  });
  after(() => rmSync(folder, { recursive: true }));

  it("draws a name and a key, and gives the key to sensor, gateway and third parties, each time another", () => {
    const keys = new Set<string>();
    for (const file of ["one.json", "two.json"]) {
      const { stdout, stderr, status } = run(`${ENROL} --gateway gw@127.0.0.1:1003 --out ${file}`);
      assert.deepEqual([status, stderr], [0, ""]);
      const [, name] = /^sensor (0x[0-9a-f]{16})\n$/.exec(stdout) ?? [];
      assert.ok(name !== undefined, stdout);
      const sensor = enrolmentFromText(readFileSync(at(file), "utf8"));
      assert.equal(identityToText(sensor.policy.sensor), name);
      assert.equal(sensor.policy.suite, "aes-ccm-128-8");
      const key = toHex(sensor.linkingKey as Uint8Array);
      assert.equal(key.length, 32);
      keys.add(key);
      for (const party of ["tp1", "tp2"]) {
        const of = readEnrolments(at(party)).find(
          ({ policy }) => identityToText(policy.sensor) === name,
        )?.pseudonyms;
        assert.deepEqual(
          [toHex(of?.linkingKey as Uint8Array), of?.responders.map(identityToText)],
          [key, ["hospital"]],
        );
      }
      const known = [...readGatewaySensors(at("gw")).values()].find(
        ({ sensor }) => identityToText(sensor) === name,
      );
      assert.deepEqual([toHex(known?.pseudonyms?.linkingKey as Uint8Array), known?.pseudonyms?.t], [key, 1]);
      const path = at(`gw/sensors/${name}.json`);
      assert.equal(statSync(path).mode & 0o777, 0o600);
      chmodSync(path, 0o640);
      assert.throws(() => readGatewaySensors(at("gw")), /mode 0640 gives others rights on a secret/);
      chmodSync(path, 0o600);
    }
    assert.equal(keys.size, 2);
  });

  it("takes a random name that is given, needs no gateway, and draws another key when it enrols again", () => {
    const name = "0x00112233445566778899";
    const keyIn = (file: string) => JSON.parse(readFileSync(at(file), "utf8")).linkingKey as string;
    assert.deepEqual(run(`${ENROL} --sensor ${name} --out three.json`).stdout, "");
    const before = keyIn("three.json");
    assert.equal(run(`${ENROL} --sensor ${name} --out three.json --force`).status, 0);
    assert.notEqual(keyIn("three.json"), before);
    const sensor = enrolmentFromText(readFileSync(at("three.json"), "utf8"));
    assert.deepEqual([sensor.gateway, sensor.policy.suite], [undefined, "aes-ccm-128-8"]);
  });

  it("refuses names that an observer could guess, another suite, and no name without pseudonyms", () => {
    for (const [args, said] of [
      [`${ENROL} --sensor sensor01 --out x.json`, /an observer can guess a name or a short number/],
      [`${ENROL} --sensor 0x01020304050607 --out x.json`, /8 random bytes or more/],
      [`${ENROL} --suite aes-ccm-128 --out x.json`, /takes --suite aes-ccm-128-8/],
      [`${ENROL.replace(" --pseudonyms", "")} --out x.json`, /'--sensor <id>' not specified/],
    ] as const) {
      const { status, stderr, stdout } = run(args);
      assert.match(stderr, said);
      assert.deepEqual([status !== 0, stdout], [true, ""]);
    }
    assert.equal(existsSync(at("x.json")), false);
  });

  it("reads nothing else out of a file, and shows none of the key in what it says", () => {
    const key = "ab".repeat(15);
    for (const value of [undefined, 7, key, `${key}zz`, `${key}abab`]) {
      assert.throws(() => linkingKeyFromJson("k", value), {
        name: "SyntaxError",
        message: "k: expected 16 bytes in hex",
      });
    }
    assert.throws(() => pseudonymsFromJson(null), /^SyntaxError: pseudonyms.responders: expected a list$/);
    assert.throws(() => pseudonymsFromJson({ linkingKey: "ab".repeat(16), responders: [3] }), SyntaxError);
    const [file] = [...readGatewaySensors(at("gw")).values()].map(({ sensor }) => identityToText(sensor));
    const path = at(`gw/sensors/${file}.json`);
    const whole = readFileSync(path, "utf8");
    for (const t of ['"t": 0', '"t": 1.5', '"t": "1"']) {
      writeFileSync(path, whole.replace('"t": 1', t));
      assert.throws(() => readGatewaySensors(at("gw")), FileError);
    }
    writeFileSync(path, whole);
  });

  it("keeps the key with the rest of what a board's record holds until it is told", () => {
    const gateway = {
      folder: "gw",
      ...{ sensor: newIdentity(), handle: 7, privacy: 1, thirdParties: ["h:1"], responders: [""] },
      pseudonyms: { linkingKey: newLinkingKey(), t: 5 },
    };
    const json = JSON.parse(JSON.stringify(othersToJson({ folders: ["a"], gateway })));
    assert.deepEqual(othersFromJson(json), { folders: ["a"], gateway });
  });

  it("has names of its own that nobody guesses", () => {
    const names = new Set(Array.from({ length: 100 }, () => identityToText(newIdentity())));
    assert.equal(names.size, 100);
    for (const name of names) refuseGuessable(identityFromText(name));
    for (const name of ["sensor@example", "sip:0102030405060708", "0x01"]) {
      assert.throws(() => refuseGuessable(identityFromText(name)), RangeError);
    }
  });
});
