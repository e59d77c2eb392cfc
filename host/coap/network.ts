/**
 * Whom limits count as one sender. A host on IPv6 has as many addresses as it likes of its /64 (RFC 4291 §2.5.1, RFC 8981),
 * and one on the link any of fe80::/64: there the network is counted, on IPv4 the address.
 */

import { isIPv4, isIPv6 } from "node:net";

/** 16-bit groups that name a network. */
const PREFIX = 4;
const GROUPS = 8;

/** The network of an address without port, as sockets tell it; whatever is no IPv6 address stands for itself. */
export function networkOf(host: string): string {
  const [address, zone] = host.split("%");
  if (!isIPv6(address)) return host;
  const mapped = /^::ffff:([0-9.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined && isIPv4(mapped)) return mapped;
  const prefix = groupsOf(address).slice(0, PREFIX).join(":");
  return `${prefix}::/64${zone === undefined ? "" : `%${zone}`}`;
}

/** The eight groups of an IPv6 address, each without leading zeros. */
function groupsOf(address: string): string[] {
  const [head, tail] = address.split("::").map(groupsIn);
  const zeros = tail === undefined ? [] : Array<string>(GROUPS - head.length - tail.length).fill("0");
  return [...head, ...zeros, ...(tail ?? [])];
}

/** Groups between colons. An IPv4 address at the end is two, and is never in the first half: its value is no matter. */
function groupsIn(text: string): string[] {
  if (text === "") return [];
  return text
    .split(":")
    .flatMap((group) => (group.includes(".") ? ["0", "0"] : [Number.parseInt(group, 16).toString(16)]));
}
