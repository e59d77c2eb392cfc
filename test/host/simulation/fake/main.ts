/** Stands in for `symbolon third-party` and `symbolon responder`, for fake/launch.ts. */

import { createSocket, type RemoteInfo } from "node:dgram";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const say = (event: object): boolean => process.stdout.write(`${JSON.stringify(event)}\n`);
const [command, , dir, , listen, , deadline] = process.argv.slice(2);
const mode = process.env.SYMBOLON_FAKE;

const socket = createSocket("udp4");
socket.bind(Number(listen.split(":")[1]), "127.0.0.1", () => {
  const { address, port } = socket.address();
  if (mode === "unwilling" && command === "responder") {
    console.error("key.pem: permission denied");
    process.exit(1);
  }
  say({ event: "listening", address, port });
});

if (command === "third-party") {
  const [responder] = JSON.parse(readFileSync(join(dir, "responders.json"), "utf8"));
  const [address, port] = responder.address.split(":");
  const sensors = new Map<string, RemoteInfo>();
  socket.on("message", (datagram, from) => {
    const message = JSON.parse(`${datagram}`);
    if (message.answer) {
      const sensor = sensors.get(message.tek) as RemoteInfo;
      socket.send(datagram, sensor.port, sensor.address);
      return;
    }
    if (!sensors.has(message.tek)) {
      const { sensor, party } = message;
      say({ event: "message", name: "TP_I", from: party, to: sensor, bytes: 60 });
      say({ event: "message", name: "TP_R", from: party, to: responder.identity, sensor, bytes: 2000 });
      if (mode === "server-dies" && party === "party-02") process.exit(9);
    }
    sensors.set(message.tek, from);
    socket.send(datagram, Number(port), address);
  });
} else {
  const sessions = new Map<string, { parties: Set<string>; timer: NodeJS.Timeout; t: number }>();
  let t = 0;
  socket.on("message", (datagram, from) => {
    const { sensor, party, x, tek, threshold } = JSON.parse(`${datagram}`);
    let session = sessions.get(tek);
    if (session === undefined) {
      const parties = new Set<string>();
      const timer = setTimeout(() => {
        const missing = threshold - parties.size;
        say({ event: "expired", sensor, t, shares: parties.size, threshold, missing });
      }, Number(deadline) * 1000);
      session = { parties, timer, t: t++ };
      sessions.set(tek, session);
    }
    const { parties, timer } = session;
    if (!parties.has(party)) {
      parties.add(party);
      say({ event: "message", name: "R_TP", from: "hospital", to: party, sensor, bytes: 90 });
      if (parties.size === threshold) {
        clearTimeout(timer);
        say({ event: "agreed", sensor, t: session.t, tek });
        say({ event: "message", name: "R_I", from: "hospital", to: sensor, bytes: 70 });
      }
    }
    const confirmed = parties.size >= threshold;
    socket.send(JSON.stringify({ answer: true, x, tek, confirmed }), from.port, from.address);
  });
}
