/** `symbolon enrol` tells a gateway of a Responder behind HTTP. */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { readGatewaySensors } from "../../../host/gateway/folder.js";
import { prepareFolders } from "../../../host/simulation/folders.js";
import { programFile } from "../../../host/simulation/process.js";

const run = promisify(execFile);

describe("a Responder behind HTTP", function () {
  this.timeout(60_000);

  it("is enrolled with its URL at the gateway, and nowhere else", async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-url-"));
    try {
      const folders = await prepareFolders({
        ...{ folder, sensors: [], thirdParties: ["party-01", "party-02"], responder: "hospital" },
        ...{ threshold: 2, privacy: 1, suite: "aes-ccm-128-8", deadline: 5, bits: 2048, channel: true },
        ...{ address: () => "127.0.0.1:9", signal: new AbortController().signal },
      });
      const parties = [...folders.thirdParties].flatMap(([name, dir]) => [
        "--third-party",
        `${name}=${dir}@127.0.0.1:9`,
      ]);
      const enrol = (...more: string[]) =>
        run(
          process.execPath,
          [
            ...[programFile("host/cli/main.js"), "enrol", "--authority", join(folder, "authority")],
            ...["--sensor", "sensor01", ...parties, "--threshold", "2"],
            ...["--responder", `hospital=${folders.responder}@127.0.0.1:9`],
            ...["--out", join(folder, "sensor.json"), ...more],
          ],
          { timeout: 30_000 },
        );
      const gateway = ["--gateway", `${join(folder, "gateway")}@127.0.0.1:9`];
      const url = "https://hospital.example/oscore";
      await assert.rejects(enrol("--responder-url", url), /needs --gateway/);
      await assert.rejects(enrol(...gateway, "--responder-url", "coap://hospital.example"), /expected http/);
      await enrol(...gateway, "--responder-url", url);
      const [sensor] = readGatewaySensors(join(folder, "gateway")).values();
      assert.deepEqual(sensor.responders, [url]);
      assert.deepEqual(sensor.thirdParties, ["127.0.0.1:9", "127.0.0.1:9"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
