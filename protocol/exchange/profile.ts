/** Profile 1: the constants of the distributed mode, and the extension that carries its parameters. */

import { ascii, concat } from "../bytes.js";
import { ErrorNumbers, ExtensionTypes, PayloadTypes } from "../mikey/numbers.js";
import type { GeneralExtension, Payload } from "../mikey/payloads.js";
import { Refusal } from "../mikey/refusal.js";
import type { Sharing } from "../shares/points.js";

/** Version 1 in the upper half, scheme 1 (the Reed–Solomon code of shares/) in the lower. */
export const PROFILE = 0x11;

/** Uri-Path of third parties and Responders: POST /mikey. */
export const MIKEY_PATH = "mikey";

/** Bytes of the session nonce N, of RAND, of a check value, of the Responder's nonce. */
export const NONCE_LENGTH = 8;
export const RAND_LENGTH = 16;
export const CHECK_VALUE_LENGTH = 8;
export const RESPONDER_NONCE_LENGTH = 8;

/** The Responder's OSCORE sender ID: no sensor can have the same. */
export const OSCORE_RESPONDER_ID: Uint8Array = Uint8Array.of(2);

/** The crypto session whose TEK protects the channel (RFC 3830 §4.1.3: cs_id from 1). */
export const CHANNEL_CS_ID = 1;

/**
 * PRF constant of derived shares: the next nine digits of e, 427466391, after those that RFC 3830, 6043
 * and 6267 have used up for theirs.
 */
export const DERIVED_SHARE_CONSTANT = 427466391;

/** Bytes of a PSK, and the label of the step from one to the next. */
export const PSK_LENGTH = 16;
export const PSK_LABEL = ascii("symbolon-psk");

export const RAND_LABEL = ascii("symbolon-rand");
export const CHECK_VALUE_LABEL = ascii("symbolon-cv");

/** Contents of GenExt 241: profile 1 byte | k | t | n | check value 8 bytes. */
export interface ShareParameters {
  readonly sharing: Sharing;
  readonly checkValue: Uint8Array;
}
const SHARE_PARAMETERS_LENGTH = 4 + CHECK_VALUE_LENGTH;

export function shareExtension({ sharing, checkValue }: ShareParameters): GeneralExtension {
  const { threshold, privacy, shares } = sharing;
  const data = concat(PROFILE, threshold, privacy, shares, checkValue);
  return { type: PayloadTypes.generalExtension, extension: ExtensionTypes.share, data };
}

/** Reads GenExt 241 of a message. Throws a Refusal that names the profile when it is not this one. */
export function readShareExtension(payloads: readonly Payload[]): ShareParameters {
  const data = extensionData(payloads, ExtensionTypes.share);
  if (data === undefined) {
    throw new Refusal(ErrorNumbers.messageType, "no share parameters: the sender does not speak profile 1");
  }
  if (data[0] !== PROFILE) {
    throw new Refusal(ErrorNumbers.messageType, `${profileName(data[0])} is not ${profileName(PROFILE)}`);
  }
  if (data.length !== SHARE_PARAMETERS_LENGTH) {
    throw new Refusal(
      ErrorNumbers.share,
      `share parameters: expected ${SHARE_PARAMETERS_LENGTH} bytes, got ${data.length}`,
    );
  }
  return {
    sharing: { threshold: data[1], privacy: data[2], shares: data[3] },
    checkValue: data.subarray(4),
  };
}

/** Data of the one extension of a type, or undefined. Throws a Refusal when it stands more than once. */
export function extensionData(payloads: readonly Payload[], extension: number): Uint8Array | undefined {
  let data: Uint8Array | undefined;
  for (let i = 0; i < payloads.length; i++) {
    const payload = payloads[i];
    if (payload.type !== PayloadTypes.generalExtension || payload.extension !== extension) continue;
    if (data !== undefined) {
      throw new Refusal(ErrorNumbers.unspecified, `General Extension ${extension} stands more than once`);
    }
    data = payload.data;
  }
  return data;
}

function profileName(profile: number | undefined): string {
  if (profile === undefined) return "an unnamed profile";
  return `profile ${profile >> 4} with scheme ${profile & 15}`;
}
