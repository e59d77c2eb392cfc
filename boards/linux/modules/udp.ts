/** UDP sockets over IPv4, in C (engine/udp.c). Addresses are numeric; a socket is a number. */
/// <reference path="../../../firmware/native/native.d.ts" />

export type OnDatagram = (address: string, port: number, datagram: ArrayBuffer) => void;

/** Binds a socket. Port 0: any free one. Throws an Error when the address is taken or not ours. */
export function open(this: void, address: string, port: number, onDatagram: OnDatagram): number {
  return native("xs_udp_open").call(this, address, port, onDatagram);
}

/** Sends a datagram, which may get lost here as on any link. Throws a RangeError unless the address is numeric. */
export function send(this: void, socket: number, address: string, port: number, bytes: Uint8Array): void {
  native("xs_udp_send").call(this, socket, address, port, bytes);
}

/** Frees a socket; its callback hears nothing more. */
export function close(this: void, socket: number): void {
  native("xs_udp_close").call(this, socket);
}
