/** Contexts and messages for tests of OSCORE. */

import { fromHex } from "../../../protocol/bytes.js";
import { decodeMessage, encodeMessage, type Message } from "../../../protocol/coap/message.js";
import { type ContextInput, deriveContext, type SecurityContext } from "../../../protocol/oscore/context.js";
import type { CoapContent } from "../../../protocol/oscore/message.js";
import { primitives } from "../../support/primitives.js";
import { type ContextName, contexts } from "./vectors.js";

/** The input of appendix C.1 to C.3, as the client or as the server has it. */
export function inputOf(name: ContextName, role: "client" | "server"): ContextInput {
  const { senderId, recipientId, ...rest } = contexts[name].input;
  const own = role === "client" ? senderId : recipientId;
  const peers = role === "client" ? recipientId : senderId;
  return {
    masterSecret: fromHex(rest.masterSecret),
    ...("masterSalt" in rest && { masterSalt: fromHex(rest.masterSalt) }),
    ...("idContext" in rest && { idContext: fromHex(rest.idContext) }),
    senderId: fromHex(own),
    recipientId: fromHex(peers),
  };
}

export function contextOf(name: ContextName, role: "client" | "server"): SecurityContext {
  return deriveContext(primitives, inputOf(name, role));
}

export function parse(hex: string): Message {
  return decodeMessage(fromHex(hex)) as Message;
}

/** A message with the message layer of another one around it. */
export function datagram({ type, messageId, token }: Message, content: CoapContent): Uint8Array {
  return encodeMessage({ type, messageId, token, ...content });
}

export const contentOf = ({ code, options, payload }: CoapContent): CoapContent => ({
  code,
  options: options.map(({ number, value }) => ({ number, value: value.slice() })),
  payload: payload.slice(),
});
