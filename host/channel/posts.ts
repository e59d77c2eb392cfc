/** What sensors post to the Responder within OSCORE: POST /r, readings; POST /a, answers to its requests. */

import { toHex } from "../../protocol/bytes.js";
import { Codes, ContentFormats, OptionNumbers } from "../../protocol/coap/numbers.js";
import { encodeUint, findOption } from "../../protocol/coap/options.js";
import { READINGS_PATH, SENML_CBOR } from "../../protocol/exchange/readings.js";
import {
  ANSWERS_PATH,
  decodeSensorAnswer,
  type SensorAnswer,
} from "../../protocol/exchange/sensor-requests.js";
import type { CoapContent } from "../../protocol/oscore/message.js";
import { bare } from "../coap/answer.js";
import { decodeSenml, type SenmlRecord } from "./senml.js";

/** An opened request: the response to it, and what it has brought. */
export interface Post {
  readonly response: CoapContent;
  readonly records?: readonly SenmlRecord[];
  readonly answer?: SensorAnswer;
}

/** The resources by path: their Content-Format, and what reads the payload. That throws a SyntaxError. */
const resources: Readonly<
  Record<string, { format: number; read(payload: Uint8Array): Omit<Post, "response"> }>
> = {
  [READINGS_PATH]: { format: SENML_CBOR, read: (payload) => ({ records: decodeSenml(payload) }) },
  [ANSWERS_PATH]: {
    format: ContentFormats.octetStream,
    read: (payload) => ({ answer: decodeSensorAnswer(payload) }),
  },
};

/** Reads a request; what is no good post brings nothing. */
export function readPost({ code, options, payload }: CoapContent): Post {
  const path = options.filter(({ number }) => number === OptionNumbers.uriPath);
  const name = path.length === 1 ? Buffer.from(path[0].value).toString("latin1") : "";
  if (!Object.hasOwn(resources, name)) return { response: bare(Codes.notFound) };
  if (code !== Codes.POST) return { response: bare(Codes.methodNotAllowed) };
  const { format, read } = resources[name];
  const given = findOption(options, OptionNumbers.contentFormat);
  if (given === undefined || toHex(given) !== toHex(encodeUint(format)))
    return { response: bare(Codes.unsupportedContentFormat) };
  try {
    return { ...read(payload), response: bare(Codes.changed) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { response: bare(Codes.badRequest) };
  }
}
