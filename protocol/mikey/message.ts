/** A whole MIKEY message: HDR and its chain of payloads (RFC 3830 §5.2, §5.3, §6). */

import { type Header, readHeader, writeHeader } from "./header.js";
import { type ErrorNumber, ErrorNumbers, MapTypes, PayloadTypes } from "./numbers.js";
import { type Payload, payloadName, readPayload, writePayload } from "./payloads.js";
import { type Field, Reader } from "./reader.js";
import { Refusal } from "./refusal.js";
import { Writer } from "./writer.js";

export interface Message {
  readonly header: Header;
  readonly payloads: readonly Payload[];
}

/** A message as it was read, with the bytes that MACs and signatures cover. */
export interface DecodedMessage extends Message {
  /** The whole message, without what stood behind it. */
  readonly bytes: Uint8Array;
  /** Offset of each payload in `bytes`, in the order of `payloads`. */
  readonly offsets: readonly number[];
  /**
   * What stood behind the last payload. RFC 3830 does not speak of it; some senders pad. No MAC and no
   * signature covers it, so nothing may depend on it.
   */
  readonly trailing: Uint8Array;
}

/**
 * Reads a message: payloads in any order, SIGN only at the end. Arrays are views of `bytes`.
 * `onField` hears every field in turn. Throws a DecodeError that names payload and offset.
 */
export function decodeMessage(bytes: Uint8Array, onField?: (field: Field) => void): DecodedMessage {
  const reader = new Reader(bytes, onField);
  const { header, next: first } = readHeader(reader);
  const payloads: Payload[] = [];
  const offsets: number[] = [];
  for (let next: number = first; next !== PayloadTypes.last; ) {
    offsets[payloads.length] = reader.offset;
    const read = readPayload(reader, next);
    payloads[payloads.length] = read.payload;
    next = read.next;
  }
  const end = reader.offset;
  return { header, payloads, offsets, bytes: bytes.subarray(0, end), trailing: bytes.subarray(end) };
}

/**
 * The bytes of a message. Throws a RangeError that names a field whose value does not fit, and for an SP
 * beside an empty map.
 */
export function encodeMessage(message: Message): Uint8Array {
  const { header, payloads } = message;
  if (hasForbiddenPolicy(message)) throw new RangeError("SP: none may stand beside an empty CS ID map");
  const writer = new Writer();
  writeHeader(writer, header, payloads[0]?.type ?? PayloadTypes.last);
  for (let i = 0; i < payloads.length; i++) {
    writePayload(writer, payloads[i], payloads[i + 1]?.type ?? PayloadTypes.last);
  }
  return writer.finish();
}

/** The payloads of one type, in the order of the message. */
export function payloadsOf<T extends Payload["type"]>(
  message: Message,
  type: T,
): Extract<Payload, { type: T }>[] {
  return message.payloads.filter(
    (payload): payload is Extract<Payload, { type: T }> => payload.type === type,
  );
}

/** The payload of one type, or undefined when there is none. Throws a Refusal when there are several. */
export function optionalPayload<T extends Payload["type"]>(
  message: Message,
  type: T,
  errorNumber: ErrorNumber,
): Extract<Payload, { type: T }> | undefined {
  let found: Payload | undefined;
  for (let i = 0; i < message.payloads.length; i++) {
    const payload = message.payloads[i];
    if (payload.type !== type) continue;
    if (found !== undefined) {
      const times = payloadsOf(message, type).length;
      throw new Refusal(errorNumber, `${payloadName(type)} stands ${times} times`);
    }
    found = payload;
  }
  return found as Extract<Payload, { type: T }> | undefined;
}

/** The payload of one type. Throws a Refusal when it is missing or stands more than once. */
export function requiredPayload<T extends Payload["type"]>(
  message: Message,
  type: T,
  errorNumber: ErrorNumber,
): Extract<Payload, { type: T }> {
  const payload = optionalPayload(message, type, errorNumber);
  if (payload === undefined) throw new Refusal(errorNumber, `${payloadName(type)} is missing`);
  return payload;
}

/** Throws a Refusal unless the message is of this data type. */
export function refuseOtherDataType(message: Message, expected: number): void {
  const { dataType } = message.header;
  if (dataType !== expected) {
    throw new Refusal(ErrorNumbers.dataType, `data type ${dataType} came where ${expected} was expected`);
  }
}

/** Throws a Refusal for an SP in a message that says that its policy is elsewhere (RFC 4563 §5). */
export function refuseForbiddenPolicy(message: Message): void {
  if (hasForbiddenPolicy(message)) {
    throw new Refusal(ErrorNumbers.securityPolicy, "an SP stands beside an empty CS ID map");
  }
}

function hasForbiddenPolicy({ header, payloads }: Message): boolean {
  return header.map.type === MapTypes.empty && payloads.some(({ type }) => type === PayloadTypes.SP);
}

/** Throws a Refusal unless the bytes behind the message, which nothing protects, are absent. */
export function refuseTrailing(message: DecodedMessage, errorNumber: ErrorNumber): void {
  if (message.trailing.length > 0) {
    throw new Refusal(errorNumber, `${message.trailing.length} bytes behind the last payload`);
  }
}
