/**
 * Datagrams over UDP: the board's link where it has IP. The socket's class is handed in as `io`, in the way of
 * ECMA-419 (ECMA-419 §9, "Socket IO", UDP): Moddable's `embedded:io/socket/udp`, or what a board has in its place.
 */

import type { Link } from "../device.js";

/** What an ECMA-419 UDP socket does. */
export interface UdpSocket {
  /** The oldest datagram that has not been read, undefined when there is none. */
  read(): UdpDatagram | undefined;
  write(datagram: Uint8Array, address: string, port: number): void;
  close(): void;
}

export interface UdpDatagram extends ArrayBuffer {
  readonly address: string;
  readonly port: number;
}

export type UdpClass = new (options: UdpSocketOptions) => UdpSocket;

export interface UdpSocketOptions {
  /** The local address. Default: any. */
  readonly address?: string;
  /** The local port. Default: a free one. */
  readonly port?: number;
  /** Tells how many datagrams wait. */
  onReadable(count: number): void;
}

export interface UdpLinkOptions extends Omit<UdpSocketOptions, "onReadable"> {
  readonly io: UdpClass;
  /** Hears of a datagram that could not leave. It is lost then, as any may be on UDP, and CoAP repeats it. */
  onLost?(peer: string, reason: string): void;
}

/** Opens a link. A peer is "address:port"; `onDatagram` hears what arrives. Throws when the socket can't be had. */
export function openUdpLink(
  options: UdpLinkOptions,
  onDatagram: (peer: string, datagram: Uint8Array) => void,
): Link {
  const { io, onLost, ...rest } = options;
  let open = true;
  const socket = new io({
    ...rest,
    onReadable() {
      // What is heard may close the link.
      while (open) {
        const datagram = socket.read();
        if (datagram === undefined) return;
        onDatagram(`${datagram.address}:${datagram.port}`, new Uint8Array(datagram));
      }
    },
  });
  return {
    send(peer, datagram) {
      const colon = peer.lastIndexOf(":");
      const port = Number(peer.slice(colon + 1));
      if (colon < 1 || !(port > 0)) throw new RangeError(`peer: expected address:port, got ${peer}`);
      try {
        socket.write(datagram, peer.slice(0, colon), port);
      } catch (error) {
        onLost?.(peer, (error as Error).message);
      }
    },
    close() {
      if (!open) return;
      open = false;
      socket.close();
    },
  };
}
