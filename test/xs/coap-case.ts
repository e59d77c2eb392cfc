/** What the C of firmware/native/coap and its reference are compared by: inputs as JSON, byte strings in hex. */

import type { Message } from "../../protocol/coap/message.js";
import type { Type } from "../../protocol/coap/numbers.js";

/** A datagram to read; or a message to write, whose numbers may be any. */
export type CoapCase =
  | { readonly datagram: string }
  | {
      readonly type: number;
      readonly code: number;
      readonly messageId: number;
      readonly token: string;
      readonly options: readonly (readonly [number: number, value: string])[];
      readonly payload: string;
    };

/** protocol/coap/message.ts, or what stands in its place. */
type Codec = Pick<
  typeof import("../../protocol/coap/message.js"),
  "decodeMessage" | "encodeMessage" | "encodeReset" | "encodeEmpty"
>;
/** protocol/bytes.ts. */
type Hex = Pick<typeof import("../../protocol/bytes.js"), "fromHex" | "toHex">;

/** All that a codec says of a case, errors included. */
export function answer(codec: Codec, { fromHex, toHex }: Hex, given: CoapCase): unknown {
  const attempt = (call: () => unknown): unknown => {
    try {
      return call() ?? null;
    } catch (error) {
      const { name, message } = error as Error;
      return { name, message };
    }
  };
  const orHex = (bytes: Uint8Array | undefined) => bytes && toHex(bytes);
  const shown = (message: Message | undefined) =>
    message && {
      type: message.type,
      code: message.code,
      messageId: message.messageId,
      token: toHex(message.token),
      options: message.options.map(({ number, value }) => [number, toHex(value)]),
      payload: toHex(message.payload),
    };

  if ("datagram" in given) {
    // Behind other bytes, as a view: whoever forgets where it begins reads those.
    const datagram = fromHex(`ffff${given.datagram}ff`).subarray(2, -1);
    return {
      message: attempt(() => shown(codec.decodeMessage(datagram))),
      again: attempt(() => {
        const message = codec.decodeMessage(datagram);
        return message && toHex(codec.encodeMessage(message));
      }),
      reset: attempt(() => orHex(codec.encodeReset(datagram))),
    };
  }
  const { type, code, messageId } = given;
  return {
    message: attempt(() =>
      toHex(
        codec.encodeMessage({
          type: type as Type,
          code,
          messageId,
          token: fromHex(given.token),
          options: given.options.map(([number, value]) => ({ number, value: fromHex(value) })),
          payload: fromHex(given.payload),
        }),
      ),
    ),
  };
}
