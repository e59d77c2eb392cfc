/** A UDP relay on loopback between one server and any clients, which a test can make lose datagrams. */

import { createSocket, type Socket } from "node:dgram";

export interface Relayed {
  readonly toServer: boolean;
  /** Of all datagrams, both ways, from 0. */
  readonly index: number;
  readonly datagram: Buffer;
}

export interface Relay {
  /** Where clients send to. */
  readonly address: string;
  /** Every datagram that came by, lost ones included. */
  readonly seen: Relayed[];
  close(): void;
}

/** `copies` says how many of a datagram get through: 0 loses it, 2 doubles it. */
export async function startRelay(
  serverPort: number,
  copies: (datagram: Relayed) => number = () => 1,
): Promise<Relay> {
  const seen: Relayed[] = [];
  const inside = new Map<number, Socket>();
  const outside = createSocket("udp4");
  let closed = false;
  const pass = (toServer: boolean, datagram: Buffer, send: () => void) => {
    const relayed = { toServer, index: seen.length, datagram };
    seen.push(relayed);
    for (let i = copies(relayed); i > 0; i--) if (!closed) send();
  };
  outside.on("message", (datagram, client) => {
    let socket = inside.get(client.port);
    if (socket === undefined) {
      socket = createSocket("udp4");
      socket.on("message", (answer) =>
        pass(false, answer, () => outside.send(answer, client.port, client.address)),
      );
      inside.set(client.port, socket);
    }
    const toServer = socket;
    pass(true, datagram, () => toServer.send(datagram, serverPort, "127.0.0.1"));
  });
  await new Promise<void>((resolve) => {
    outside.bind(0, "127.0.0.1", resolve);
  });
  return {
    address: `127.0.0.1:${outside.address().port}`,
    seen,
    close() {
      closed = true;
      outside.close();
      for (const socket of inside.values()) socket.close();
    },
  };
}
