/** A gateway whose Responder is behind https: whose certificate it trusts, and what it says of one that it does not. */

import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import { coapRequest } from "../../host/coap/client.js";
import { writeGatewaySensor } from "../../host/gateway/folder.js";
import { type PartyEvent, PartyProcess, programFile } from "../../host/simulation/process.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import { encodeOscoreOption } from "../../protocol/oscore/option.js";
import { anyBundle, HANDLE } from "../host/gateway/lone.js";
import { locationOf } from "../host/gateway/scene.js";

const START = 30_000;
const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A certificate for 127.0.0.1 that nobody but itself vouches for, and its key. */
async function selfSigned(): Promise<{ cert: string; key: string }> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...{ keys, signingAlgorithm: algorithm, name: "CN=a reverse proxy" },
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3600_000),
    extensions: [new SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }])],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { cert: certificate.toString("pem"), key: PemConverter.encode(key, "PRIVATE KEY") };
}

describe("system: a Responder behind https", function () {
  this.timeout(120_000);
  let folder: string;
  let server: Server;
  let arrived: { oscore: string; body: string }[];
  const events: PartyEvent[] = [];
  let gateway: PartyProcess | undefined;
  const { NODE_EXTRA_CA_CERTS } = process.env;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-https-"));
    const { cert, key } = await selfSigned();
    writeFileSync(join(folder, "proxy.pem"), cert);
    arrived = [];
    server = createServer({ cert, key }, (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        arrived.push({ oscore: `${request.headers.oscore}`, body: Buffer.concat(parts).toString("hex") });
        response.writeHead(200, { OSCORE: "AA", "Content-Type": "application/oscore" }).end("sealed");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    writeGatewaySensor(folder, {
      ...{ sensor: identityFromText("sensor01"), handle: HANDLE, privacy: 1 },
      responders: [`https://127.0.0.1:${port}/`],
      thirdParties: ["127.0.0.1:9", "127.0.0.1:9"],
    });
  });
  afterEach(async () => {
    await gateway?.stop();
    if (NODE_EXTRA_CA_CERTS === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
    else process.env.NODE_EXTRA_CA_CERTS = NODE_EXTRA_CA_CERTS;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function start(): Promise<string> {
    events.length = 0;
    gateway = new PartyProcess({
      ...{ name: "gateway", script: programFile("host/cli/main.js") },
      args: ["gateway", "--dir", folder, "--listen", "127.0.0.1:0"],
      onEvent: (event) => events.push(event),
    });
    const { port } = await gateway.waitFor("listening", ({ event }) => event === "listening", START);
    return `127.0.0.1:${port}`;
  }
  const oscore = encodeOscoreOption({ piv: Uint8Array.of(1), kid: Uint8Array.of(7) });
  const payload = new Uint8Array(30).fill(0xab);

  it("gets nothing from a gateway that does not trust its certificate, which says so; and all once it does", async () => {
    const address = await start();
    const bundle = anyBundle(1);
    const contentFormat = ContentFormats.octetStream;
    const box = locationOf(await coapRequest({ address, path: "b", payload: bundle, contentFormat }));
    const refused = gateway?.waitFor("a refusal", ({ event }) => event === "refused", START);
    const options = [{ number: OptionNumbers.oscore, value: oscore }];
    const request = { path: box, payload, options, understood: [OptionNumbers.oscore] };
    assert.equal((await coapRequest({ address, ...request })).code, Codes.changed);
    const { from, reason } = (await refused) as PartyEvent;
    assert.match(`${from}`, /^https:\/\/127\.0\.0\.1:\d+\/$/);
    assert.match(`${reason}`, /self-signed certificate/);
    assert.deepEqual(arrived, []);
    await gateway?.stop();

    process.env.NODE_EXTRA_CA_CERTS = join(folder, "proxy.pem");
    const again = await start();
    const forwarded = () => events.some(({ event }) => event === "forwarded");
    if (!forwarded()) await gateway?.waitFor("an answer", ({ event }) => event === "forwarded", START);
    const sealed = {
      oscore: Buffer.from(oscore).toString("base64url"),
      body: Buffer.from(payload).toString("hex"),
    };
    assert.deepEqual(arrived, [sealed]);
    // What was stored for the sensor came over TLS.
    const { payload: item } = await coapRequest({ address: again, path: box, payload: new Uint8Array(0) });
    assert.ok(Buffer.from(item).includes("sealed"));
  });
});
