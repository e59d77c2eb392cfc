/** Pre-shared-key mode (RFC 3830 §3.1), and the CSB update in it (§4.5). */

import type { Primitives } from "../primitives.js";
import type { Header } from "./header.js";
import { KEMAC_HEAD, type KemacProtection, openKemac, sealKemac } from "./kemac.js";
import { type KemacContents, type KeyData, readKemacContents, writeKemacContents } from "./key-data.js";
import { type LabelContext, prfHash } from "./keys.js";
import {
  type DecodedMessage,
  encodeMessage,
  optionalPayload,
  Refusal,
  refuseTrailing,
  requiredPayload,
} from "./message.js";
import { ErrorNumbers, PayloadTypes } from "./numbers.js";
import { macLength, type Payload } from "./payloads.js";
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
 * distributed mode sends them. All `keys` lists must encode to the same length.
 */
export function createPreSharedKeyMessages(
  primitives: Primitives,
  draft: PreSharedKeyDraft,
  recipients: readonly { readonly psk: Uint8Array; readonly keys: readonly KeyData[] }[],
): Uint8Array[] {
  const { header, payloads, suite, timestamp } = draft;
  const context: LabelContext = { hash: suite.hash, csbId: header.csbId, rand: draft.rand };
  const contents = recipients.map(({ keys }) => writeKemacContents({ keys }));
  const template = encodeMessage({
    header,
    payloads: [
      ...payloads,
      {
        type: PayloadTypes.KEMAC,
        encryption: suite.encryption,
        encrypted: new Uint8Array(contents[0].length),
        mac: suite.mac,
        tag: new Uint8Array(macLength(suite.mac)!),
      },
    ],
  });
  const tagOffset = template.length - macLength(suite.mac)!;
  const dataOffset = tagOffset - 1 - contents[0].length;
  const cover = template.subarray(0, dataOffset - KEMAC_HEAD);
  return recipients.map(({ psk }, i) => {
    if (contents[i].length !== contents[0].length) throw new RangeError("keys: expected equal lengths");
    const protection: KemacProtection = { key: psk, context, timestamp, cover };
    const kemac = sealKemac(primitives, protection, suite.encryption, suite.mac, contents[i]);
    const message = template.slice();
    message.set(kemac.encrypted, dataOffset);
    message.set(kemac.tag, tagOffset);
    return message;
  });
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
  refuseTrailing(message, ErrorNumbers.authentication);
  const context = labelContext(message, updateRand);
  const { timestamp } = requiredPayload(message, PayloadTypes.T, ErrorNumbers.timestamp);
  const kemac = message.payloads[message.payloads.length - 1];
  if (kemac?.type !== PayloadTypes.KEMAC) {
    // What stands behind the KEMAC would not be under the MAC.
    throw new Refusal(ErrorNumbers.authentication, "KEMAC is not the last payload");
  }
  requiredPayload(message, PayloadTypes.KEMAC, ErrorNumbers.authentication);
  const cover = message.bytes.subarray(0, message.offsets[message.offsets.length - 1]);
  const contents = openKemac(primitives, { key: psk, context, timestamp, cover }, kemac);
  return { ...readKemacContents(contents, "preSharedKey"), context, timestamp };
}

/** Hash, CSB ID and RAND of a message. Throws a Refusal for an unknown PRF or a missing RAND. */
export function labelContext(message: DecodedMessage, updateRand?: Uint8Array): LabelContext {
  const hash = prfHash(message.header.prf);
  if (hash === undefined) {
    throw new Refusal(ErrorNumbers.prf, `PRF func ${message.header.prf} is not supported`);
  }
  const rand = optionalPayload(message, PayloadTypes.RAND, ErrorNumbers.unspecified)?.rand ?? updateRand;
  if (rand === undefined) throw new Refusal(ErrorNumbers.unspecified, "RAND is missing");
  return { hash, csbId: message.header.csbId, rand };
}
