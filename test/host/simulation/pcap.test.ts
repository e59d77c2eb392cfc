import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate } from "coap-packet";
import fc from "fast-check";
import { captureAddresses, ipv4Packet, openCapture } from "../../../host/simulation/pcap.js";

/** RFC 1071: over the bytes and their checksum, the sum is all ones. */
function sums(bytes: Uint8Array, start = 0): boolean {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] * 256 + (bytes[i + 1] ?? 0);
  return sum % 0xffff === 0 && sum > 0;
}

describe("simulation: capture", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "symbolon-pcap-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("makes IPv4 and UDP checksums that hold", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 65535 }),
        fc.integer({ min: 0, max: 65535 }),
        (payload, sourcePort, identification) => {
          const packet = ipv4Packet(
            {
              source: "127.0.1.1",
              sourcePort,
              destination: "127.0.2.9",
              destinationPort: 5683,
              ttl: 64,
              payload,
            },
            identification,
          );
          assert.equal(packet.length, 28 + payload.length);
          assert.ok(sums(packet.subarray(0, 20)), "header");
          const pseudo = [...packet.subarray(12, 20), 0, 17, ...packet.subarray(24, 26)];
          assert.ok(sums(new Uint8Array([...pseudo, ...packet.subarray(20)])), "UDP");
          assert.notEqual(packet.readUInt16BE(26), 0, "0 would mean: no checksum");
          assert.deepEqual(new Uint8Array(packet.subarray(28)), payload);
        },
      ),
    );
  });

  function capture(): string {
    const file = join(folder, "exchange.pcap");
    const addresses = captureAddresses(["sensor01"], ["party-01", "party-02"], "hospital");
    const written = openCapture(file, (party) => addresses.get(party) as string);
    const options = [{ name: "Uri-Path" as const, value: Buffer.from("mikey") }];
    const request = generate({
      code: "POST",
      confirmable: true,
      messageId: 77,
      token: Buffer.from("tk"),
      options,
      payload: Buffer.from("share"),
    });
    const reply = generate({ code: "2.04", ack: true, messageId: 77, token: Buffer.from("tk") });
    const time = Date.UTC(2026, 0, 2, 3, 4, 5) + 678.901;
    const common = { clientPort: 40123, time };
    written.observe({
      ...common,
      from: "sensor01",
      to: "party-02",
      towardsServer: true,
      datagram: request,
      lost: true,
    });
    written.observe({
      ...common,
      from: "sensor01",
      to: "party-02",
      towardsServer: true,
      datagram: request,
      lost: false,
    });
    written.observe({
      ...common,
      from: "party-02",
      to: "sensor01",
      towardsServer: false,
      datagram: reply,
      lost: false,
    });
    written.observe({
      ...common,
      from: "party-01",
      to: "hospital",
      towardsServer: true,
      datagram: request,
      lost: false,
    });
    written.close();
    return file;
  }

  it("writes the file header and a record for each datagram", () => {
    const bytes = readFileSync(capture());
    assert.equal(bytes.subarray(0, 24).toString("hex"), `a1b2c3d400020004${"0".repeat(16)}0000ffff00000065`);
    let records = 0;
    let offset = 24;
    for (; offset < bytes.length; records++) {
      assert.equal(bytes.readUInt32BE(offset), Date.UTC(2026, 0, 2, 3, 4, 5) / 1000);
      assert.equal(bytes.readUInt32BE(offset + 4), 678_901);
      assert.equal(bytes.readUInt32BE(offset + 8), bytes.readUInt32BE(offset + 12));
      offset += 16 + bytes.readUInt32BE(offset + 8);
    }
    assert.equal(records, 4);
    assert.equal(offset, bytes.length);
  });

  it("is dissected as CoAP by tshark", function () {
    const fields = [
      "ip.src",
      "ip.dst",
      "udp.srcport",
      "udp.dstport",
      "ip.ttl",
      "ip.checksum.status",
      "udp.checksum.status",
      "coap.mid",
      "_ws.malformed",
    ];
    let output: string;
    try {
      output = execFileSync(
        "tshark",
        [
          ...["-r", capture(), "-Y", "coap", "-T", "fields", "-E", "separator=,"],
          ...["-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE"],
          ...fields.flatMap((field) => ["-e", field]),
        ],
        { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 50_000 },
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      console.log("      tshark is not installed: Debian package tshark");
      this.skip();
    }
    // Status 1: the checksum is good.
    assert.deepEqual(output.trim().split("\n"), [
      "127.0.1.1,127.0.2.2,40123,5683,1,1,1,77,",
      "127.0.1.1,127.0.2.2,40123,5683,64,1,1,77,",
      "127.0.2.2,127.0.1.1,5683,40123,64,1,1,77,",
      "127.0.2.1,127.0.3.1,40123,5683,64,1,1,77,",
    ]);
  });

  it("says which file can't be written", () => {
    assert.throws(() => openCapture(join(folder, "no", "such.pcap"), () => ""), { code: "ENOENT" });
  });
});
