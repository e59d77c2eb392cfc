/**
 * A CoAP message in two parts (RFC 8613 §4): what goes into the ciphertext, and what proxies see. Code, Class E
 * options and payload are protected; type, message ID and token are the message layer's and are not.
 */

import { concat } from "../bytes.js";
import { decodeMessage, encodeMessage } from "../coap/message.js";
import { Codes, isRequest, OptionNumbers, Types, VERSION } from "../coap/numbers.js";
import type { Option } from "../coap/options.js";
import { OscoreError } from "./errors.js";

/** A CoAP message without its message layer. */
export interface CoapContent {
  readonly code: number;
  /** In ascending order of number. */
  readonly options: readonly Option[];
  readonly payload: Uint8Array;
}

/** Class U: for proxies (§4.1.2; RFC 8768). Every other option is Class E, unknown ones too (§4.1). */
const unprotected: readonly number[] = [
  OptionNumbers.uriHost,
  OptionNumbers.uriPort,
  OptionNumbers.oscore,
  OptionNumbers.hopLimit,
  OptionNumbers.proxyScheme,
];

/** Options that need more than a class (§4.1.3); nothing here uses them. */
const unsupported: readonly number[] = [OptionNumbers.observe, OptionNumbers.proxyUri];

const TOKEN_LENGTH = 0;
const HEADER_LENGTH = 4;
const noToken = new Uint8Array(0);

export function isClassU({ number }: Option): boolean {
  return unprotected.includes(number);
}

/** The plaintext: inner code, Class E options, payload (§5.3). Throws a RangeError for an option it can't hold. */
export function encodePlaintext({ code, options, payload }: CoapContent): Uint8Array {
  for (const { number } of options) {
    if (number === OptionNumbers.oscore || unsupported.includes(number))
      throw new RangeError(`option ${number}: can't be protected here`);
  }
  const inner = options.filter((option) => !isClassU(option));
  // A CoAP message without token is a header of four bytes, then the same options and payload.
  const message = encodeMessage({
    type: Types.NON,
    code,
    messageId: 0,
    token: noToken,
    options: inner,
    payload,
  });
  const plaintext = message.subarray(HEADER_LENGTH - 1);
  plaintext[0] = code;
  return plaintext;
}

/** Reads a plaintext. Throws an OscoreError when it is no request, or no response, as is expected. */
export function decodePlaintext(plaintext: Uint8Array, expected: "request" | "response"): CoapContent {
  const code = plaintext[0] ?? Codes.empty;
  const header = Uint8Array.of((VERSION << 6) | (Types.NON << 4) | TOKEN_LENGTH, code, 0, 0);
  let content: CoapContent | undefined;
  try {
    content = decodeMessage(concat(header, plaintext.subarray(1)));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (content === undefined || code === Codes.empty || isRequest(code) !== (expected === "request")) {
    throw new OscoreError("decode", `the plaintext is no ${expected}`);
  }
  if (content.options.some((option) => isClassU(option))) {
    throw new OscoreError("decode", "an option for proxies is in the plaintext");
  }
  return { code, options: content.options, payload: content.payload };
}

/** The message around a ciphertext: the code that hides the inner one, Class U options, the OSCORE option. */
export function outerMessage(
  code: number,
  { options }: CoapContent,
  value: Uint8Array,
  ciphertext: Uint8Array,
): CoapContent {
  return {
    code,
    options: merge(options.filter(isClassU), [{ number: OptionNumbers.oscore, value }]),
    payload: ciphertext,
  };
}

/** What was protected, with the Class U options of the message around it; its Class E options are discarded (§8.2). */
export function unwrapped(inner: CoapContent, outer: CoapContent): CoapContent {
  const visible = outer.options.filter(
    (option) => isClassU(option) && option.number !== OptionNumbers.oscore,
  );
  return { ...inner, options: merge(inner.options, visible) };
}

/** Two lists in ascending order as one. */
function merge(a: readonly Option[], b: readonly Option[]): Option[] {
  const merged: Option[] = [];
  let next = 0;
  for (const option of a) {
    while (next < b.length && b[next].number < option.number) merged.push(b[next++]);
    merged.push(option);
  }
  while (next < b.length) merged.push(b[next++]);
  return merged;
}
