/** The real servers do nothing that costs public-key operations, or a place in a mailbox, for who may be anywhere. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { prepareFolders } from "../../host/simulation/folders.js";
import { PartyProcess, programFile } from "../../host/simulation/process.js";
import { ascii } from "../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption, type Option } from "../../protocol/coap/options.js";
import { bareEndpoint, post } from "../host/coap/endpoint.js";

const START = 60_000;
const octets = { number: OptionNumbers.contentFormat, value: encodeUint(42) };
const mikey = { number: OptionNumbers.contentFormat, value: encodeUint(65000) };
const oscore = { number: OptionNumbers.oscore, value: Uint8Array.of(9, 0, 2) };

describe("system: senders that have not shown where they are", function () {
  this.timeout(2 * START);
  const folder = mkdtempSync(join(tmpdir(), "symbolon-admission-"));
  const servers: PartyProcess[] = [];
  after(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  it("are asked for it where that is worth it, and nowhere else", async () => {
    const folders = await prepareFolders({
      ...{ folder, sensors: ["sensor01"], thirdParties: ["party-01", "party-02"], responder: "hospital" },
      ...{ threshold: 2, privacy: 1, suite: "aes-ccm-128-8", deadline: 5, bits: 2048, channel: true },
      ...{ gateway: "gateway", address: () => "127.0.0.1:9", signal: AbortSignal.timeout(START) },
    });
    const serve = async (command: string, dir: string) => {
      const args = [command, "--dir", dir, "--listen", "127.0.0.1:0"];
      const server = new PartyProcess({ name: command, script: programFile("host/cli/main.js"), args });
      servers.push(server);
      const { port } = await server.waitFor("listening", ({ event }) => event === "listening", START);
      return `127.0.0.1:${port}`;
    };
    const [responder, party, gateway] = await Promise.all([
      serve("responder", folders.responder),
      serve("third-party", folders.thirdParties.get("party-01") as string),
      serve("gateway", folders.gateway as string),
    ]);
    const asked: [to: string, path: string, options: readonly Option[], challenged: boolean][] = [
      [responder, "mikey", [mikey], true],
      [party, "v", [octets], true],
      [party, "mikey", [mikey], false],
      [party, "b/part", [octets], false],
      [gateway, "t", [octets], true],
      [gateway, "s/01020304", [oscore], true],
      [gateway, "b", [octets], false],
      [gateway, "m/AAAAAAAA", [], false],
    ];
    for (const [to, path, more, challenged] of asked) {
      const peer = await bareEndpoint();
      const segments = path.split("/").map((segment) => ({
        number: OptionNumbers.uriPath,
        value: ascii(segment),
      }));
      const options = [...segments, ...more].sort((a, b) => a.number - b.number);
      // One that is as long as what is asked for in return.
      peer.send(to, post({ options, payload: new Uint8Array(64) }));
      await peer.until(1);
      const [{ code, options: given }] = peer.received;
      const isChallenge = code === Codes.unauthorized && findOption(given, OptionNumbers.echo) !== undefined;
      assert.equal(isChallenge, challenged, path);
      peer.close();
    }
  });
});
