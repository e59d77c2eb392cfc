/**
 * Stands in for boards/linux/launch.js: a sensor that speaks the event protocol and sends each third party one
 * JSON datagram until it is answered. SYMBOLON_FAKE chooses how it misbehaves.
 */

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const say = (event: object): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);
const mode = process.env.SYMBOLON_FAKE;

if (mode === "no-engine") throw new Error("the engine burnt down");
if (mode === "build") say({ event: "building", detail: "compiling fake 1.0" });
say({ event: "engine", engine: "fake 1.0", cached: mode !== "build", slotSize: 16 });
if (process.argv[2] !== "--prepare") {
  if (mode === "crash") {
    console.error("segmentation fault");
    process.exit(11);
  }
  const sensor = JSON.parse(readFileSync(join(process.argv[3], "sensor.json"), "utf8"));
  const { policy, responder, addresses, deadline } = sensor;
  const tek = randomBytes(16).toString("hex");
  const device = {
    computrons: 1_234_567,
    heapPeakBytes: 93_000,
    slotBytes: 70_000,
    chunkBytes: 23_000,
    txDatagrams: 0,
    txBytes: 0,
    rxDatagrams: 0,
    rxBytes: 0,
  };
  const silent = new Set<number>(addresses.keys());
  let confirmed = false;
  const socket = createSocket("udp4", (datagram) => {
    device.rxDatagrams++;
    device.rxBytes += datagram.length;
    const answer = JSON.parse(`${datagram}`);
    silent.delete(answer.x);
    confirmed ||= answer.confirmed;
    if (confirmed) finish();
  });
  const send = (): void => {
    for (const x of silent) {
      const { threshold } = policy;
      const datagram = JSON.stringify({
        sensor: policy.sensor,
        party: policy.thirdParties[x],
        x,
        tek,
        threshold,
      });
      const [address, port] = addresses[x].split(":");
      device.txDatagrams++;
      device.txBytes += datagram.length;
      socket.send(datagram, Number(port), address);
    }
  };
  const finish = (): void => {
    const agreed = confirmed;
    const reason = agreed ? {} : { reason: `no confirmation within ${deadline} s` };
    say({
      event: "finished",
      agreed,
      confirmed,
      tek: mode === "other-key" ? "00".repeat(16) : tek,
      ...reason,
      device,
    });
    process.exit(0);
  };
  policy.thirdParties.forEach((to: string) => {
    say({ event: "message", name: "I_TP", from: policy.sensor, to, bytes: 117 });
  });
  if (responder !== "hospital") throw new Error(`responder: ${responder}`);
  send();
  setInterval(send, 50);
  setTimeout(finish, deadline * 1000);
}
