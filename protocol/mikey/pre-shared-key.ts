/** Pre-shared-key mode (RFC 3830 §3.1), and the CSB update in it (§4.5). */

import { concat, equal, wipe } from "../bytes.js";
import type { Primitives } from "../primitives.js";
import type { Header } from "./header.js";
import { KEMAC_HEAD, openKemac, sealMessage } from "./kemac.js";
import { type KemacContents, type KeyData, readKemacContents, writeKemacContents } from "./key-data.js";
import { type LabelContext, prfHash } from "./keys.js";
import {
  type DecodedMessage,
  encodeMessage,
  optionalPayload,
  refuseForbiddenPolicy,
  refuseOtherDataType,
  refuseTrailing,
  requiredPayload,
} from "./message.js";
import { DataTypes, ErrorNumbers, PayloadTypes } from "./numbers.js";
import { macLength, type Payload } from "./payloads.js";
import { Refusal } from "./refusal.js";
import type { Suite } from "./suites.js";
import type { Timestamp } from "./timestamps.js";

/** What a pre-shared-key I_MESSAGE says, without its KEMAC. */
export interface PreSharedKeyDraft {
  readonly header: Header;
  /** T, RAND, identities, policies and extensions, in the order in which they are sent. */
  readonly payloads: readonly Payload[];
  readonly suite: Suite;
  readonly timestamp: Timestamp;
  /** The bundle's RAND; an update (§4.5) sends none and stays with the one of the first exchange. */
  readonly rand: Uint8Array;
}

/**
 * Encodes the I_MESSAGE once for each (PSK, keys): messages that differ in nothing but their KEMAC, as the
 * distributed mode sends them. Throws a RangeError when the `keys` lists do not encode to the same length.
 */
export function createPreSharedKeyMessages(
  primitives: Primitives,
  draft: PreSharedKeyDraft,
  recipients: readonly { readonly psk: Uint8Array; readonly keys: readonly KeyData[] }[],
): Uint8Array[] {
  const { header, payloads, suite, timestamp } = draft;
  if (header.dataType !== DataTypes.preSharedKey) {
    throw new RangeError(`data type: expected ${DataTypes.preSharedKey}, got ${header.dataType}`);
  }
  if (recipients.length === 0) throw new RangeError("recipients: expected at least 1");
  const context = draftContext(draft);
  const contents = recipients.map(({ keys }) => writeKemacContents({ keys }));
  const tagLength = macLength(suite.mac)!;
  const template = encodeMessage({
    header,
    payloads: [
      ...payloads,
      {
        type: PayloadTypes.KEMAC,
        encryption: suite.encryption,
        encrypted: contents[0],
        mac: suite.mac,
        tag: new Uint8Array(tagLength),
      },
    ],
  });
  const { length } = contents[0];
  const dataOffset = template.length - tagLength - 1 - length;
  const messages = recipients.map(({ psk }, i) => {
    if (contents[i].length !== length) throw new RangeError("keys: expected equal lengths");
    const message = concat(template);
    message.set(contents[i], dataOffset);
    sealMessage(
      primitives,
      { key: psk, context, timestamp },
      suite.encryption,
      suite.mac,
      message,
      dataOffset,
    );
    return message;
  });
  wipe(template, ...contents);
  return messages;
}

/**
 * Checks the MAC of a pre-shared-key I_MESSAGE and opens its KEMAC. `updateRand` is the RAND of the first
 * exchange, for an update without one. Throws a Refusal, or a DecodeError for contents that can't be read.
 */
export function consumePreSharedKeyMessage(
  primitives: Primitives,
  message: DecodedMessage,
  psk: Uint8Array,
  updateRand?: Uint8Array,
): KemacContents & { readonly context: LabelContext; readonly timestamp: Timestamp } {
  refuseOtherDataType(message, DataTypes.preSharedKey);
  refuseTrailing(message, ErrorNumbers.authentication);
  refuseForbiddenPolicy(message);
  const context = labelContext(message, updateRand);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const kemac = message.payloads[message.payloads.length - 1];
  if (kemac?.type !== PayloadTypes.KEMAC) {
    // What stands behind the KEMAC would not be under the MAC.
    throw new Refusal(ErrorNumbers.authentication, "KEMAC is not the last payload");
  }
  requiredPayload(message, PayloadTypes.KEMAC, ErrorNumbers.authentication);
  const offset = message.offsets[message.offsets.length - 1];
  const cover = message.bytes.subarray(0, offset);
  const contents = openKemac(primitives, { key: psk, context, timestamp, cover }, kemac);
  return { ...readKemacContents(contents, "preSharedKey", offset + KEMAC_HEAD), context, timestamp };
}

/**
 * Hash, CSB ID and RAND under which a draft is sealed. Throws a RangeError when the T or RAND among its
 * payloads is another, or when there is no T: no receiver could open the message.
 */
export function draftContext(
  draft: Pick<PreSharedKeyDraft, "header" | "payloads" | "suite" | "timestamp" | "rand">,
): LabelContext {
  const { header, payloads, suite, timestamp, rand } = draft;
  let stamped = false;
  for (const payload of payloads) {
    if (payload.type === PayloadTypes.T) {
      stamped = payload.timestamp.type === timestamp.type && equal(payload.timestamp.value, timestamp.value);
    } else if (payload.type === PayloadTypes.RAND && !equal(payload.rand, rand)) {
      throw new RangeError("RAND: the payload is not the one that the keys are made with");
    }
  }
  if (!stamped) throw new RangeError("T: the payload is missing or not the one that the keys are made with");
  if (header.prf !== suite.prf) throw new RangeError(`PRF func: expected ${suite.prf}, got ${header.prf}`);
  return { hash: suite.hash, csbId: header.csbId, rand };
}

/**
 * Hash, CSB ID and RAND of a message. Throws a Refusal for an unknown PRF, for a missing RAND, and for an
 * update that brings another RAND than the bundle's (§4.5).
 */
export function labelContext(message: DecodedMessage, updateRand?: Uint8Array): LabelContext {
  const hash = prfHash(message.header.prf);
  if (hash === undefined) {
    throw new Refusal(ErrorNumbers.prf, `PRF func ${message.header.prf} is not supported`);
  }
  const sent = optionalPayload(message, PayloadTypes.RAND, ErrorNumbers.unspecified)?.rand;
  if (sent !== undefined && updateRand !== undefined && !equal(sent, updateRand)) {
    throw new Refusal(ErrorNumbers.unspecified, "RAND is not the one of the bundle");
  }
  const rand = sent ?? updateRand;
  if (rand === undefined) throw new Refusal(ErrorNumbers.unspecified, "RAND is missing");
  return { hash, csbId: message.header.csbId, rand };
}
