/** The gateway process on a disk that is full: no file of it may grow any more, as far as the system goes. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CoapResponse, coapRequest } from "../../host/coap/client.js";
import { writeGatewaySensor } from "../../host/gateway/folder.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import { encodeOscoreOption } from "../../protocol/oscore/option.js";
import { anyBundle, HANDLE } from "../host/gateway/lone.js";
import { locationOf } from "../host/gateway/scene.js";

const START = 30_000;
const main = programFile("host/cli/main.js");

describe("system: a gateway on a full disk", function () {
  this.timeout(120_000);

  it("refuses what it can't store with 5.03, says so, loses nothing, and goes on when there is room", async () => {
    const folder = mkdtempSync(join(tmpdir(), "symbolon-full-"));
    writeGatewaySensor(folder, {
      ...{ sensor: identityFromText("sensor01"), handle: HANDLE, privacy: 1, responders: ["127.0.0.1:9"] },
      thirdParties: ["127.0.0.1:9", "127.0.0.1:9"],
    });
    const events: PartyEvent[] = [];
    const start = async () => {
      const gateway = new PartyProcess({
        ...{ name: "gateway", script: main },
        args: ["gateway", "--dir", folder, "--listen", "127.0.0.1:0"],
        onEvent: (event) => events.push(event),
      });
      const { port } = await gateway.waitFor("listening", ({ event }) => event === "listening", START);
      return { gateway, address: `127.0.0.1:${port}` };
    };
    const limit = (pid: number | undefined, bytes: number | "unlimited") =>
      execFileSync("prlimit", [`--pid=${pid}`, `--fsize=${bytes}:`]);
    let { gateway, address } = await start();
    const send = (box: string, number: number): Promise<CoapResponse> =>
      coapRequest({
        ...{ address, path: box, payload: new Uint8Array(1000).fill(number) },
        options: [
          {
            number: OptionNumbers.oscore,
            value: encodeOscoreOption({ piv: Uint8Array.of(number), kid: Uint8Array.of(7) }),
          },
        ],
        understood: [OptionNumbers.oscore],
      });
    const post = (t: number) =>
      coapRequest({
        ...{ address, path: "b", payload: anyBundle(t) },
        contentFormat: ContentFormats.octetStream,
      });
    try {
      const box = locationOf(await post(1));
      limit(gateway.pid, statSync(join(folder, "state", "data.mdb")).size);
      const taken: number[] = [];
      let refused = 0;
      for (let number = 1; number <= 30 && refused < 3; number++) {
        const { code } = await send(box, number);
        if (code === Codes.changed) taken.push(number);
        else {
          assert.equal(code, Codes.serviceUnavailable);
          refused++;
        }
      }
      assert.equal(refused, 3, "the disk is full");
      const faults = events.filter(({ event }) => event === "fault");
      assert.ok(faults.length >= 1);
      for (const { where, reason } of faults) {
        assert.equal(where, "store");
        assert.match(
          `${reason}`,
          /\/state: the state can't be written \((File too large|Input\/output error)\)$/,
        );
      }

      limit(gateway.pid, "unlimited");
      assert.equal((await send(box, 31)).code, Codes.changed);
      taken.push(31);
      // In order, and what was taken is there, nothing else.
      await gateway.stop();
      ({ gateway, address } = await start());
      for (const number of taken) assert.equal((await send(box, number)).code, Codes.changed);
      const stored = events.filter(({ event }) => event === "stored").length;
      assert.equal(stored, taken.length, "each was stored once, and is there");
      assert.equal((await send(box, 200)).code, Codes.changed);
      assert.equal(events.filter(({ event }) => event === "stored").length, taken.length + 1);
    } finally {
      await gateway.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
