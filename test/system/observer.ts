/**
 * An observer of the radio who knows the protocol, and looks whether two exchanges are of one sensor. He has every
 * datagram that left or reached a sensor, and takes them apart as far as that goes without a key: tokens, options,
 * sender IDs, payloads. Addresses, ports, times and lengths he leaves alone; docs/security.md says what these tell.
 */

import { readFileSync } from "node:fs";
import { toHex } from "../../protocol/bytes.js";
import { decodeMessage, type Message } from "../../protocol/coap/message.js";
import { ContentFormats, codeClass, OptionNumbers } from "../../protocol/coap/numbers.js";
import { findOption } from "../../protocol/coap/options.js";
import { readCarried } from "../../protocol/exchange/carried.js";
import { decodeOscoreOption } from "../../protocol/oscore/option.js";

/** Byte strings that the observer has of one exchange, in hexadecimal. */
export type Traces = ReadonlySet<string>;

/** Values of Uri-Path and Uri-Query that are the protocol's, the same for everybody. */
const FIXED = /^(b|part|m|mikey|r|w=\d+)$/;

/** Runs of so many bytes are no accident between two exchanges: some kB each, one in 10^8 such pairs has one. */
const LONG_RUN = 6;
/** Fields of so many bytes are none either: tokens, sender IDs, some dozens in each exchange. */
const WHOLE_FIELD = 4;
/** Runs of so many bytes that are in all of several exchanges: a handle of two bytes, with the fixed ones beside it. */
const SHORT_RUN = 4;

/** Of each sensor of a capture, by address, its exchanges in order. */
export function observe(capture: string): Map<string, Traces[]> {
  const sensors = new Map<string, Conversation>();
  for (const { from, to, payload } of datagrams(capture)) {
    const [sensor, outgoing] = isSensor(from) ? [from, true] : [to, false];
    if (!isSensor(sensor)) continue;
    const conversation = sensors.get(sensor) ?? new Conversation();
    sensors.set(sensor, conversation);
    conversation.hear(payload, outgoing);
  }
  return new Map([...sensors].map(([sensor, { exchanges }]) => [sensor, exchanges]));
}

/** What two exchanges of the sensor at `address` have in common that no other sensor's have: it links them. */
export function linksOf(address: string, sensors: ReadonlyMap<string, readonly Traces[]>): string[] {
  const own = sensors.get(address) ?? [];
  const others = [...sensors].flatMap(([other, exchanges]) => (other === address ? [] : exchanges));
  const found = new Set<string>();
  const collect = (parts: (traces: Traces) => Set<string>, least: number): void => {
    const elsewhere = new Set(others.flatMap((traces) => [...parts(traces)]));
    const counts = new Map<string, number>();
    for (const part of own.flatMap((traces) => [...parts(traces)])) {
      counts.set(part, (counts.get(part) ?? 0) + 1);
    }
    for (const [part, count] of counts) if (count >= least && !elsewhere.has(part)) found.add(part);
  };
  collect((traces) => runsOf(traces, LONG_RUN), 2);
  collect((traces) => new Set([...traces].filter((field) => field.length >= 2 * WHOLE_FIELD)), 2);
  collect((traces) => runsOf(traces, SHORT_RUN), Math.max(3, own.length));
  return [...found];
}

class Conversation {
  readonly exchanges: Set<string>[] = [];
  #nonce = "";
  /** In which exchange a token was first used. */
  readonly #tokens = new Map<string, Set<string>>();

  hear(datagram: Uint8Array, outgoing: boolean): void {
    const message = decodeMessage(datagram);
    if (message === undefined) return;
    const nonce = outgoing ? nonceOf(message) : undefined;
    if (nonce !== undefined && nonce !== this.#nonce) {
      this.#nonce = nonce;
      this.exchanges.push(new Set());
    }
    const current = this.exchanges.at(-1);
    if (current === undefined) throw new Error("something was sent before the first exchange");
    const token = toHex(message.token);
    // A response that comes again, late, is of the exchange of its request.
    const exchange = this.#tokens.get(token) ?? current;
    if (token !== "") this.#tokens.set(token, exchange);
    for (const field of fieldsOf(message)) exchange.add(toHex(field));
  }
}

/** What every exchange has anew, out of what begins it: N of a bundle or part, the CSB ID of an I_TP. */
function nonceOf({ code, options, payload }: Message): string | undefined {
  if (codeClass(code) !== 0 || payload.length === 0) return undefined;
  const path = options
    .filter(({ number }) => number === OptionNumbers.uriPath)
    .map(({ value }) => Buffer.from(value).toString("latin1"))
    .join("/");
  if (path === "b" || path === "b/part") return toHex(payload.subarray(4, 12));
  return path === "mikey" ? toHex(payload.subarray(4, 8)) : undefined;
}

function fieldsOf({ token, options, payload }: Message): Uint8Array[] {
  const format = findOption(options, OptionNumbers.contentFormat);
  const carries =
    format !== undefined && Buffer.from(format).readUIntBE(0, format.length) === ContentFormats.oscore;
  return [
    token,
    ...options.flatMap(({ number, value }) =>
      number === OptionNumbers.oscore
        ? oscoreFields(value)
        : FIXED.test(Buffer.from(value).toString("latin1"))
          ? []
          : [value],
    ),
    ...(carries ? carriedFields(payload) : [payload]),
  ];
}

/** Without the Partial IV, which counts from 0 in each exchange. */
function oscoreFields(option: Uint8Array): Uint8Array[] {
  const { kid, kidContext } = decodeOscoreOption(option);
  return [kid, kidContext].filter((field) => field !== undefined);
}

function carriedFields(bytes: Uint8Array): Uint8Array[] {
  const carried = readCarried(bytes);
  const named = carried.kind === "response" ? oscoreFields(carried.request) : [];
  return [...named, ...oscoreFields(carried.option), carried.payload];
}

function runsOf(traces: Traces, length: number): Set<string> {
  const runs = new Set<string>();
  for (const field of traces) {
    for (let i = 0; i + 2 * length <= field.length; i += 2) runs.add(field.slice(i, i + 2 * length));
  }
  return runs;
}

const isSensor = (address: string): boolean => address.startsWith("127.0.1.");

/** The datagrams of a capture of `symbolon simulate` (host/simulation/pcap.ts). */
function* datagrams(file: string): Generator<{ from: string; to: string; payload: Uint8Array }> {
  const bytes = readFileSync(file);
  const address = (offset: number) => [...bytes.subarray(offset, offset + 4)].join(".");
  for (let at = 24; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 8);
    const packet = at + 16;
    at = packet + length;
    // IPv4 without options, UDP.
    yield { from: address(packet + 12), to: address(packet + 16), payload: bytes.subarray(packet + 28, at) };
  }
}
