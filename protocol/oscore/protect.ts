/**
 * Protecting CoAP messages with OSCORE, and the reverse (RFC 8613 §8). Sequence numbers come from a
 * SenderSequence, their replay is a ReplayWindow's to find: these functions keep nothing.
 */

import { readUint } from "../bytes.js";
import { Codes, codeClass, isRequest, OptionNumbers } from "../coap/numbers.js";
import type { Primitives } from "../primitives.js";
import { additionalData, aeadNonce, partialIv, type SecurityContext, TAG_LENGTH } from "./context.js";
import { OscoreError } from "./errors.js";
import { type CoapContent, decodePlaintext, encodePlaintext, outerMessage, unwrapped } from "./message.js";
import { decodeOscoreOption, encodeOscoreOption, type OscoreOption } from "./option.js";

/** What binds a response to its request (§5.4). */
export interface RequestBinding {
  readonly kid: Uint8Array;
  readonly piv: Uint8Array;
}

/** What a protected request says of itself, unproven. */
export interface RequestHeader extends RequestBinding {
  readonly kidContext: Uint8Array | undefined;
  readonly sequenceNumber: number;
}

/** Protects a request (§8.1) under a sequence number that no other message of this context has. */
export function protectRequest(
  primitives: Primitives,
  context: SecurityContext,
  sequenceNumber: number,
  request: CoapContent,
): { readonly message: CoapContent; readonly binding: RequestBinding } {
  const { senderId: kid, senderKey, idContext } = context;
  const piv = partialIv(sequenceNumber);
  const plaintext = encodePlaintext(request);
  const nonce = aeadNonce(context, kid, piv);
  const sealed = primitives.ccmSeal(senderKey, nonce, additionalData(kid, piv), plaintext, TAG_LENGTH);
  const value = encodeOscoreOption({ piv, kid, ...(idContext !== undefined && { kidContext: idContext }) });
  return { message: outerMessage(Codes.POST, request, value, sealed), binding: { kid, piv } };
}

/** Whether a message bears the OSCORE option. */
export function isProtected({ options }: Pick<CoapContent, "options">): boolean {
  return options.some(({ number }) => number === OptionNumbers.oscore);
}

/** Reads which context a request wants, and its sequence number (§8.2 step 2). Throws an OscoreError. */
export function readRequestHeader(message: CoapContent): RequestHeader {
  const { piv, kid, kidContext } = readOption(message);
  if (piv === undefined || kid === undefined) {
    throw new OscoreError("decode", "a request needs a Partial IV and a kid");
  }
  return { piv, kid, kidContext, sequenceNumber: readUint(piv, 0, piv.length) };
}

/** Opens a request of the context's peer (§8.2 steps 4 to 7). Throws an OscoreError. */
export function unprotectRequest(
  primitives: Primitives,
  context: SecurityContext,
  { kid, piv }: RequestBinding,
  message: CoapContent,
): CoapContent {
  const nonce = aeadNonce(context, kid, piv);
  const plaintext = open(primitives, context, nonce, { kid, piv }, message);
  return unwrapped(decodePlaintext(plaintext, "request"), message);
}

/**
 * Protects a response (§8.3): under a sequence number of its own, or without one under the request's nonce. Of the
 * latter there may be one for each request, ever, on this end.
 */
export function protectResponse(
  primitives: Primitives,
  context: SecurityContext,
  binding: RequestBinding,
  response: CoapContent,
  sequenceNumber?: number,
): CoapContent {
  const { senderId, senderKey } = context;
  const piv = sequenceNumber === undefined ? undefined : partialIv(sequenceNumber);
  const nonce =
    piv === undefined ? aeadNonce(context, binding.kid, binding.piv) : aeadNonce(context, senderId, piv);
  const aad = additionalData(binding.kid, binding.piv);
  const sealed = primitives.ccmSeal(senderKey, nonce, aad, encodePlaintext(response), TAG_LENGTH);
  const value = encodeOscoreOption(piv === undefined ? {} : { piv });
  return outerMessage(Codes.changed, response, value, sealed);
}

/** Opens the response to a request of ours (§8.4); the caller takes one for each. Throws an OscoreError. */
export function unprotectResponse(
  primitives: Primitives,
  context: SecurityContext,
  binding: RequestBinding,
  message: CoapContent,
): CoapContent {
  const { piv } = readOption(message);
  const { kid, piv: requestPiv } = binding;
  const nonce =
    piv === undefined ? aeadNonce(context, kid, requestPiv) : aeadNonce(context, context.recipientId, piv);
  const plaintext = open(primitives, context, nonce, binding, message);
  return unwrapped(decodePlaintext(plaintext, "response"), message);
}

function open(
  primitives: Primitives,
  { recipientKey }: SecurityContext,
  nonce: Uint8Array,
  { kid, piv }: RequestBinding,
  { payload }: CoapContent,
): Uint8Array {
  const plaintext = primitives.ccmOpen(recipientKey, nonce, additionalData(kid, piv), payload, TAG_LENGTH);
  if (plaintext === undefined) throw new OscoreError("decryption", "the tag does not hold");
  return plaintext;
}

/** The one OSCORE option of a message, which has a payload then (§2). */
function readOption({ options, payload, code }: CoapContent): OscoreOption {
  const values = options.filter(({ number }) => number === OptionNumbers.oscore);
  if (values.length !== 1)
    throw new OscoreError("decode", `expected one OSCORE option, got ${values.length}`);
  if (payload.length === 0) throw new OscoreError("decode", "a protected message has a payload");
  if (!isRequest(code) && codeClass(code) !== 2) {
    throw new OscoreError("decode", "no protected message has this code");
  }
  return decodeOscoreOption(values[0].value);
}
