/**
 * Datagrams as a capture that Wireshark opens: a classic libpcap file (draft-ietf-opsawg-pcap) of raw IPv4
 * packets (LINKTYPE_RAW) with UDP (RFC 768, RFC 791).
 *
 * The processes all talk over 127.0.0.1, through relays on ports of their own. The capture shows the network
 * that they stand for instead: each party has an address, servers listen on CoAP's port 5683, and clients keep
 * the port they sent from. A datagram that the network lost is there as its sender sent it, with a time to live
 * of 1: the filter `ip.ttl == 1` shows these.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import type { Observer } from "./network.js";

export const COAP_PORT = 5683;
const LINKTYPE_RAW = 101;
const SNAPLEN = 65535;
const PROTOCOL_UDP = 17;
const HEADERS = 28;
const DELIVERED_TTL = 64;
const LOST_TTL = 1;

/** A capture file that grows with every datagram observed. */
export interface Capture {
  readonly observe: Observer;
  close(): void;
}

/** One UDP datagram between addresses "a.b.c.d". */
export interface Datagram {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly ttl: number;
  readonly payload: Uint8Array;
}

/** A capture file that grows with every datagram written. */
export interface PacketFile {
  /** Milliseconds since 1970, with fractions. The record is in the file when this returns. */
  write(time: number, datagram: Datagram): void;
  close(): void;
}

/** Begins a file, replacing what was there. Throws what the file system throws. */
export function openPacketFile(file: string): PacketFile {
  const descriptor = openSync(file, "w");
  writeSync(descriptor, fileHeader());
  let identification = 0;
  return {
    write(time, datagram) {
      const packet = ipv4Packet(datagram, identification++ & 0xffff);
      writeSync(descriptor, Buffer.concat([recordHeader(time, packet.length), packet]));
    },
    close: () => closeSync(descriptor),
  };
}

/**
 * Begins a capture in `file`, replacing what was there. `addressOf` gives each party's address in it.
 * Each record is in the file when `observe` returns. Throws what the file system throws.
 */
export function openCapture(file: string, addressOf: (party: string) => string): Capture {
  const packets = openPacketFile(file);
  return {
    observe({ from, to, towardsServer, clientPort, time, datagram, lost }) {
      packets.write(time, {
        source: addressOf(from),
        sourcePort: towardsServer ? clientPort : COAP_PORT,
        destination: addressOf(to),
        destinationPort: towardsServer ? COAP_PORT : clientPort,
        ttl: lost ? LOST_TTL : DELIVERED_TTL,
        payload: datagram,
      });
    },
    close: () => packets.close(),
  };
}

/**
 * The addresses in captures: sensors 127.0.1.1, 127.0.1.2, …, third parties 127.0.2.1, …, in the order given, the
 * Responder 127.0.3.1, and border routers 127.0.4.1, ….
 */
export function captureAddresses(
  sensors: readonly string[],
  thirdParties: readonly string[],
  responder: string,
  routers: readonly string[] = [],
): Map<string, string> {
  const addresses = new Map([[responder, "127.0.3.1"]]);
  sensors.forEach((name, i) => {
    addresses.set(name, `127.0.1.${i + 1}`);
  });
  thirdParties.forEach((name, i) => {
    addresses.set(name, `127.0.2.${i + 1}`);
  });
  routers.forEach((name, i) => {
    addresses.set(name, `127.0.4.${i + 1}`);
  });
  return addresses;
}

/** The file's header: magic (microseconds, big-endian), version 2.4, no time zone, snaplen, link type. */
export function fileHeader(): Buffer {
  const header = Buffer.alloc(24);
  header.writeUInt32BE(0xa1b2c3d4, 0);
  header.writeUInt16BE(2, 4);
  header.writeUInt16BE(4, 6);
  header.writeUInt32BE(SNAPLEN, 16);
  header.writeUInt32BE(LINKTYPE_RAW, 20);
  return header;
}

/** Before each packet: seconds, microseconds, length in the file, length on the wire. */
function recordHeader(time: number, length: number): Buffer {
  const microseconds = Math.round(time * 1000);
  const header = Buffer.alloc(16);
  header.writeUInt32BE(Math.floor(microseconds / 1e6), 0);
  header.writeUInt32BE(microseconds % 1e6, 4);
  header.writeUInt32BE(length, 8);
  header.writeUInt32BE(length, 12);
  return header;
}

/** IPv4 and UDP headers around a payload, both checksums right. */
export function ipv4Packet(datagram: Datagram, identification: number): Buffer {
  const { payload } = datagram;
  const packet = Buffer.alloc(HEADERS + payload.length);
  packet[0] = 0x45;
  packet.writeUInt16BE(packet.length, 2);
  packet.writeUInt16BE(identification, 4);
  packet[8] = datagram.ttl;
  packet[9] = PROTOCOL_UDP;
  packet.set(datagram.source.split(".").map(Number), 12);
  packet.set(datagram.destination.split(".").map(Number), 16);
  packet.writeUInt16BE(onesComplementSum(packet.subarray(0, 20), 0) ^ 0xffff, 10);

  const udp = packet.subarray(20);
  udp.writeUInt16BE(datagram.sourcePort, 0);
  udp.writeUInt16BE(datagram.destinationPort, 2);
  udp.writeUInt16BE(udp.length, 4);
  udp.set(payload, 8);
  // The pseudo-header of RFC 768: both addresses, protocol, length.
  const pseudo = onesComplementSum(packet.subarray(12, 20), PROTOCOL_UDP + udp.length);
  // A sum of zero is sent as all ones, for zero means "no checksum".
  udp.writeUInt16BE(onesComplementSum(udp, pseudo) ^ 0xffff || 0xffff, 6);
  return packet;
}

/** The 16-bit one's complement sum of RFC 1071; an odd last byte is padded with zero. */
function onesComplementSum(bytes: Uint8Array, start: number): number {
  let sum = start;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
