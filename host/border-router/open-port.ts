/** Serial ports on the host: terminals, and emulated ones whose bytes travel in UDP datagrams. */

import { createSocket } from "node:dgram";
import { formatAddress } from "../coap/address.js";
import type { OpenPort } from "./port.js";
import { terminalPort } from "./terminal.js";

/** The port that `device` names: "udp:HOST:PORT", or a terminal such as /dev/ttyACM0. */
export function portOf(device: string, baud: number): OpenPort {
  const [, host, port] = /^udp:(.+):(\d+)$/.exec(device) ?? [];
  if (host !== undefined) return datagramPort(host, Number(port));
  return terminalPort(device, baud);
}

/**
 * An emulator's port: its bytes in UDP datagrams, as of QEMU's `-serial udp:`. Who sent last is at the other end.
 */
function datagramPort(host: string, port: number): OpenPort {
  return async ({ onData, onGone }) => {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, host, () => {
        socket.off("error", reject);
        resolve();
      });
    });
    let end: { address: string; port: number } | undefined;
    let closed = false;
    const close = (): void => {
      if (closed) return;
      closed = true;
      socket.close();
    };
    socket.on("message", (bytes, sender) => {
      end = sender;
      onData(bytes);
    });
    socket.on("error", (error) => {
      close();
      onGone(error.message);
    });
    const bound = socket.address();
    return {
      at: `udp:${formatAddress({ host: bound.address, port: bound.port })}`,
      write: (bytes) => {
        if (end === undefined || closed) return false;
        // A datagram that can't leave is noise on the line.
        socket.send(bytes, end.port, end.address, () => {});
        return true;
      },
      close,
    };
  };
}
