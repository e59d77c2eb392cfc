/** The messages of an exchange and of a reading, in bytes of CoAP, both directions, as the codec writes them. */

import { encodeEmpty, encodeMessage } from "../../../protocol/coap/message.js";
import { Codes, OptionNumbers, Types } from "../../../protocol/coap/numbers.js";
import { encodeUint } from "../../../protocol/coap/options.js";
import { BUNDLE_PATH, createBundle, TAG_LENGTH } from "../../../protocol/exchange/bundle.js";
import { type Policy, sharingOf } from "../../../protocol/exchange/policy.js";
import { NONCE_LENGTH, RESPONDER_NONCE_LENGTH } from "../../../protocol/exchange/profile.js";
import { createSession } from "../../../protocol/exchange/session.js";
import { createShareMessages } from "../../../protocol/exchange/share-message.js";
import { identityFromText } from "../../../protocol/mikey/identity.js";
import { secretLength } from "../../../protocol/shares/points.js";
import { weightMatrix } from "../../../protocol/shares/weights.js";
import { limitsOf } from "../../doctor/limits.js";
import { primitives } from "../../primitives.js";

/** A message on the board's link. */
export interface Wire {
  readonly name: string;
  readonly out: boolean;
  /** Of CoAP, its header and options included; of the message in it. */
  readonly bytes: number;
  readonly message: number;
}

/** How the exchange travels: an I_TP to each third party, or one bundle to a gateway. */
export type Form = "messages" | "bundle";

const TOKEN = new Uint8Array(4);
const SENDER_ID = 4;
const MIKEY = 65_000;
const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** As k of n, t = k − 1, with identities of eight bytes. */
export function exchangeMessages(threshold: number, thirdParties: number, form: Form): Wire[] {
  const suite = form === "bundle" ? "aes-ccm-128-8" : "aes-ccm-128";
  const policy: Policy = {
    sensor: identity(0),
    threshold,
    privacy: threshold - 1,
    suite,
    thirdParties: Array.from({ length: thirdParties }, (_, i) => identity(i + 1)),
  };
  if (form === "bundle") {
    const bundle = bundleOf(policy);
    const answer = SENDER_ID + RESPONDER_NONCE_LENGTH + TAG_LENGTH;
    return [
      { name: "bundle", out: true, bytes: request(BUNDLE_PATH, bundle.length), message: bundle.length },
      acknowledgement(false),
      { name: "R_I", out: false, bytes: response(answer), message: answer },
      acknowledgement(true),
    ];
  }
  const { bytes } = limitsOf(policy);
  return policy.thirdParties.flatMap(() => [
    { name: "I_TP", out: true, bytes: request("mikey", bytes.I_TP), message: bytes.I_TP },
    acknowledgement(false),
    { name: "TP_I", out: false, bytes: response(bytes.TP_I), message: bytes.TP_I },
    acknowledgement(true),
  ]);
}

/** One reading of so many bytes under OSCORE, and its receipt. */
export function readingMessages(payload: number): Wire[] {
  // What OSCORE adds by draft-ietf-iotops-security-protocol-comparison; the reading's path is inside.
  const OSCORE_REQUEST = 13;
  const OSCORE_RESPONSE = 11;
  const header = 4 + TOKEN.length;
  return [
    { name: "reading", out: true, bytes: header + 1 + payload + OSCORE_REQUEST, message: payload },
    { name: "receipt", out: false, bytes: header + 1 + OSCORE_RESPONSE, message: 0 },
  ];
}

function acknowledgement(out: boolean): Wire {
  return { name: "acknowledgement", out, bytes: encodeEmpty(Types.ACK, 0).length, message: 0 };
}

function identity(i: number) {
  return identityFromText(`0x${i.toString(16).padStart(16, "0")}`);
}

function bundleOf(policy: Policy): Uint8Array {
  const [responder] = policy.thirdParties;
  const nonce = new Uint8Array(NONCE_LENGTH);
  const session = createSession(primitives, policy, responder, nonce, 1);
  const sharing = sharingOf(policy);
  const psks = policy.thirdParties.map(() => new Uint8Array(16));
  const tgk = new Uint8Array(secretLength(sharing));
  const messages = createShareMessages(primitives, session, psks, weightMatrix(sharing), tgk);
  return createBundle(session, nonce, messages, 0x0102, [responder]);
}

function request(path: string, payload: number): number {
  return encodeMessage({
    type: Types.CON,
    code: Codes.POST,
    messageId: 1,
    token: TOKEN,
    options: [
      { number: OptionNumbers.uriPath, value: ascii(path) },
      ...(path === BUNDLE_PATH ? [] : [{ number: OptionNumbers.contentFormat, value: encodeUint(MIKEY) }]),
    ],
    payload: new Uint8Array(payload),
  }).length;
}

function response(payload: number): number {
  const options = payload > 100 ? [{ number: OptionNumbers.contentFormat, value: encodeUint(MIKEY) }] : [];
  const message = { type: Types.CON, code: Codes.changed, messageId: 1, token: TOKEN, options };
  return encodeMessage({ ...message, payload: new Uint8Array(payload) }).length;
}
