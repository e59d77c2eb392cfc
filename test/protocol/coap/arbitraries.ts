/** CoAP messages at random, for properties. */

import fc from "fast-check";
import type { Message } from "../../../protocol/coap/message.js";
import type { Type } from "../../../protocol/coap/numbers.js";

/** Plain Uint8Arrays of `min` to `max` bytes. */
export function bytes(min: number, max: number): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.nat({ max: 255 }), { minLength: min, maxLength: max })
    .map((list) => Uint8Array.from(list));
}

/** Lengths on both sides of every step of the option encoding. */
const lengths = fc.oneof(fc.nat({ max: 14 }), fc.constantFrom(12, 13, 14, 268, 269, 270, 600));
const numbers = fc.oneof(
  fc.nat({ max: 40 }),
  fc.constantFrom(281, 282, 283, 300, 65535),
  fc.nat({ max: 65535 }),
);

const options = fc
  .array(
    fc.record(
      { number: numbers, value: lengths.chain((length) => bytes(length, length)) },
      { noNullPrototype: true },
    ),
    { maxLength: 8 },
  )
  .map((list) => list.slice().sort((a, b) => a.number - b.number));

/** Any message but an Empty one, within all limits. */
export function messages(): fc.Arbitrary<Message> {
  return fc.record(
    {
      type: fc.nat({ max: 3 }).map((type) => type as Type),
      code: fc.integer({ min: 1, max: 255 }),
      messageId: fc.nat({ max: 0xffff }),
      token: bytes(0, 8),
      options,
      payload: bytes(0, 40),
    },
    { noNullPrototype: true },
  );
}
