/** UDP sockets over IPv4 in the shape of ECMA-419, over C (engine/udp.c). Addresses are numeric. */
/// <reference path="../../../firmware/native/native.d.ts" />

import type { LinkCounters } from "../../../firmware/link/counters.js";
import type { UdpDatagram, UdpSocket, UdpSocketOptions } from "../../../firmware/link/udp.js";

export class UDP implements UdpSocket {
  readonly #socket: number;
  readonly #waiting: UdpDatagram[] = [];

  /** Throws an Error when the address is taken or not ours. */
  constructor(
    { address = "0.0.0.0", port = 0, onReadable }: UdpSocketOptions,
    /** Of what goes through the socket. */
    private readonly counters: LinkCounters = { txDatagrams: 0, txBytes: 0, rxDatagrams: 0, rxBytes: 0 },
  ) {
    this.#socket = open(address, port, (from, fromPort, datagram) => {
      const received = datagram as ArrayBuffer & { address: string; port: number };
      received.address = from;
      received.port = fromPort;
      this.#waiting.push(received);
      counters.rxDatagrams++;
      counters.rxBytes += datagram.byteLength;
      onReadable(this.#waiting.length);
    });
  }

  read(): UdpDatagram | undefined {
    return this.#waiting.shift();
  }

  /** A full buffer or an absent peer loses the datagram. Throws a RangeError unless the address is numeric. */
  write(datagram: Uint8Array, address: string, port: number): void {
    send(this.#socket, address, port, datagram);
    this.counters.txDatagrams++;
    this.counters.txBytes += datagram.length;
  }

  /** Nothing more is heard. */
  close(): void {
    close(this.#socket);
  }
}

/** A number for the socket. The callback gets each datagram. */
function open(
  this: void,
  address: string,
  port: number,
  onDatagram: (address: string, port: number, datagram: ArrayBuffer) => void,
): number {
  return native("xs_udp_open").call(this, address, port, onDatagram);
}

function send(this: void, socket: number, address: string, port: number, bytes: Uint8Array): void {
  native("xs_udp_send").call(this, socket, address, port, bytes);
}

function close(this: void, socket: number): void {
  native("xs_udp_close").call(this, socket);
}
