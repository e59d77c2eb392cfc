/**
 * The exchange that docs/protocol.md shows: 2-of-3 under aes-ccm-128 with every input fixed. RSA is stood in
 * for by counting bytes, since its output differs each time.
 */

import { encodeReading } from "../../firmware/readings.js";
import { primitives } from "../../host/primitives.js";
import { ascii, toHex } from "../../protocol/bytes.js";
import { Codes, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint } from "../../protocol/coap/options.js";
import { BUNDLE_SUITE, createBundle } from "../../protocol/exchange/bundle.js";
import { compressConfirmation } from "../../protocol/exchange/bundle-parts.js";
import { carriedRequest } from "../../protocol/exchange/carried.js";
import { nextPsk } from "../../protocol/exchange/chain.js";
import { confirmedContext, confirmedSecrets, provisionalContext } from "../../protocol/exchange/channel.js";
import { createConfirmation } from "../../protocol/exchange/confirmation.js";
import { createForwardMessage, readForwardMessage } from "../../protocol/exchange/forward-message.js";
import { createForwardVerification } from "../../protocol/exchange/forward-verification.js";
import { policyFromJson, sharingOf } from "../../protocol/exchange/policy.js";
import { DERIVED_SHARE_CONSTANT } from "../../protocol/exchange/profile.js";
import { withPseudonym } from "../../protocol/exchange/pseudonym.js";
import { READINGS_PATH, SENML_CBOR } from "../../protocol/exchange/readings.js";
import { createSensorRequest, encodeSensorAnswer } from "../../protocol/exchange/sensor-requests.js";
import { channelKeys, checkValue, createSession, derivedShare } from "../../protocol/exchange/session.js";
import {
  consumeShareMessage,
  createShareMessages,
  readShareMessage,
} from "../../protocol/exchange/share-message.js";
import { createShareVerification } from "../../protocol/exchange/share-verification.js";
import { encodeTrigger, triggerTag } from "../../protocol/exchange/trigger.js";
import { identityFromText } from "../../protocol/mikey/identity.js";
import { decodeMessage } from "../../protocol/mikey/message.js";
import type { Field } from "../../protocol/mikey/reader.js";
import type { SecurityContext } from "../../protocol/oscore/context.js";
import { protectRequest } from "../../protocol/oscore/protect.js";
import { weightMatrix } from "../../protocol/shares/weights.js";

/** Longest value that is shown whole, in bytes. */
const SHOWN = 16;

/** `length` bytes that count up from `first`. */
function counting(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (first + i) & 255);
}

const policy = policyFromJson({
  sensor: "sensor01",
  threshold: 2,
  privacy: 1,
  suite: "aes-ccm-128",
  thirdParties: ["party-01", "party-02", "party-03"],
});
const responder = identityFromText("hospital");
const psks = [0x10, 0x30, 0x50].map((first) => counting(first, 16));
const tgk = counting(0xa0, 16);
const session = createSession(primitives, policy, responder, counting(0xc0, 8), 7);

const shareMessages = createShareMessages(primitives, session, psks, weightMatrix(sharingOf(policy)), tgk);
const accepted = consumeShareMessage(primitives, readShareMessage(shareMessages[1]), policy, psks[1]);
const party = {
  identity: policy.thirdParties[1],
  chain: [ascii("(DER of the certificate)")],
  sign: () => counting(0, 256),
  signatureLength: 256,
};
const known = { certificateHash: primitives.sha256(ascii("(hospital)")), wrap: () => counting(0, 256) };
const forward = createForwardMessage(
  primitives,
  (length) => counting(0x60, length),
  accepted,
  party,
  known,
  ascii("eyJhbGciOiJQUzI1NiJ9.(the statement).(its signature)"),
  Date.UTC(2026, 0, 1),
);
const freshness = { nonce: counting(0xe0, 8), senderId: counting(0xf0, 4) };
const confirmation = createConfirmation(primitives, session, tgk, freshness);

/** The five messages, by name. */
export const messages: ReadonlyMap<string, Uint8Array> = new Map([
  ["I_TP", shareMessages[1]],
  ["TP_R", forward.bytes],
  ["R_I", confirmation],
  [
    "R_TP",
    createForwardVerification(
      primitives,
      {
        session,
        thirdParty: party.identity,
        timestamp: readForwardMessage(forward.bytes).timestamp,
        envelopeKey: forward.envelopeKey,
      },
      confirmation,
    ),
  ],
  ["TP_I", createShareVerification(primitives, session, party.identity, psks[1], confirmation)],
]);

/** The same exchange under the suite of sensors with a gateway: its bundle, and R_I as the sensor gets it. */
const small = { ...policy, suite: BUNDLE_SUITE } as const;
const smallSession = createSession(primitives, small, responder, counting(0xc0, 8), 7);
const weights = weightMatrix(sharingOf(small));
const smallMessages = createShareMessages(primitives, smallSession, psks, weights, tgk);
const smallConfirmation = createShareVerification(
  primitives,
  smallSession,
  party.identity,
  psks[1],
  createConfirmation(primitives, smallSession, tgk, freshness),
);
const bundle = createBundle(smallSession, counting(0xc0, 8), smallMessages, 0x0102, [responder]);
const bundledConfirmation = compressConfirmation(smallConfirmation) as Uint8Array;

/** [bytes, what they are] of the bundle, in order. */
const bundleFields: readonly (readonly [number, string])[] = [
  [1, "profile"],
  [2, "sensor handle"],
  [1, "Responder: the first of the enrolment"],
  [8, "N"],
  [4, "T"],
  [8, "check value"],
  [16, "share of party-02, encrypted"],
  [16, "share of party-03, encrypted"],
  [8, "tag of I_TP to party-01"],
  [8, "tag of I_TP to party-02"],
  [8, "tag of I_TP to party-03"],
];
const confirmationFields: readonly (readonly [number, string])[] = [
  [4, "OSCORE sender ID"],
  [8, "the Responder's nonce"],
  [8, "V"],
];

/** Bytes field by field, one line each: offset, bytes, what they are. */
function plainListing(bytes: Uint8Array, fields: readonly (readonly [number, string])[]): string {
  let offset = 0;
  const lines = fields.map(([size, what]) => {
    const hex = toHex(bytes.subarray(offset, offset + size));
    const line = `${`${offset}`.padStart(4)}  ${hex.padEnd(2 * SHOWN + 4)}  ${what}`;
    offset += size;
    return line;
  });
  if (offset !== bytes.length)
    throw new RangeError(`listing: ${offset} of ${bytes.length} bytes have a name`);
  return lines.join("\n");
}

const keys = channelKeys(primitives, session, tgk);
const secrets = confirmedSecrets(primitives, keys, freshness);
/** The example's first reading, and what is sent for it under either context with number 0. */
const reading = encodeReading([{ name: "temperature", unit: "Cel", value: 367, decimals: 1 }]);
const sealed = (context: SecurityContext) =>
  toHex(
    protectRequest(primitives, context, 0, {
      code: Codes.POST,
      options: [
        { number: OptionNumbers.uriPath, value: ascii(READINGS_PATH) },
        { number: OptionNumbers.contentFormat, value: encodeUint(SENML_CBOR) },
      ],
      payload: reading,
    }).message.payload,
  );

/** A request for the interval, as it waits in the mailbox; and what the sensor answers, before it is protected. */
const asked = protectRequest(
  primitives,
  confirmedContext(primitives, "responder", secrets),
  1,
  createSensorRequest({ kind: "interval" }, 64),
).message;
const [{ value: askedOption }] = asked.options;
const request = carriedRequest(askedOption, asked.payload);
const requestFields: readonly (readonly [number, string])[] = [
  [1, "kind: a request"],
  [1, "length"],
  [askedOption.length, "OSCORE option: Partial IV 01, kid 02"],
  [asked.payload.length, "GET /interval?n=64, encrypted, and tag"],
];
const answer = encodeSensorAnswer({ number: 1, code: Codes.content, payload: ascii("60") });
const answerFields: readonly (readonly [number, string])[] = [
  [5, "number of the request"],
  [1, "2.05"],
  [2, "60"],
];

/** A trigger for the exchange after this one, for which the first and the last third party vouch. */
const claim = { sensor: policy.sensor, responder, t: session.t + 1, nonce: counting(0xd0, 8) };
const vouchers = [1, 3].map((x) => ({
  x,
  tag: triggerTag(primitives, nextPsk(primitives, psks[x - 1]), claim),
}));
const trigger = encodeTrigger(claim, vouchers, [responder]);
const triggerFields: readonly (readonly [number, string])[] = [
  [1, "Responder: the first of the enrolment"],
  [8, "nonce"],
  [4, "T"],
  [1, "x of party-01"],
  [8, "its tag"],
  [1, "x of party-03"],
  [8, "its tag"],
];

/** What a gateway carries, by name, as the page lists it. */
export const bundleListings: ReadonlyMap<string, { readonly bytes: number; readonly listing: string }> =
  new Map([
    ["the bundle", { bytes: bundle.length, listing: plainListing(bundle, bundleFields) }],
    [
      "R_I through a gateway",
      { bytes: bundledConfirmation.length, listing: plainListing(bundledConfirmation, confirmationFields) },
    ],
    ["a request", { bytes: request.length, listing: plainListing(request, requestFields) }],
    ["an answer", { bytes: answer.length, listing: plainListing(answer, answerFields) }],
    ["a trigger", { bytes: trigger.length, listing: plainListing(trigger, triggerFields) }],
  ]);

/** What else the page states of the example. */
/** The bundle once more, under a linking key of bytes 0 … 15. */
const hidden = withPseudonym(primitives, bundle, counting(0, 16), smallSession.t);

export const facts = {
  tek: toHex(keys.tek),
  salt: toHex(keys.salt),
  masterSecret: toHex(secrets.masterSecret),
  reading: toHex(reading),
  provisional: sealed(provisionalContext(primitives, "sensor", session, keys)),
  confirmed: sealed(confirmedContext(primitives, "sensor", secrets)),
  checkValue: toHex(checkValue(primitives, session, tgk, [derivedShare(primitives, session, psks[0])])),
  rand: toHex(session.rand),
  pseudonymBegin: `begins\nwith ${toHex(hidden.subarray(0, 3))} instead of ${toHex(bundle.subarray(0, 3))}`,
  pseudonymEnd: `has ${toHex(hidden.subarray(12, 16))} in the place of its T`,
  derivedShareConstant: `0x${DERIVED_SHARE_CONSTANT.toString(16).toUpperCase()}`,
};

/** A message field by field, one line each: offset, bytes, and at its first field the payload's name. */
export function listing(message: Uint8Array): string {
  const fields: Field[] = [];
  decodeMessage(message, (field) => fields.push(field));
  const lines: string[] = [];
  for (const { payload, name, offset, size } of fields) {
    // Two fields in one byte share a line.
    if (size === 0) lines[lines.length - 1] += `, ${name}`;
    else {
      const bytes = message.subarray(offset, offset + size);
      const hex = size > SHOWN ? `${toHex(bytes.subarray(0, SHOWN - 2))}… (${size})` : toHex(bytes);
      const begins = offset === 0 || (payload !== "HDR" && name === "next payload") || name === "S type";
      const title = begins ? payload : "";
      lines.push(`${`${offset}`.padStart(4)}  ${hex.padEnd(2 * SHOWN + 4)}  ${title.padEnd(18)}${name}`);
    }
  }
  return lines.join("\n");
}
