/** A UDP path to one server that loses, doubles, delays and alters datagrams, both ways, until it is calmed. */

import { createSocket, type Socket } from "node:dgram";
import type { Random } from "./mutate.js";

export interface Chaos {
  /** Where clients send to. */
  readonly address: string;
  /** Datagrams that did not pass as they were. */
  disturbed(): number;
  /** From now on everything passes. */
  calm(): void;
  close(): void;
}

/** Of 100 datagrams: how many are lost, doubled, late, altered. */
const LOST = 8;
const DOUBLED = 8;
const LATE = 12;
const ALTERED = 10;
/** Milliseconds that a late one is late at most. */
const DELAY = 300;

export async function chaos(serverPort: number, random: Random): Promise<Chaos> {
  const inside = new Map<number, Socket>();
  const outside = createSocket("udp4");
  let wild = true;
  let closed = false;
  let disturbed = 0;
  const pass = (datagram: Buffer, send: (datagram: Buffer) => void) => {
    const deliver = (bytes: Buffer) => {
      if (!closed) send(bytes);
    };
    const chance = wild ? random(100) : 100;
    if (chance < LOST + DOUBLED + LATE + ALTERED) disturbed++;
    if (chance < LOST) return;
    if (chance < LOST + DOUBLED) {
      deliver(datagram);
      deliver(datagram);
    } else if (chance < LOST + DOUBLED + LATE) {
      setTimeout(() => deliver(datagram), random(DELAY));
    } else if (chance < LOST + DOUBLED + LATE + ALTERED) {
      const altered = Buffer.from(datagram);
      for (let left = 1 + random(3); left > 0; left--) altered[random(altered.length)] ^= 1 << random(8);
      deliver(altered.subarray(0, random(4) === 0 ? random(altered.length + 1) : altered.length));
    } else {
      deliver(datagram);
    }
  };
  outside.on("message", (datagram, client) => {
    let socket = inside.get(client.port);
    if (socket === undefined) {
      socket = createSocket("udp4");
      socket.on("message", (answer) =>
        pass(answer, (bytes) => outside.send(bytes, client.port, client.address)),
      );
      inside.set(client.port, socket);
    }
    const toServer = socket;
    pass(datagram, (bytes) => toServer.send(bytes, serverPort, "127.0.0.1"));
  });
  await new Promise<void>((resolve) => {
    outside.bind(0, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${outside.address().port}`,
    disturbed: () => disturbed,
    calm() {
      wild = false;
    },
    close() {
      closed = true;
      outside.close();
      for (const socket of inside.values()) socket.close();
    },
  };
}
